// Linux system calls that Swift's Glibc module does not show, as plain functions.
#ifndef PILLION_LINUX_H
#define PILLION_LINUX_H

#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct pillion_event {
    uint32_t events;
    uint64_t key;
};

enum {
    PILLION_IN = 0x001,
    PILLION_OUT = 0x004,
    PILLION_ERROR = 0x008,
    PILLION_HANGUP = 0x010,
    PILLION_READ_HANGUP = 0x2000,
};

int pillion_epoll_create(void);
// `edges`: both directions, edge-triggered; otherwise readability, level-triggered.
int pillion_epoll_add(int epoll, int descriptor, uint64_t key, int edges);
// `events`: PILLION_IN and PILLION_OUT, level-triggered.
int pillion_epoll_modify(int epoll, int descriptor, uint64_t key, int events);
int pillion_epoll_remove(int epoll, int descriptor);
int pillion_epoll_wait(int epoll, struct pillion_event *events, int count, int milliseconds);
int pillion_eventfd(void);
// Non-blocking, close-on-exec.
int pillion_socket(int family);
int pillion_datagram_socket(int family);
// Bytes that were written to a TCP socket and that the peer has not acknowledged; -1: errno says why.
int pillion_unacknowledged(int descriptor);
// Reads one datagram. `is_cut`: its end had no room. `lost` is set to the number that the kernel has
// dropped since the socket was made, where it says so.
ssize_t pillion_receive_datagram(int descriptor, void *bytes, size_t count,
                                 struct sockaddr *address, socklen_t *length, int *is_cut,
                                 uint32_t *lost);
int pillion_count_lost_datagrams(int descriptor);
int pillion_accept(int descriptor, struct sockaddr *address, socklen_t *length);
// Sends both runs in one call, without SIGPIPE.
ssize_t pillion_send2(int descriptor, const void *first, size_t first_count,
                      const void *second, size_t second_count);
ssize_t pillion_send(int descriptor, const void *bytes, size_t count);
// Makes a non-blocking signal descriptor for the signals, and blocks them in this thread.
int pillion_signalfd(const int *signals, int count);

// Names the calling thread; 15 bytes are shown.
void pillion_name_thread(const char *name);
// The CPUs that this process may be scheduled on.
int pillion_cpu_count(void);
// Raises RLIMIT_NOFILE's soft limit to the hard one, at most a million; returns the soft limit.
long pillion_raise_descriptor_limit(void);
int64_t pillion_monotonic_microseconds(void);
int64_t pillion_realtime_microseconds(void);
// 0, or -1 where the time ran out.
int pillion_sem_wait(sem_t *semaphore, int64_t milliseconds);
// Gives back the pages of the program's code and constants; those still needed come back from the
// page cache. What was used to start is most of it.
void pillion_release_code_pages(void);
// Gives free memory of the heap back to the system.
void pillion_trim_heap(void);

#endif
