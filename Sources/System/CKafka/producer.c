#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "library.h"
#include "pillion_kafka.h"

enum { WORDS_SIZE = 512, FACILITY_SIZE = 32, LINES_MAX = 32, STOPPING_MAX = 8 };

struct line {
    char facility[FACILITY_SIZE];
    char words[WORDS_SIZE];
};

struct pillion_kafka {
    const struct pillion_kafka_library *library;
    rd_kafka_t *handle;

    // Of one round; touched by the caller's thread alone, from within poll too.
    rd_kafka_topic_t *topic;
    struct pillion_kafka_report *reports;
    size_t capacity;
    size_t count;
    size_t pending;
    uint32_t round;

    int trouble;
    char trouble_words[WORDS_SIZE];
    int is_down;

    // Written by any of the library's threads.
    pthread_mutex_t lock;
    struct line lines[LINES_MAX];
    size_t first_line;
    size_t line_count;
    size_t lost_lines;
};

// A logged line comes with the producer's handle alone; there is one library in a process.
static _Atomic(const struct pillion_kafka_library *) logging_library;
static atomic_int stopping;

// MARK: What the library calls

static void reported(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque) {
    (void)handle;
    struct pillion_kafka *producer = opaque;
    uint64_t mark = (uint64_t)(uintptr_t)message->opaque;
    size_t number = (size_t)(mark & 0xffffffff);
    if ((uint32_t)(mark >> 32) != producer->round || number >= producer->count) return;
    struct pillion_kafka_report *report = &producer->reports[number];
    if (report->status != PILLION_KAFKA_PENDING || producer->pending == 0) return;
    producer->pending--;
    report->code = message->err;
    report->status = producer->library->message_status(message);
    if (message->err == 0) producer->is_down = 0;
}

static void failed(rd_kafka_t *handle, int code, const char *reason, void *opaque) {
    (void)handle;
    struct pillion_kafka *producer = opaque;
    if (code == KAFKA_ERROR_ALL_BROKERS_DOWN) {
        producer->is_down = 1;
        // It only says how many there are; why they can't be reached was said before.
        if (producer->trouble) return;
    }
    producer->trouble = code;
    snprintf(producer->trouble_words, WORDS_SIZE, "%s", reason ? reason : "");
}

static void logged(const rd_kafka_t *handle, int level, const char *facility, const char *text) {
    (void)level;
    const struct pillion_kafka_library *library = atomic_load(&logging_library);
    struct pillion_kafka *producer = handle && library ? library->opaque(handle) : NULL;
    if (!producer) return;
    pthread_mutex_lock(&producer->lock);
    if (producer->line_count == LINES_MAX) {
        producer->lost_lines++;
    } else {
        size_t place = (producer->first_line + producer->line_count) % LINES_MAX;
        struct line *line = &producer->lines[place];
        snprintf(line->facility, FACILITY_SIZE, "%s", facility ? facility : "");
        snprintf(line->words, WORDS_SIZE, "%s", text ? text : "");
        producer->line_count++;
    }
    pthread_mutex_unlock(&producer->lock);
}

// MARK: Begin and end

struct pillion_kafka *pillion_kafka_start(struct pillion_kafka_settings *settings, char *error,
                                          size_t error_size) {
    const struct pillion_kafka_library *library = settings->library;
    struct pillion_kafka *producer = calloc(1, sizeof *producer);
    if (!producer) {
        snprintf(error, error_size, "there is no memory");
        pillion_kafka_settings_free(settings);
        return NULL;
    }
    producer->library = library;
    pthread_mutex_init(&producer->lock, NULL);
    atomic_store(&logging_library, library);
    library->conf_set_opaque(settings->conf, producer);
    library->conf_set_dr_msg_cb(settings->conf, reported);
    library->conf_set_error_cb(settings->conf, failed);
    library->conf_set_log_cb(settings->conf, logged);
    producer->handle = library->new(KAFKA_PRODUCER, settings->conf, error, error_size);
    if (!producer->handle) {
        pthread_mutex_destroy(&producer->lock);
        free(producer);
        pillion_kafka_settings_free(settings);
        return NULL;
    }
    // The handle has taken what is inside.
    free(settings);
    return producer;
}

static void *destroy(void *argument) {
    struct pillion_kafka *producer = argument;
    if (producer->topic) producer->library->topic_destroy(producer->topic);
    // No report is called from here on.
    producer->library->destroy(producer->handle);
    pthread_mutex_destroy(&producer->lock);
    free(producer->reports);
    free(producer);
    return NULL;
}

static void *destroy_and_count(void *argument) {
    destroy(argument);
    atomic_fetch_sub(&stopping, 1);
    return NULL;
}

void pillion_kafka_stop(struct pillion_kafka *producer) {
    producer->library->purge(producer->handle, KAFKA_PURGE_QUEUE | KAFKA_PURGE_IN_FLIGHT);
    if (atomic_fetch_add(&stopping, 1) < STOPPING_MAX) {
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        int failure = pthread_create(&thread, &attributes, destroy_and_count, producer);
        pthread_attr_destroy(&attributes);
        if (!failure) return;
    }
    destroy_and_count(producer);
}

// MARK: A round

int pillion_kafka_begin(struct pillion_kafka *producer, const char *topic, size_t count, int *code) {
    const struct pillion_kafka_library *library = producer->library;
    *code = KAFKA_ERROR_CRITICAL_RESOURCE;
    if (count > UINT32_MAX) return 0;
    if (count > producer->capacity) {
        struct pillion_kafka_report *more = realloc(producer->reports, count * sizeof *more);
        if (!more) return 0;
        producer->reports = more;
        producer->capacity = count;
    }
    pillion_kafka_end(producer);
    producer->topic = library->topic_new(producer->handle, topic, NULL);
    if (!producer->topic) {
        *code = library->last_error();
        return 0;
    }
    producer->round++;
    producer->count = count;
    producer->pending = 0;
    for (size_t number = 0; number < count; number++) {
        producer->reports[number].code = 0;
        producer->reports[number].status = PILLION_KAFKA_ABSENT;
    }
    *code = 0;
    return 1;
}

void pillion_kafka_end(struct pillion_kafka *producer) {
    if (producer->topic) producer->library->topic_destroy(producer->topic);
    producer->topic = NULL;
}

int pillion_kafka_produce(struct pillion_kafka *producer, size_t number,
                          struct pillion_kafka_bytes value, struct pillion_kafka_bytes key,
                          const struct pillion_kafka_header *headers, size_t header_count,
                          int64_t time) {
    const struct pillion_kafka_library *library = producer->library;
    if (number >= producer->count || !producer->topic) return KAFKA_ERROR_CRITICAL_RESOURCE;
    rd_kafka_headers_t *list = NULL;
    if (header_count > 0) {
        list = library->headers_new(header_count);
        if (!list) return KAFKA_ERROR_CRITICAL_RESOURCE;
        for (size_t index = 0; index < header_count; index++) {
            const struct pillion_kafka_header *header = &headers[index];
            int failure = library->header_add(
                list, (const char *)header->name.start, (ssize_t)header->name.count,
                header->value.start, (ssize_t)header->value.count);
            if (failure) {
                library->headers_destroy(list);
                return failure;
            }
        }
    }
    void *mark = (void *)(uintptr_t)((uint64_t)producer->round << 32 | number);
    // Once it is accepted, the report may come with any poll.
    struct pillion_kafka_report before = producer->reports[number];
    producer->reports[number].status = PILLION_KAFKA_PENDING;
    producer->pending++;
    int failure;
    if (list) {
        failure = library->producev(
            producer->handle, KAFKA_ARGUMENT_TOPIC_HANDLE, producer->topic, KAFKA_ARGUMENT_FLAGS,
            KAFKA_COPY, KAFKA_ARGUMENT_VALUE, value.start, value.count, KAFKA_ARGUMENT_KEY,
            key.start, key.count, KAFKA_ARGUMENT_TIMESTAMP, time, KAFKA_ARGUMENT_OPAQUE, mark,
            KAFKA_ARGUMENT_HEADERS, list, KAFKA_ARGUMENT_END);
    } else {
        failure = library->producev(
            producer->handle, KAFKA_ARGUMENT_TOPIC_HANDLE, producer->topic, KAFKA_ARGUMENT_FLAGS,
            KAFKA_COPY, KAFKA_ARGUMENT_VALUE, value.start, value.count, KAFKA_ARGUMENT_KEY,
            key.start, key.count, KAFKA_ARGUMENT_TIMESTAMP, time, KAFKA_ARGUMENT_OPAQUE, mark,
            KAFKA_ARGUMENT_END);
    }
    if (failure) {
        // The headers are taken with a message that is taken.
        if (list) library->headers_destroy(list);
        producer->reports[number] = before;
        producer->pending--;
    }
    return failure;
}

size_t pillion_kafka_poll(struct pillion_kafka *producer, int milliseconds) {
    producer->library->poll(producer->handle, milliseconds);
    return producer->pending;
}

void pillion_kafka_purge(struct pillion_kafka *producer, int all) {
    int what = KAFKA_PURGE_QUEUE | (all ? KAFKA_PURGE_IN_FLIGHT : 0);
    producer->library->purge(producer->handle, what);
}

struct pillion_kafka_report pillion_kafka_report(const struct pillion_kafka *producer,
                                                 size_t number) {
    struct pillion_kafka_report none = {KAFKA_ERROR_CRITICAL_RESOURCE, PILLION_KAFKA_ABSENT};
    return number < producer->count ? producer->reports[number] : none;
}

// MARK: What went wrong

int pillion_kafka_fatal(const struct pillion_kafka *producer, char *words, size_t words_size) {
    words[0] = 0;
    return producer->library->fatal_error(producer->handle, words, words_size);
}

int pillion_kafka_trouble(struct pillion_kafka *producer, int forget, char *words,
                          size_t words_size) {
    int code = producer->trouble;
    snprintf(words, words_size, "%s", code ? producer->trouble_words : "");
    if (forget) producer->trouble = 0;
    return code;
}

int pillion_kafka_is_down(const struct pillion_kafka *producer) {
    return producer->is_down;
}

int pillion_kafka_log(struct pillion_kafka *producer, char *facility, size_t facility_size,
                      char *words, size_t words_size, size_t *lost) {
    int found = 0;
    pthread_mutex_lock(&producer->lock);
    *lost = producer->lost_lines;
    producer->lost_lines = 0;
    if (producer->line_count > 0) {
        const struct line *line = &producer->lines[producer->first_line];
        snprintf(facility, facility_size, "%s", line->facility);
        snprintf(words, words_size, "%s", line->words);
        producer->first_line = (producer->first_line + 1) % LINES_MAX;
        producer->line_count--;
        found = 1;
    }
    pthread_mutex_unlock(&producer->lock);
    return found;
}
