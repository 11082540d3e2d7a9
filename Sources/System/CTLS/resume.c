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

// What the full handshake would look at: a session that is resumed again and again outlives the
// certificate that it began with.
static int has_expired(const pillion_tls_context *context, SSL_SESSION *session) {
    if (context->ignores_time || (!context->verifies_chain && context->domain_count == 0)) return 0;
    X509 *leaf = SSL_SESSION_get0_peer(session);
    return leaf != NULL && X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0;
}

// A ticket of a client that shows less than is demanded here, or whose certificate has expired in
// the meantime, leads to a full handshake.
SSL_TICKET_RETURN pillion_tls_ticket_opened(SSL *ssl, SSL_SESSION *session,
                                            const unsigned char *name, size_t len,
                                            SSL_TICKET_STATUS status, void *arg) {
    (void)name, (void)len, (void)arg;
    const pillion_tls_session *owner = session_of(ssl);
    switch (status) {
    case SSL_TICKET_EMPTY:
    case SSL_TICKET_NO_DECRYPT:
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
        if (owner == NULL || SSL_SESSION_get_timeout(session) <= 0)
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0
            && SSL_SESSION_get0_peer(session) == NULL)
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        if (has_expired(owner->context, session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    default:
        return SSL_TICKET_RETURN_ABORT;
    }
}

static int is_same(const char *one, const char *other) {
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

void pillion_tls_kept_free(struct kept *kept) {
    SSL_SESSION_free(kept->session);
    free(kept->server_name);
    free(kept->verify_name);
}

// Takes the newest session that was kept for the names; one of TLS 1.3 serves once (RFC 8446 C.4).
void pillion_tls_kept_set(pillion_tls_session *session) {
    pillion_tls_context *context = session->context;
    if (context->kept_max == 0) return;
    SSL_SESSION *found = NULL;
    time_t now = time(NULL);
    pthread_mutex_lock(&context->kept_lock);
    for (uint32_t index = context->kept_count; index > 0; index--) {
        struct kept *kept = &context->kept[index - 1];
        if (!is_same(kept->server_name, session->server_name)
            || !is_same(kept->verify_name, session->verify_name))
            continue;
        int is_old = (int64_t)SSL_SESSION_get_time(kept->session)
                             + SSL_SESSION_get_timeout(kept->session) <= (int64_t)now
                     || has_expired(context, kept->session);
        int is_single = SSL_SESSION_get_protocol_version(kept->session) >= TLS1_3_VERSION;
        if (!is_old && SSL_SESSION_up_ref(kept->session)) found = kept->session;
        if (is_old || is_single) {
            pillion_tls_kept_free(kept);
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
    struct kept kept = {.session = resumable};
    if (session->server_name != NULL && (kept.server_name = strdup(session->server_name)) == NULL)
        return 0;
    if (session->verify_name != NULL && (kept.verify_name = strdup(session->verify_name)) == NULL) {
        free(kept.server_name);
        return 0;
    }
    struct kept dropped = {0};
    pthread_mutex_lock(&context->kept_lock);
    if (context->kept_count == context->kept_max) {
        dropped = context->kept[0];
        memmove(context->kept, context->kept + 1, (context->kept_count - 1) * sizeof(*context->kept));
        context->kept_count--;
    }
    context->kept[context->kept_count++] = kept;
    pthread_mutex_unlock(&context->kept_lock);
    pillion_tls_kept_free(&dropped);
    return 1;
}
