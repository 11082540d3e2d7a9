// Descriptors over Unix sockets, who is at the other end, and the end of a process.
#ifndef PILLION_TAKEOVER_H
#define PILLION_TAKEOVER_H

#include <stddef.h>
#include <sys/types.h>

// A Unix socket that keeps the boundaries of messages; non-blocking, close-on-exec.
int pillion_packet_socket(void);
// Sends one message with descriptors (at most 253), without SIGPIPE.
ssize_t pillion_send_descriptors(int socket, const void *bytes, size_t count,
                                 const int *descriptors, int descriptor_count);
// Receives one message. `descriptor_count` goes in as the room and comes out as what came; those are
// close-on-exec. What has no room is closed, and `is_cut` says so, as it does of missing bytes.
ssize_t pillion_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors,
                                    int *descriptor_count, int *is_cut);
// Who connected, or who listens: 0, or -1 where the kernel does not say.
int pillion_peer(int socket, uid_t *user, pid_t *process);
// A descriptor that becomes readable when the process ends; close-on-exec.
int pillion_open_process(pid_t process);

#endif
