// Child processes whose output is read.
#ifndef PILLION_PROCESS_H
#define PILLION_PROCESS_H

#include <sys/types.h>

// A pipe: both ends close-on-exec, the reading end non-blocking. 0, or -1.
int pillion_output_pipe(int *reading, int *writing);
// Starts a program, found in PATH, in a process group of its own: no input, no other descriptor, and
// the signals as a new process has them. `error` of -1 lets it have ours. 0, or an error number.
int pillion_spawn(char *const arguments[], int output, int error, pid_t *process);
// Whether the process has ended: 1 with its status, 0 while it runs, -1 where nobody knows.
int pillion_reap(pid_t process, int *code, int *signal);

#endif
