/* Takes what log shippers send to Elasticsearch's `_bulk`, as fast as a socket gives it.
 *
 *     bulk_sink PORT
 *
 * Every document (two lines) is answered with status 201, and counted; nothing is looked at or kept.
 * `GET /counts` tells documents, bytes and requests. Each connection has a thread of its own.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 256 << 10, HEAD_MAX = 16 << 10, ITEMS_AT_ONCE = 2000 };

static const char item[] = "{\"create\":{\"status\":201}},";
enum { ITEM = sizeof item - 1 };
static char items[ITEM * ITEMS_AT_ONCE];
static _Atomic uint64_t documents, bytes, requests;

static int send_all(int peer, const char *from, size_t count, int flags) {
    while (count > 0) {
        ssize_t sent = send(peer, from, count, flags | MSG_NOSIGNAL);
        if (sent <= 0) return 0;
        from += sent;
        count -= (size_t)sent;
    }
    return 1;
}

static uint64_t lines_in(const char *from, size_t count) {
    const char *end = from + count;
    uint64_t lines = 0;
    while ((from = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        from++;
        lines++;
    }
    return lines;
}

static int answer(int peer, uint64_t count) {
    static const char begin[] = "{\"took\":1,\"errors\":false,\"items\":[", end[] = "]}";
    /* The last item has no comma after it. */
    size_t list = count > 0 ? count * ITEM - 1 : 0;
    char head[160];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                          "content-length: %zu\r\n\r\n%s",
                          sizeof begin - 1 + list + sizeof end - 1, begin);
    if (!send_all(peer, head, (size_t)length, MSG_MORE)) return 0;
    while (list > 0) {
        size_t part = list < sizeof items ? list : sizeof items;
        if (!send_all(peer, items, part, MSG_MORE)) return 0;
        list -= part;
    }
    return send_all(peer, end, sizeof end - 1, 0);
}

static int answer_counts(int peer) {
    char body[128], whole[256];
    int length = snprintf(body, sizeof body, "{\"documents\":%lu,\"bytes\":%lu,\"requests\":%lu}",
                          documents, bytes, requests);
    length = snprintf(whole, sizeof whole, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", length,
                      body);
    return send_all(peer, whole, (size_t)length, 0);
}

/* The body's bytes that came with the head, and then the others. */
static int take_bulk(int peer, char *buffer, const char *first, size_t here, uint64_t length) {
    if (here > length) here = length;
    uint64_t lines = lines_in(first, here), left = length - here;
    while (left > 0) {
        ssize_t got = recv(peer, buffer, left < BUFFER ? left : BUFFER, 0);
        if (got <= 0) return 0;
        lines += lines_in(buffer, (size_t)got);
        left -= (uint64_t)got;
    }
    if (!answer(peer, lines / 2)) return 0;
    atomic_fetch_add(&documents, lines / 2);
    atomic_fetch_add(&bytes, length);
    atomic_fetch_add(&requests, 1);
    return 1;
}

static int serve_one(int peer, char *buffer) {
    size_t have = 0;
    char *end = NULL;
    while (end == NULL) {
        if (have >= HEAD_MAX) return 0;
        ssize_t got = recv(peer, buffer + have, HEAD_MAX - have, 0);
        if (got <= 0) return 0;
        have += (size_t)got;
        buffer[have] = 0;
        end = strstr(buffer, "\r\n\r\n");
    }
    *end = 0;
    const char *field = strcasestr(buffer, "\r\ncontent-length:");
    uint64_t length = field != NULL ? strtoull(field + 17, NULL, 10) : 0;
    if (strncmp(buffer, "GET /counts", 11) == 0) return answer_counts(peer);
    if (strncmp(buffer, "POST", 4) != 0) {
        static const char empty[] = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        return send_all(peer, empty, sizeof empty - 1, 0);
    }
    if (strcasestr(buffer, "\r\nexpect: 100-continue") != NULL) {
        static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!send_all(peer, go, sizeof go - 1, 0)) return 0;
    }
    char *body = end + 4;
    return take_bulk(peer, buffer, body, have - (size_t)(body - buffer), length);
}

static void *serve(void *argument) {
    int peer = (int)(intptr_t)argument, on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char *buffer = malloc(BUFFER);
    while (buffer != NULL && serve_one(peer, buffer)) {}
    free(buffer);
    close(peer);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    for (size_t index = 0; index < ITEMS_AT_ONCE; index++) memcpy(items + index * ITEM, item, ITEM);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(arguments[1])),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) return 1;
    if (listen(listener, 64) != 0) return 1;
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        pthread_t thread;
        if (peer < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)peer) != 0) continue;
        pthread_detach(thread);
    }
}
