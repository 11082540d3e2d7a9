#define _GNU_SOURCE
#include "pillion_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int pillion_output_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    int flags = fcntl(ends[0], F_GETFL);
    if (flags < 0 || fcntl(ends[0], F_SETFL, flags | O_NONBLOCK) != 0) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (code == 0) code = posix_spawnattr_setsigdefault(attributes, &all);
    if (code == 0) code = posix_spawnattr_setpgroup(attributes, 0);
    if (code != 0) return code;
    return posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int set_files(posix_spawn_file_actions_t *files, int output, int error) {
    int code = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (code == 0) code = posix_spawn_file_actions_adddup2(files, output, 1);
    if (code == 0 && error >= 0) code = posix_spawn_file_actions_adddup2(files, error, 2);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // Ours are close-on-exec; this is for those that we were started with.
    if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(files, 3);
#endif
    return code;
}

int pillion_spawn(char *const arguments[], int output, int error, pid_t *process) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    int code = posix_spawnattr_init(&attributes);
    if (code != 0) return code;
    code = posix_spawn_file_actions_init(&files);
    if (code == 0) {
        code = set_attributes(&attributes);
        if (code == 0) code = set_files(&files, output, error);
        if (code == 0) {
            code = posix_spawnp(process, arguments[0], &files, &attributes, arguments, environ);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return code;
}

int pillion_reap(pid_t process, int *code, int *signal) {
    int status = 0;
    *code = 0;
    *signal = 0;
    for (;;) {
        pid_t found = waitpid(process, &status, WNOHANG);
        if (found == 0) return 0;
        if (found == process) break;
        if (errno != EINTR) return -1;
    }
    if (WIFSIGNALED(status)) {
        *signal = WTERMSIG(status);
    } else {
        *code = WEXITSTATUS(status);
    }
    return 1;
}
