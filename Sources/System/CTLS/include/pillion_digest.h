// Digests and codes that sign requests, by OpenSSL.
#ifndef PILLION_DIGEST_H
#define PILLION_DIGEST_H

#include <stddef.h>
#include <stdint.h>

// SHA-256; `out` has 32 bytes. 0 where OpenSSL refuses.
int pillion_sha256(const uint8_t *bytes, size_t count, uint8_t *out);
// HMAC with SHA-256; `out` has 32 bytes. 0 where OpenSSL refuses.
int pillion_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                        uint8_t *out);
// SHA-512; `out` has 64 bytes. 0 where OpenSSL refuses.
int pillion_sha512(const uint8_t *bytes, size_t count, uint8_t *out);

#endif
