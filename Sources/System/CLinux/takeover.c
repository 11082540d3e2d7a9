#define _GNU_SOURCE
#include "pillion_takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// The kernel's SCM_MAX_FD.
enum { DESCRIPTORS_MAX = 253 };

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int pillion_packet_socket(void) {
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

ssize_t pillion_send_descriptors(int socket, const void *bytes, size_t count,
                                 const int *descriptors, int descriptor_count) {
    if (descriptor_count < 0 || descriptor_count > DESCRIPTORS_MAX) {
        errno = EINVAL;
        return -1;
    }
    union control control;
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor_count > 0) {
        size_t size = (size_t)descriptor_count * sizeof(int);
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t pillion_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors,
                                    int *descriptor_count, int *is_cut) {
    union control control;
    struct iovec part = {bytes, count};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    int room = *descriptor_count;
    int found = 0;
    *descriptor_count = 0;
    *is_cut = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t size = header->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
            if (found < room) {
                descriptors[found++] = descriptor;
            } else {
                close(descriptor);
                *is_cut = 1;
            }
        }
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) *is_cut = 1;
    *descriptor_count = found;
    return received;
}

int pillion_peer(int socket, uid_t *user, pid_t *process) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
    if (length != sizeof peer) return -1;
    *user = peer.uid;
    *process = peer.pid;
    return 0;
}

int pillion_open_process(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}
