// Contexts: what all sessions of a listener or a cluster share. Immutable once they are built.
#include "internal.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void pillion_tls_message_callback(int is_sent, int version, int type, const void *bytes,
                                  size_t count, SSL *ssl, void *arg);

static pthread_once_t start_once = PTHREAD_ONCE_INIT;

static void start(void) {
    // The system's openssl.cnf is not read: what is allowed is the configuration's business.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
}

void pillion_tls_start(void) { pthread_once(&start_once, start); }

size_t pillion_tls_take_error(char *text, size_t capacity) {
    if (capacity == 0) return 0;
    text[0] = 0;
    const char *data = NULL;
    int flags = 0;
    unsigned long error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags);
    if (error != 0) {
        const char *reason = ERR_reason_error_string(error);
        snprintf(text, capacity, "%s%s%s", reason != NULL ? reason : "unknown error",
                 data != NULL && data[0] != 0 && (flags & ERR_TXT_STRING) ? ": " : "",
                 data != NULL && (flags & ERR_TXT_STRING) ? data : "");
    }
    ERR_clear_error();
    return strlen(text);
}

static int accept_name(SSL *ssl, int *alert, void *arg) {
    (void)ssl, (void)alert, (void)arg;
    return SSL_TLSEXT_ERR_OK;
}

// The server's order decides; without an overlap the handshake goes on without a protocol.
static int select_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                           const unsigned char *offered, unsigned offered_len, void *arg) {
    (void)ssl;
    const pillion_tls_context *context = arg;
    for (size_t own = 0; own < context->alpn_len; own += 1u + context->alpn[own]) {
        size_t count = context->alpn[own];
        for (size_t at = 0; at < offered_len; at += 1u + offered[at]) {
            if (offered[at] != count || at + 1 + count > offered_len) continue;
            if (memcmp(offered + at + 1, context->alpn + own + 1, count) != 0) continue;
            *chosen = offered + at + 1;
            *chosen_len = (unsigned char)count;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *new_parameters(pillion_tls_context *context) {
    SSL_CTX *ssl = SSL_CTX_new(context->is_server ? TLS_server_method() : TLS_client_method());
    if (ssl == NULL) return NULL;
    SSL_CTX_set_options(ssl, SSL_OP_ALL | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                                 | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // Buffers of idle connections are given back. A chain is sent as it was configured: completing
    // it from the trusted authorities would cost a verification in each handshake.
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                              | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(ssl, 100 * 1024);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                  "TLS_CHACHA20_POLY1305_SHA256");
    SSL_CTX_set_cert_verify_callback(ssl, pillion_tls_verify_callback, context);
    SSL_CTX_set_verify(ssl, context->is_server ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_msg_callback(ssl, pillion_tls_message_callback);
    if (context->is_server) {
        SSL_CTX_set_tlsext_servername_callback(ssl, accept_name);
        SSL_CTX_set_max_early_data(ssl, 0);
        // One ticket for a connection: a client that needs more gets one with each resumption.
        SSL_CTX_set_num_tickets(ssl, 1);
    }
    return ssl;
}

pillion_tls_context *pillion_tls_context_new(int is_server, size_t identity_count) {
    pillion_tls_start();
    pillion_tls_context *context = calloc(1, sizeof(*context));
    if (context == NULL) return NULL;
    pthread_mutex_init(&context->kept_lock, NULL);
    context->is_server = is_server;
    context->max_version = TLS1_3_VERSION;
    size_t count = identity_count > 0 ? identity_count : 1;
    context->shown = calloc(count, sizeof(struct shown));
    if (context->shown == NULL) goto failed;
    for (; context->shown_count < count; context->shown_count++) {
        context->shown[context->shown_count].ssl = new_parameters(context);
        if (context->shown[context->shown_count].ssl == NULL) goto failed;
    }
    if (count > 1) SSL_CTX_set_client_hello_cb(context->shown[0].ssl, pillion_tls_hello_callback, context);
    return context;
failed:
    pillion_tls_context_free(context);
    return NULL;
}

void pillion_tls_context_free(pillion_tls_context *context) {
    if (context == NULL) return;
    for (uint32_t index = 0; index < context->kept_count; index++)
        pillion_tls_kept_free(&context->kept[index]);
    free(context->kept);
    for (size_t index = 0; index < context->shown_count; index++) {
        struct shown *shown = &context->shown[index];
        SSL_CTX_free(shown->ssl);
        for (size_t name = 0; name < shown->name_count; name++) free(shown->names[name]);
        free(shown->names);
        free(shown->staple);
    }
    for (size_t index = 0; index < context->domain_count; index++) {
        free(context->domains[index].name);
        X509_STORE_free(context->domains[index].store);
    }
    free(context->domains);
    free(context->shown);
    free(context->alpn);
    if (context->ticket_keys != NULL)
        OPENSSL_cleanse(context->ticket_keys, context->ticket_key_count * KEY_BYTES);
    free(context->ticket_keys);
    pthread_mutex_destroy(&context->kept_lock);
    free(context);
}

#define EACH(context, ssl)                                                                         \
    for (size_t each = 0; each < (context)->shown_count; each++)                                   \
        for (SSL_CTX *ssl = (context)->shown[each].ssl; ssl != NULL; ssl = NULL)

int pillion_tls_context_versions(pillion_tls_context *context, uint16_t min, uint16_t max) {
    context->max_version = max;
    EACH(context, ssl) {
        // TLS 1.0 and 1.1 sign with SHA-1, which no higher level of security allows.
        if (min < TLS1_2_VERSION) SSL_CTX_set_security_level(ssl, 0);
        if (!SSL_CTX_set_min_proto_version(ssl, min) || !SSL_CTX_set_max_proto_version(ssl, max)) return 0;
    }
    return 1;
}

int pillion_tls_context_ciphers(pillion_tls_context *context, const char *names) {
    EACH(context, ssl) if (!SSL_CTX_set_cipher_list(ssl, names)) return 0;
    return 1;
}

int pillion_tls_context_groups(pillion_tls_context *context, const char *names) {
    EACH(context, ssl) if (!SSL_CTX_set1_groups_list(ssl, names)) return 0;
    return 1;
}

int pillion_tls_context_signatures(pillion_tls_context *context, const char *names) {
    EACH(context, ssl)
        if (!SSL_CTX_set1_sigalgs_list(ssl, names)) return 0;
    return 1;
}

int pillion_tls_context_alpn(pillion_tls_context *context, const uint8_t *wire, size_t len) {
    if (len == 0) return 1;
    context->alpn = malloc(len);
    if (context->alpn == NULL) return 0;
    memcpy(context->alpn, wire, len);
    context->alpn_len = len;
    EACH(context, ssl) {
        if (context->is_server) SSL_CTX_set_alpn_select_cb(ssl, select_protocol, context);
        else if (SSL_CTX_set_alpn_protos(ssl, wire, (unsigned)len) != 0) return 0;
    }
    return 1;
}

int pillion_tls_context_identity(pillion_tls_context *context, size_t index,
                                 const pillion_tls_identity *identity, int staple_policy) {
    if (index >= context->shown_count) return 0;
    struct shown *shown = &context->shown[index];
    if (SSL_CTX_use_cert_and_key(shown->ssl, identity->leaf, identity->key, identity->chain, 1) != 1)
        return 0;
    if (!pillion_tls_describe_names(shown, identity->leaf)) return 0;
    shown->staple_policy = staple_policy;
    shown->must_staple = pillion_tls_identity_must_staple(identity);
    if (!context->is_server) return 1;
    if (identity->staple_len > 0) {
        shown->staple = malloc(identity->staple_len);
        if (shown->staple == NULL) return 0;
        memcpy(shown->staple, identity->staple, identity->staple_len);
        shown->staple_len = identity->staple_len;
        shown->staple_end = identity->staple_end;
    }
    SSL_CTX_set_tlsext_status_cb(shown->ssl, pillion_tls_staple_callback);
    SSL_CTX_set_tlsext_status_arg(shown->ssl, context);
    return 1;
}

void pillion_tls_context_selection(pillion_tls_context *context, int scans_all) {
    context->scans_all = scans_all;
}

void pillion_tls_context_prefers_client(pillion_tls_context *context) {
    EACH(context, ssl) SSL_CTX_clear_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

// The names of the authorities, which a server shows the client; each once.
static int add_names(pillion_tls_context *context, const pillion_tls_bundle *bundle) {
    if (!context->is_server || bundle == NULL) return 1;
    EACH(context, ssl) {
        for (int index = 0; index < sk_X509_num(bundle->certificates); index++) {
            X509 *authority = sk_X509_value(bundle->certificates, index);
            const X509_NAME *subject = X509_get_subject_name(authority);
            const STACK_OF(X509_NAME) *names = SSL_CTX_get0_CA_list(ssl);
            const STACK_OF(X509_NAME) *old = SSL_CTX_get_client_CA_list(ssl);
            int is_new = 1;
            if (old != NULL) names = old;
            for (int other = 0; other < sk_X509_NAME_num(names); other++)
                if (X509_NAME_cmp(sk_X509_NAME_value(names, other), subject) == 0) is_new = 0;
            if (is_new && SSL_CTX_add_client_CA(ssl, authority) != 1) return 0;
        }
    }
    return 1;
}

int pillion_tls_context_trust(pillion_tls_context *context, const pillion_tls_bundle *bundle,
                              const pillion_tls_bundle *lists, int flags, int depth) {
    X509_STORE *store = pillion_tls_store(bundle, lists, flags);
    if (store == NULL) return 0;
    // As in Envoy, an intermediate authority in the bundle is enough.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    EACH(context, ssl) {
        SSL_CTX_set1_cert_store(ssl, store);
        if (depth >= 0) SSL_CTX_set_verify_depth(ssl, depth);
    }
    X509_STORE_free(store);
    context->verifies_chain = bundle != NULL;
    context->ignores_time = (flags & PILLION_TLS_TRUST_EXPIRED) != 0;
    return add_names(context, bundle);
}

int pillion_tls_context_trust_domain(pillion_tls_context *context, const uint8_t *name,
                                     size_t name_len, const pillion_tls_bundle *bundle, int flags,
                                     int depth) {
    struct trust_domain *domains =
        realloc(context->domains, (context->domain_count + 1) * sizeof(*domains));
    if (domains == NULL) return 0;
    context->domains = domains;
    struct trust_domain *domain = &domains[context->domain_count];
    domain->name = malloc(name_len + 1);
    domain->store = pillion_tls_store(bundle, NULL, flags);
    if (domain->name == NULL || domain->store == NULL) {
        free(domain->name);
        X509_STORE_free(domain->store);
        return 0;
    }
    memcpy(domain->name, name, name_len);
    domain->name_len = name_len;
    domain->depth = depth;
    context->ignores_time = (flags & PILLION_TLS_TRUST_EXPIRED) != 0;
    context->domain_count++;
    return add_names(context, bundle);
}

void pillion_tls_context_verify(pillion_tls_context *context, int mode, int accepts_untrusted,
                                int checks_leaf, pillion_tls_check check, const void *policy) {
    context->checks_leaf = checks_leaf;
    context->accepts_untrusted = accepts_untrusted;
    context->check = check;
    context->policy = policy;
    if (!context->is_server) return;
    int set = SSL_VERIFY_NONE;
    if (mode == PILLION_TLS_VERIFY_ASK) set = SSL_VERIFY_PEER;
    if (mode == PILLION_TLS_VERIFY_DEMAND) set = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    EACH(context, ssl) SSL_CTX_set_verify(ssl, set, NULL);
}

int pillion_tls_context_resumption(pillion_tls_context *context, const uint8_t *id, size_t id_len,
                                   int uses_tickets, int uses_cache, uint32_t timeout) {
    EACH(context, ssl) {
        if (!SSL_CTX_set_session_id_context(ssl, id, (unsigned)id_len)) return 0;
        if (timeout > 0) SSL_CTX_set_timeout(ssl, (long)timeout);
        if (uses_tickets) {
            SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, pillion_tls_ticket_callback);
            SSL_CTX_set_session_ticket_cb(ssl, NULL, pillion_tls_ticket_opened, NULL);
        } else {
            SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
            SSL_CTX_set_num_tickets(ssl, 0);
        }
        if (uses_cache) {
            // Only clients without tickets come here. A hostile one fills it: a session with a
            // chain has a few kB.
            SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_SERVER);
            SSL_CTX_sess_set_cache_size(ssl, 1024);
        }
    }
    return 1;
}

int pillion_tls_context_ticket_keys(pillion_tls_context *context, const uint8_t *keys, size_t count) {
    if (count == 0) return 1;
    context->ticket_keys = malloc(count * KEY_BYTES);
    if (context->ticket_keys == NULL) return 0;
    memcpy(context->ticket_keys, keys, count * KEY_BYTES);
    context->ticket_key_count = count;
    return 1;
}

int pillion_tls_context_keeps_sessions(pillion_tls_context *context, uint32_t max) {
    if (max == 0) return 1;
    context->kept = calloc(max, sizeof(*context->kept));
    if (context->kept == NULL) return 0;
    context->kept_max = max;
    EACH(context, ssl) {
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ssl, pillion_tls_kept_new);
    }
    return 1;
}

// MARK: - Names

static SSL_CTX *scratch(void) {
    pillion_tls_start();
    SSL_CTX *ssl = SSL_CTX_new(TLS_method());
    if (ssl != NULL) SSL_CTX_set_security_level(ssl, 0);
    return ssl;
}

static void each_cipher(pillion_tls_emit emit, void *arg, const char *wanted, char *name_out) {
    SSL_CTX *ssl = scratch();
    if (ssl != NULL && SSL_CTX_set_cipher_list(ssl, "ALL:COMPLEMENTOFALL")) {
        const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ssl);
        for (int index = 0; index < sk_SSL_CIPHER_num(ciphers); index++) {
            const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, index);
            const char *name = SSL_CIPHER_get_name(cipher);
            const char *standard = SSL_CIPHER_standard_name(cipher);
            if (strncmp(name, "TLS_", 4) == 0) continue;
            if (emit != NULL) emit(arg, 0, (const uint8_t *)name, strlen(name));
            if (wanted != NULL
                && (strcmp(wanted, name) == 0 || (standard != NULL && strcmp(wanted, standard) == 0)))
                snprintf(name_out, 64, "%s", name);
        }
    }
    SSL_CTX_free(ssl);
    ERR_clear_error();
}

int pillion_tls_cipher_known(const char *name, char *name_out) {
    name_out[0] = 0;
    each_cipher(NULL, NULL, name, name_out);
    if (name_out[0] != 0) return 1;
    // Words for many: HIGH, kRSA, aECDSA, AESGCM, also joined by `+`.
    SSL_CTX *ssl = scratch();
    int known = ssl != NULL && strlen(name) < 64 && strncmp(name, "TLS_", 4) != 0
                && SSL_CTX_set_cipher_list(ssl, name) == 1;
    if (known) snprintf(name_out, 64, "%s", name);
    SSL_CTX_free(ssl);
    ERR_clear_error();
    return known;
}

void pillion_tls_ciphers(pillion_tls_emit emit, void *arg) { each_cipher(emit, arg, NULL, NULL); }

int pillion_tls_group_known(const char *name) {
    SSL_CTX *ssl = scratch();
    int known = ssl != NULL && SSL_CTX_set1_groups_list(ssl, name) == 1;
    SSL_CTX_free(ssl);
    ERR_clear_error();
    return known;
}

int pillion_tls_signature_known(const char *name) {
    SSL_CTX *ssl = scratch();
    int known = ssl != NULL && SSL_CTX_set1_sigalgs_list(ssl, name) == 1;
    SSL_CTX_free(ssl);
    ERR_clear_error();
    return known;
}

void pillion_tls_digest(const uint8_t *bytes, size_t count, uint8_t *out) {
    unsigned length = 0;
    EVP_Digest(bytes, count, out, &length, EVP_sha256(), NULL);
}

int pillion_tls_random(uint8_t *bytes, size_t count) { return RAND_bytes(bytes, (int)count) == 1; }
