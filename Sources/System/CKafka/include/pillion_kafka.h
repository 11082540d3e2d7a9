// A producer of Kafka's: librdkafka, loaded when the first is wanted, behind a few plain functions.
//
// Nothing of librdkafka is linked, and none of its headers is needed: what is used of its interface is
// declared in library.h, from its documentation.
#ifndef PILLION_KAFKA_H
#define PILLION_KAFKA_H

#include <stddef.h>
#include <stdint.h>

struct pillion_kafka_library;
struct pillion_kafka_settings;
struct pillion_kafka;

// Loads the library, for as long as the process lives; NULL, and why in `error`.
struct pillion_kafka_library *pillion_kafka_open(const char *path, char *error, size_t error_size);
// 0xMMmmrrxx: major, minor, revision, and 0xff for a release.
int pillion_kafka_version(const struct pillion_kafka_library *library);
// What an error is called (`MSG_SIZE_TOO_LARGE`), and what it means; both live as long as the process.
const char *pillion_kafka_name(const struct pillion_kafka_library *library, int code);
const char *pillion_kafka_words(const struct pillion_kafka_library *library, int code);

// NULL where there is no memory.
struct pillion_kafka_settings *pillion_kafka_settings_new(
    const struct pillion_kafka_library *library);
// 1 where the property was taken; else 0, and why in `error`.
int pillion_kafka_set(struct pillion_kafka_settings *settings, const char *name, const char *value,
                      char *error, size_t error_size);
void pillion_kafka_settings_free(struct pillion_kafka_settings *settings);

// Makes a producer; takes the settings in any case. NULL, and why in `error`.
struct pillion_kafka *pillion_kafka_start(struct pillion_kafka_settings *settings, char *error,
                                          size_t error_size);
// Ends a producer; what was not reported is lost. The waiting for its threads, of which one may be asking
// a name server, is left to a thread of its own, unless too many of these are at it already.
void pillion_kafka_stop(struct pillion_kafka *producer);

// Begins a round of messages for one topic, numbered from 0; 1, or 0 where there is no memory or the
// topic is refused, with the error's code. Every message of the round before must be reported.
int pillion_kafka_begin(struct pillion_kafka *producer, const char *topic, size_t count, int *code);
// Ends a round.
void pillion_kafka_end(struct pillion_kafka *producer);

struct pillion_kafka_bytes {
    const uint8_t *start;
    size_t count;
};

struct pillion_kafka_header {
    struct pillion_kafka_bytes name;
    struct pillion_kafka_bytes value;
};

// Hands one message over; its bytes are copied. 0, or an error's code: then it will not be reported.
// A key whose start is NULL is none. `time` is in milliseconds since 1970.
int pillion_kafka_produce(struct pillion_kafka *producer, size_t number,
                          struct pillion_kafka_bytes value, struct pillion_kafka_bytes key,
                          const struct pillion_kafka_header *headers, size_t header_count,
                          int64_t time);
// Waits for reports for so long at most, and returns how many are still to come.
size_t pillion_kafka_poll(struct pillion_kafka *producer, int milliseconds);
// Gives up what waits to be sent, and with `all` what is under way too; reports follow.
void pillion_kafka_purge(struct pillion_kafka *producer, int all);

enum {
    PILLION_KAFKA_ABSENT = 0,
    PILLION_KAFKA_POSSIBLE = 1,
    PILLION_KAFKA_PRESENT = 2,
    PILLION_KAFKA_PENDING = 3,
};

struct pillion_kafka_report {
    int32_t code;
    // Whether it stands in the topic: one of the above; the last where there is no report yet.
    int32_t status;
};

struct pillion_kafka_report pillion_kafka_report(const struct pillion_kafka *producer, size_t number);

// The code of the error after which this producer does nothing any more, or 0.
int pillion_kafka_fatal(const struct pillion_kafka *producer, char *words, size_t words_size);
// The last error that was not about a message, since the last call with `forget`: its code, or 0.
int pillion_kafka_trouble(struct pillion_kafka *producer, int forget, char *words,
                          size_t words_size);
// 1 from the word that no broker can be reached until a message was acknowledged.
int pillion_kafka_is_down(const struct pillion_kafka *producer);
// Takes the next line that the library logged: 1, or 0 where there is none. `lost` counts those for which
// there was no room. `facility` says what it is about (`FAIL`).
int pillion_kafka_log(struct pillion_kafka *producer, char *facility, size_t facility_size,
                      char *words, size_t words_size, size_t *lost);

#endif
