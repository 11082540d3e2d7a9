#define _GNU_SOURCE
#include "pillion_linux.h"

#include <malloc.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(PILLION_IN == EPOLLIN && PILLION_OUT == EPOLLOUT, "the kernel's values");
_Static_assert(PILLION_ERROR == EPOLLERR && PILLION_HANGUP == EPOLLHUP, "the kernel's values");
_Static_assert(PILLION_READ_HANGUP == EPOLLRDHUP, "the kernel's values");

int pillion_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int pillion_epoll_add(int epoll, int descriptor, uint64_t key, int edges) {
    struct epoll_event event = {0};
    event.events = edges ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
    event.data.u64 = key;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int pillion_epoll_modify(int epoll, int descriptor, uint64_t key, int events) {
    struct epoll_event event = {0};
    event.events = (uint32_t)events;
    event.data.u64 = key;
    return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

int pillion_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0);
}

int pillion_epoll_wait(int epoll, struct pillion_event *events, int count, int milliseconds) {
    struct epoll_event native[256];
    if (count > 256) count = 256;
    int found = epoll_wait(epoll, native, count, milliseconds);
    for (int i = 0; i < found; i++) {
        events[i].events = native[i].events;
        events[i].key = native[i].data.u64;
    }
    return found;
}

int pillion_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int pillion_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int pillion_unacknowledged(int descriptor) {
    int count = 0;
    return ioctl(descriptor, TIOCOUTQ, &count) == 0 ? count : -1;
}

int pillion_datagram_socket(int family) {
    return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

ssize_t pillion_receive_datagram(int descriptor, void *bytes, size_t count,
                                 struct sockaddr *address, socklen_t *length, int *is_cut,
                                 uint32_t *lost) {
    union {
        char bytes[CMSG_SPACE(sizeof(uint32_t))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {bytes, count};
    struct msghdr message = {0};
    message.msg_name = address;
    message.msg_namelen = *length;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t got = recvmsg(descriptor, &message, 0);
    if (got < 0) return got;
    *length = message.msg_namelen;
    *is_cut = (message.msg_flags & MSG_TRUNC) != 0;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != 0 && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SO_RXQ_OVFL)
        memcpy(lost, CMSG_DATA(head), sizeof *lost);
    return got;
}

int pillion_count_lost_datagrams(int descriptor) {
    int on = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
}

int pillion_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    return accept4(descriptor, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

ssize_t pillion_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL);
}

ssize_t pillion_send2(int descriptor, const void *first, size_t first_count,
                      const void *second, size_t second_count) {
    struct iovec parts[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    struct msghdr message = {0};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

int pillion_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (pthread_sigmask(SIG_BLOCK, &set, 0) != 0) return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

void pillion_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int pillion_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return CPU_COUNT(&set);
}

long pillion_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    rlim_t wanted = limit.rlim_max > 1000000 ? 1000000 : limit.rlim_max;
    if (wanted > limit.rlim_cur) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
    }
    return (long)limit.rlim_cur;
}

static int64_t microseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t pillion_monotonic_microseconds(void) { return microseconds(CLOCK_MONOTONIC); }

int64_t pillion_realtime_microseconds(void) { return microseconds(CLOCK_REALTIME); }

int pillion_sem_wait(sem_t *semaphore, int64_t milliseconds) {
    int64_t end = pillion_realtime_microseconds() + milliseconds * 1000;
    struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
    int result;
    do {
        result = sem_timedwait(semaphore, &until);
    } while (result != 0 && errno == EINTR);
    return result;
}

// Only of the program itself (the first object), and only what is never written.
static int release_object(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 1;
}

void pillion_release_code_pages(void) { dl_iterate_phdr(release_object, 0); }

void pillion_trim_heap(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
