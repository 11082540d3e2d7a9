// Memory as a BIO: reading takes from `in`, writing appends to `out`.
#include "internal.h"

#include <stdlib.h>
#include <string.h>

// A buffer of up to this many bytes stays between two calls.
#define KEPT_BYTES (64 * 1024)

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static int io_read(BIO *bio, char *into, int count) {
    struct pillion_tls_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (count <= 0) return 0;
    if (io->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = io->in_len < (size_t)count ? io->in_len : (size_t)count;
    memcpy(into, io->in, taken);
    io->in += taken;
    io->in_len -= taken;
    return (int)taken;
}

static int io_write(BIO *bio, const char *from, int count) {
    struct pillion_tls_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (count <= 0) return 0;
    size_t needed = io->out_len + (size_t)count;
    if (needed > io->out_cap) {
        size_t capacity = io->out_cap > 0 ? io->out_cap : 4096;
        while (capacity < needed) capacity *= 2;
        uint8_t *grown = realloc(io->out, capacity);
        if (grown == NULL) return -1;
        io->out = grown;
        io->out_cap = capacity;
    }
    memcpy(io->out + io->out_len, from, (size_t)count);
    io->out_len = needed;
    return count;
}

static long io_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    default:
        return 0;
    }
}

static int io_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static void make_method(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pillion");
    if (method == NULL) return;
    BIO_meth_set_read(method, io_read);
    BIO_meth_set_write(method, io_write);
    BIO_meth_set_ctrl(method, io_control);
    BIO_meth_set_create(method, io_create);
}

struct pillion_tls_io *pillion_tls_io_new(void) { return calloc(1, sizeof(struct pillion_tls_io)); }

void pillion_tls_io_free(struct pillion_tls_io *io) {
    if (io == NULL) return;
    BIO_free(io->bio);
    free(io->out);
    free(io);
}

void pillion_tls_io_clear(struct pillion_tls_io *io) {
    io->out_len = 0;
    if (io->out_cap > KEPT_BYTES) {
        free(io->out);
        io->out = NULL;
        io->out_cap = 0;
    }
}

// The BIO is made with the first session, so that loops without TLS do not start the library.
BIO *pillion_tls_io_bio(struct pillion_tls_io *io) {
    if (io->bio == NULL) {
        pthread_once(&method_once, make_method);
        if (method == NULL) return NULL;
        BIO *bio = BIO_new(method);
        if (bio == NULL) return NULL;
        BIO_set_data(bio, io);
        io->bio = bio;
    }
    return io->bio;
}
