#include "include/pillion_digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

int pillion_sha256(const uint8_t *bytes, size_t count, uint8_t *out) {
    unsigned length = 0;
    return EVP_Digest(bytes, count, out, &length, EVP_sha256(), NULL) == 1 && length == 32;
}

int pillion_sha512(const uint8_t *bytes, size_t count, uint8_t *out) {
    unsigned length = 0;
    return EVP_Digest(bytes, count, out, &length, EVP_sha512(), NULL) == 1 && length == 64;
}

int pillion_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                        uint8_t *out) {
    // OpenSSL takes no null for an empty key.
    static const uint8_t none = 0;
    unsigned length = 0;
    const uint8_t *secret = key_count == 0 ? &none : key;
    return HMAC(EVP_sha256(), secret, (int)key_count, bytes, count, out, &length) != NULL
        && length == 32;
}
