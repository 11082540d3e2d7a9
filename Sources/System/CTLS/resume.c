// Resumption: the keys of a server's tickets, and the sessions that a client keeps.
#include "internal.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_SECONDS (12 * 60 * 60)

// The process's own keys: this half of a day's, and the one's before.
static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t own_keys[2 * KEY_BYTES];
static time_t own_made;

static int copy_own_keys(uint8_t *keys) {
    pthread_mutex_lock(&own_lock);
    time_t now = time(NULL);
    int made = 1;
    if (own_made == 0) {
        made = RAND_bytes(own_keys, sizeof(own_keys)) == 1;
        if (made) own_made = now;
    } else if (now - own_made >= KEY_SECONDS) {
        uint8_t fresh[KEY_BYTES];
        if (RAND_bytes(fresh, sizeof(fresh)) == 1) {
            memcpy(own_keys + KEY_BYTES, own_keys, KEY_BYTES);
            memcpy(own_keys, fresh, KEY_BYTES);
            own_made = now;
        }
        OPENSSL_cleanse(fresh, sizeof(fresh));
    }
    memcpy(keys, own_keys, sizeof(own_keys));
    pthread_mutex_unlock(&own_lock);
    return made;
}

static int set_mac_key(EVP_MAC_CTX *mac, const uint8_t *key) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(key + 16), 32);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, parameters);
}

// A key is a name of 16 bytes, 32 of HMAC-SHA256 and 32 of AES-256-CBC, as Envoy's files are.
int pillion_tls_ticket_callback(SSL *ssl, unsigned char *name, unsigned char *iv,
                                EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypts) {
    const pillion_tls_session *session = session_of(ssl);
    if (session == NULL) return -1;
    const uint8_t *keys = session->context->ticket_keys;
    size_t count = session->context->ticket_key_count;
    uint8_t own[2 * KEY_BYTES];
    if (count == 0) {
        if (!copy_own_keys(own)) return -1;
        keys = own;
        count = 2;
    }
    int result = 0;
    if (encrypts) {
        result = -1;
        memcpy(name, keys, 16);
        if (RAND_bytes(iv, 16) == 1
            && EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, keys + 48, iv)
            && set_mac_key(mac, keys))
            result = 1;
    } else {
        for (size_t index = 0; index < count; index++) {
            const uint8_t *key = keys + index * KEY_BYTES;
            if (memcmp(key, name, 16) != 0) continue;
            result = -1;
            if (set_mac_key(mac, key)
                && EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key + 48, iv))
                // A ticket of TLS 1.3 serves once, so its client gets a new one.
                result = index == 0 && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
            break;
        }
    }
    if (keys == own) OPENSSL_cleanse(own, sizeof(own));
    return result;
}

// A ticket whose client certificate has expired in the meantime leads to a full handshake.
SSL_TICKET_RETURN pillion_tls_ticket_opened(SSL *ssl, SSL_SESSION *session,
                                            const unsigned char *name, size_t len,
                                            SSL_TICKET_STATUS status, void *arg) {
    (void)ssl, (void)name, (void)len, (void)arg;
    switch (status) {
    case SSL_TICKET_EMPTY:
    case SSL_TICKET_NO_DECRYPT:
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
        if (SSL_SESSION_get_timeout(session) <= 0) return SSL_TICKET_RETURN_IGNORE_RENEW;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    default:
        return SSL_TICKET_RETURN_ABORT;
    }
}

static uint64_t mix(uint64_t hash, const char *text) {
    for (; *text != 0; text++) hash = (hash ^ (uint8_t)*text) * 1099511628211u;
    return (hash ^ 0xff) * 1099511628211u;
}

// Takes the newest session that was kept for the names; one of TLS 1.3 serves once (RFC 8446 C.4).
void pillion_tls_kept_set(pillion_tls_session *session) {
    pillion_tls_context *context = session->context;
    if (context->kept_max == 0) return;
    const char *name = SSL_get_servername(session->ssl, TLSEXT_NAMETYPE_host_name);
    session->kept_name = mix(mix(14695981039346656037u, name != NULL ? name : ""),
                             session->verify_name != NULL ? session->verify_name : "");
    SSL_SESSION *found = NULL;
    time_t now = time(NULL);
    pthread_mutex_lock(&context->kept_lock);
    for (uint32_t index = context->kept_count; index > 0; index--) {
        struct kept *kept = &context->kept[index - 1];
        if (kept->name != session->kept_name) continue;
        int is_old = (int64_t)SSL_SESSION_get_time(kept->session)
                         + SSL_SESSION_get_timeout(kept->session) <= (int64_t)now;
        int is_single = SSL_SESSION_get_protocol_version(kept->session) >= TLS1_3_VERSION;
        if (!is_old && !is_single) SSL_SESSION_up_ref(kept->session);
        if (!is_old) found = kept->session;
        if (is_old || is_single) {
            if (is_old) SSL_SESSION_free(kept->session);
            memmove(kept, kept + 1, (context->kept_count - index) * sizeof(*kept));
            context->kept_count--;
        }
        if (found != NULL) break;
    }
    pthread_mutex_unlock(&context->kept_lock);
    if (found == NULL) return;
    SSL_set_session(session->ssl, found);
    SSL_SESSION_free(found);
}

// Keeps a session; the oldest goes. Returns 1: the reference is ours.
int pillion_tls_kept_new(SSL *ssl, SSL_SESSION *resumable) {
    pillion_tls_session *session = session_of(ssl);
    if (session == NULL) return 0;
    pillion_tls_context *context = session->context;
    if (context->kept_max == 0 || !SSL_SESSION_is_resumable(resumable)) return 0;
    SSL_SESSION *dropped = NULL;
    pthread_mutex_lock(&context->kept_lock);
    if (context->kept_count == context->kept_max) {
        dropped = context->kept[0].session;
        memmove(context->kept, context->kept + 1, (context->kept_count - 1) * sizeof(*context->kept));
        context->kept_count--;
    }
    context->kept[context->kept_count].session = resumable;
    context->kept[context->kept_count].name = session->kept_name;
    context->kept_count++;
    pthread_mutex_unlock(&context->kept_lock);
    SSL_SESSION_free(dropped);
    return 1;
}
