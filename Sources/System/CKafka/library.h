// What is used of librdkafka's interface, which has been the same since 1.0.
#ifndef PILLION_KAFKA_LIBRARY_H
#define PILLION_KAFKA_LIBRARY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_topic_conf_s rd_kafka_topic_conf_t;
typedef struct rd_kafka_headers_s rd_kafka_headers_t;
// An enumeration of int's size.
typedef int rd_kafka_error_code;

typedef struct {
    rd_kafka_error_code err;
    rd_kafka_topic_t *topic;
    int32_t partition;
    void *payload;
    size_t len;
    void *key;
    size_t key_len;
    int64_t offset;
    // What was given with the message.
    void *opaque;
} rd_kafka_message_t;

enum {
    KAFKA_PRODUCER = 0,

    KAFKA_CONF_OK = 0,

    KAFKA_COPY = 0x2,

    // The kinds of arguments of rd_kafka_producev.
    KAFKA_ARGUMENT_END = 0,
    KAFKA_ARGUMENT_TOPIC_HANDLE = 2,
    KAFKA_ARGUMENT_VALUE = 4,
    KAFKA_ARGUMENT_KEY = 5,
    KAFKA_ARGUMENT_OPAQUE = 6,
    KAFKA_ARGUMENT_FLAGS = 7,
    KAFKA_ARGUMENT_TIMESTAMP = 8,
    KAFKA_ARGUMENT_HEADERS = 10,

    KAFKA_PURGE_QUEUE = 0x1,
    KAFKA_PURGE_IN_FLIGHT = 0x2,

    KAFKA_ERROR_CRITICAL_RESOURCE = -194,
    KAFKA_ERROR_ALL_BROKERS_DOWN = -187,
    KAFKA_ERROR_FATAL = -150,
};

typedef void kafka_report_callback(rd_kafka_t *producer, const rd_kafka_message_t *message,
                                   void *opaque);
typedef void kafka_error_callback(rd_kafka_t *producer, int code, const char *reason, void *opaque);
typedef void kafka_log_callback(const rd_kafka_t *producer, int level, const char *facility,
                                const char *text);

// Result, name without `rd_kafka_`, arguments.
#define KAFKA_FUNCTIONS(F)                                                                         \
    F(int, version, (void))                                                                        \
    F(const char *, err2str, (rd_kafka_error_code))                                                \
    F(const char *, err2name, (rd_kafka_error_code))                                               \
    F(rd_kafka_error_code, last_error, (void))                                                     \
    F(rd_kafka_conf_t *, conf_new, (void))                                                         \
    F(void, conf_destroy, (rd_kafka_conf_t *))                                                     \
    F(int, conf_set, (rd_kafka_conf_t *, const char *, const char *, char *, size_t))              \
    F(void, conf_set_opaque, (rd_kafka_conf_t *, void *))                                          \
    F(void, conf_set_dr_msg_cb, (rd_kafka_conf_t *, kafka_report_callback *))                      \
    F(void, conf_set_error_cb, (rd_kafka_conf_t *, kafka_error_callback *))                        \
    F(void, conf_set_log_cb, (rd_kafka_conf_t *, kafka_log_callback *))                            \
    F(rd_kafka_t *, new, (int, rd_kafka_conf_t *, char *, size_t))                                 \
    F(void, destroy, (rd_kafka_t *))                                                               \
    F(void *, opaque, (const rd_kafka_t *))                                                        \
    F(rd_kafka_topic_t *, topic_new, (rd_kafka_t *, const char *, rd_kafka_topic_conf_t *))        \
    F(void, topic_destroy, (rd_kafka_topic_t *))                                                   \
    F(rd_kafka_error_code, producev, (rd_kafka_t *, ...))                                          \
    F(rd_kafka_headers_t *, headers_new, (size_t))                                                 \
    F(void, headers_destroy, (rd_kafka_headers_t *))                                               \
    F(rd_kafka_error_code, header_add,                                                             \
      (rd_kafka_headers_t *, const char *, ssize_t, const void *, ssize_t))                        \
    F(int, poll, (rd_kafka_t *, int))                                                              \
    F(rd_kafka_error_code, purge, (rd_kafka_t *, int))                                             \
    F(int, message_status, (const rd_kafka_message_t *))                                           \
    F(rd_kafka_error_code, fatal_error, (rd_kafka_t *, char *, size_t))

struct pillion_kafka_library {
#define KAFKA_FIELD(result, name, arguments) result(*name) arguments;
    KAFKA_FUNCTIONS(KAFKA_FIELD)
#undef KAFKA_FIELD
};

struct pillion_kafka_settings {
    const struct pillion_kafka_library *library;
    rd_kafka_conf_t *conf;
};

#endif
