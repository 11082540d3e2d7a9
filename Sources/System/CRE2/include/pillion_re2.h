// A C door to RE2, so that Swift needs no C++ interoperability. Only what matching of routes and of
// log lines needs: compile, match whole, replace, check a substitution, and find with groups.
#ifndef PILLION_RE2_H
#define PILLION_RE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// An exception must not travel through Swift; the only one that can arise is that memory ran out.
#ifdef __cplusplus
#define PILLION_NOEXCEPT noexcept
extern "C" {
#else
#define PILLION_NOEXCEPT
#endif

// A compiled expression. It may be used from several threads at the same time.
typedef struct pillion_re2 pillion_re2;

// Why an expression or a substitution was refused; both texts end with a zero byte.
typedef struct pillion_re2_failure {
    char message[256];
    // The part of the pattern that is wrong; empty where RE2 names none.
    char fragment[256];
} pillion_re2_failure;

// Pairs that a match gives at most.
#define PILLION_RE2_SPANS_MAX 128

// Bytes that the caller releases with pillion_re2_free.
typedef struct pillion_re2_bytes {
    uint8_t *bytes;
    size_t count;
} pillion_re2_bytes;

// Compiles a pattern, or returns NULL and fills `failure`. `bytewise`: input and pattern are bytes
// (Latin-1), otherwise UTF-8. `memory_max` bounds the compiled forms and their caches, in bytes.
pillion_re2 *pillion_re2_create(const uint8_t *pattern, size_t count, bool bytewise,
                                int64_t memory_max, pillion_re2_failure *failure) PILLION_NOEXCEPT;

void pillion_re2_destroy(pillion_re2 *expression) PILLION_NOEXCEPT;

// The number of instructions: what `max_program_size` limits.
int pillion_re2_program_size(const pillion_re2 *expression) PILLION_NOEXCEPT;

// True where the expression matches all of the input.
bool pillion_re2_matches_whole(const pillion_re2 *expression, const uint8_t *input, size_t count) PILLION_NOEXCEPT;

// Returns whether the substitution is well formed and names only groups that exist.
bool pillion_re2_accepts_substitution(const pillion_re2 *expression, const uint8_t *substitution,
                                      size_t count, pillion_re2_failure *failure) PILLION_NOEXCEPT;

// The input with every match replaced.
pillion_re2_bytes pillion_re2_replace_all(const pillion_re2 *expression, const uint8_t *input,
                                          size_t count, const uint8_t *substitution,
                                          size_t substitution_count) PILLION_NOEXCEPT;

// The number of groups, without the whole match.
int pillion_re2_group_count(const pillion_re2 *expression) PILLION_NOEXCEPT;

// Copies the name of a group, counted from 1, and returns its length; 0 for a group without a name,
// and for a name that is longer than `name_max`.
size_t pillion_re2_group_name(const pillion_re2 *expression, int group, uint8_t *name,
                              size_t name_max) PILLION_NOEXCEPT;

// Finds the leftmost match at or after `start`, anywhere in the input. `spans` gets begin and end of
// the whole match and of the groups after it, `span_max` pairs at most (PILLION_RE2_SPANS_MAX); -1
// twice for a group that took no part. No pair is needed to ask only whether there is a match.
bool pillion_re2_match(const pillion_re2 *expression, const uint8_t *input, size_t count,
                       size_t start, int64_t *spans, size_t span_max) PILLION_NOEXCEPT;

void pillion_re2_free(pillion_re2_bytes bytes) PILLION_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
