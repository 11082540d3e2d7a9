// Sessions: the handshake, records in both directions, and why one failed.
#include "internal.h"

#include <stdlib.h>
#include <string.h>

BIO *pillion_tls_io_bio(struct pillion_tls_io *io);

pillion_tls_session *pillion_tls_session_new(pillion_tls_context *context,
                                             struct pillion_tls_io *io, const char *server_name,
                                             const char *verify_name, const uint8_t *alpn,
                                             size_t alpn_len) {
    BIO *bio = pillion_tls_io_bio(io);
    pillion_tls_session *session = calloc(1, sizeof(*session));
    if (bio == NULL || session == NULL) goto failed;
    session->context = context;
    session->io = io;
    session->alert_received = session->alert_sent = -1;
    session->patience = PATIENCE;
    session->shown = context->is_server ? 0 : -1;
    session->ssl = SSL_new(context->shown[0].ssl);
    if (session->ssl == NULL) goto failed;
    SSL_set_app_data(session->ssl, session);
    // One BIO serves all sessions of the loop: a session has it for the time of one call only.
    BIO_up_ref(bio);
    SSL_set_bio(session->ssl, bio, bio);
    if (context->is_server) {
        SSL_set_accept_state(session->ssl);
        return session;
    }
    SSL_set_connect_state(session->ssl);
    if (server_name[0] != 0
        && (SSL_set_tlsext_host_name(session->ssl, server_name) != 1
            || (session->server_name = strdup(server_name)) == NULL))
        goto failed;
    if (verify_name[0] != 0 && (session->verify_name = strdup(verify_name)) == NULL) goto failed;
    if (alpn_len > 0 && SSL_set_alpn_protos(session->ssl, alpn, (unsigned)alpn_len) != 0)
        goto failed;
    pillion_tls_kept_set(session);
    return session;
failed:
    ERR_clear_error();
    pillion_tls_session_free(session);
    return NULL;
}

void pillion_tls_session_free(pillion_tls_session *session) {
    if (session == NULL) return;
    if (session->ssl != NULL) {
        // A connection that was cut says nothing of its session: it may be resumed.
        SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(session->ssl);
    }
    X509_free(session->refused);
    X509_free(session->refused_leaf);
    free(session->server_name);
    free(session->verify_name);
    free(session);
}

// The error of a call that returned no success: what is to be done with the session.
static int outcome(pillion_tls_session *session, int returned) {
    if (session->is_flood) {
        ERR_clear_error();
        return PILLION_TLS_FAILED;
    }
    switch (SSL_get_error(session->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return PILLION_TLS_WANTS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        ERR_clear_error();
        return PILLION_TLS_ENDED;
    default: {
        unsigned long error = ERR_peek_error();
        session->reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : -1;
        ERR_clear_error();
        return PILLION_TLS_FAILED;
    }
    }
}

int pillion_tls_handshake(pillion_tls_session *session) {
    struct pillion_tls_io *io = session->io;
    if (session->first_count < sizeof(session->first) && io->in_len > 0) {
        size_t room = sizeof(session->first) - session->first_count;
        size_t taken = io->in_len < room ? io->in_len : room;
        memcpy(session->first + session->first_count, io->in, taken);
        session->first_count += (uint8_t)taken;
    }
    if (ERR_peek_error() != 0) ERR_clear_error();
    int returned = SSL_do_handshake(session->ssl);
    if (returned == 1) {
        session->is_done = 1;
        return PILLION_TLS_DONE;
    }
    int result = outcome(session, returned);
    return result == PILLION_TLS_ENDED ? PILLION_TLS_FAILED : result;
}

// Nothing is there to be read, in the input or in the library, which would take a buffer of 16 KiB
// to find that out and give it back at once.
static int has_nothing(const pillion_tls_session *session) {
    return session->io->in_len == 0 && session->is_done && !session->is_flood
           && !session->has_spare_buffers
           && (SSL_get_shutdown(session->ssl) & SSL_RECEIVED_SHUTDOWN) == 0
           && !SSL_has_pending(session->ssl);
}

long pillion_tls_read(pillion_tls_session *session, void *into, size_t capacity) {
    if (has_nothing(session)) return PILLION_TLS_WANTS_MORE;
    if (ERR_peek_error() != 0) ERR_clear_error();
    size_t count = 0;
    int returned = SSL_read_ex(session->ssl, into, capacity, &count);
    if (session->is_flood) return PILLION_TLS_FAILED;
    if (returned != 1) {
        // A ticket makes the library take a buffer for an answer that never comes.
        if (session->has_spare_buffers && session->io->in_len == 0) {
            session->has_spare_buffers = 0;
            int result = outcome(session, returned);
            if (result == PILLION_TLS_WANTS_MORE) SSL_free_buffers(session->ssl);
            return result;
        }
        return outcome(session, returned);
    }
    // A message about keys is borne for each MiB.
    session->plaintext += (uint32_t)count;
    if (session->plaintext >= 1 << 20) {
        session->plaintext &= (1 << 20) - 1;
        if (session->patience < PATIENCE) session->patience++;
    }
    return (long)count;
}

int pillion_tls_seal(pillion_tls_session *session, const void *bytes, size_t count) {
    if (ERR_peek_error() != 0) ERR_clear_error();
    const uint8_t *from = bytes;
    while (count > 0) {
        size_t written = 0;
        int returned = SSL_write_ex(session->ssl, from, count, &written);
        if (returned != 1) {
            (void)outcome(session, returned);
            return 0;
        }
        from += written;
        count -= written;
    }
    return 1;
}

void pillion_tls_shutdown(pillion_tls_session *session) {
    if (!session->is_done) return;
    if (ERR_peek_error() != 0) ERR_clear_error();
    if (SSL_shutdown(session->ssl) < 0) ERR_clear_error();
}

// Sees every record and message: alerts, for the failure's words, and messages that only cost.
void pillion_tls_message_callback(int is_sent, int version, int type, const void *bytes,
                                  size_t count, SSL *ssl, void *arg) {
    (void)version, (void)arg;
    const uint8_t *byte = bytes;
    pillion_tls_session *session = session_of(ssl);
    if (session == NULL) return;
    if (type == SSL3_RT_ALERT && count >= 2) {
        if (is_sent) session->alert_sent = byte[1];
        else session->alert_received = byte[1];
        return;
    }
    if (is_sent || !session->is_done) return;
    int costs = 0;
    if (type == SSL3_RT_HANDSHAKE) session->has_spare_buffers = 1;
    if (type == SSL3_RT_HANDSHAKE && count > 0) costs = byte[0] == SSL3_MT_KEY_UPDATE;
    // Before TLS 1.3 nothing but an attempt to renegotiate is a handshake's record now.
    if (type == SSL3_RT_HEADER && count > 0 && byte[0] == SSL3_RT_HANDSHAKE)
        costs = SSL_version(ssl) < TLS1_3_VERSION;
    if (!costs) return;
    if (session->patience-- <= 0) {
        session->is_flood = 1;
        // What still waits in this call is not worth reading.
        session->io->in_len = 0;
    }
}

void pillion_tls_session_failure(const pillion_tls_session *session,
                                 struct pillion_tls_failure *failure) {
    failure->reason = session->reason;
    failure->alert_received = session->alert_received;
    failure->alert_sent = session->alert_sent;
    failure->verify_error = session->verify_error;
    failure->verify_depth = session->verify_depth;
    failure->check = session->check;
    failure->is_flood = session->is_flood;
    failure->is_of_hello = !session->context->is_server && session->alert_received >= 0
                           && SSL_get_state(session->ssl) == TLS_ST_CW_CLNT_HELLO;
    memcpy(failure->first, session->first, sizeof(failure->first));
    failure->first_count = session->first_count;
}

int pillion_tls_failure_kind(const struct pillion_tls_failure *failure) {
    switch (failure->reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return PILLION_TLS_REASON_VERIFY_FAILED;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return PILLION_TLS_REASON_NO_CLIENT_CERTIFICATE;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_WRONG_CIPHER_RETURNED:
        return PILLION_TLS_REASON_NO_SHARED_CIPHER;
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_WRONG_SIGNATURE_TYPE:
        return PILLION_TLS_REASON_NO_SHARED_SIGNATURE;
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
        return PILLION_TLS_REASON_NO_SHARED_GROUP;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_UNKNOWN_PROTOCOL:
        return PILLION_TLS_REASON_PROTOCOL_VERSION;
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return PILLION_TLS_REASON_HTTP_REQUEST;
    case SSL_R_WRONG_VERSION_NUMBER:
        return PILLION_TLS_REASON_WRONG_VERSION_NUMBER;
    default:
        return PILLION_TLS_REASON_OTHER;
    }
}

size_t pillion_tls_reason_text(int reason, char *text, size_t capacity) {
    if (capacity == 0) return 0;
    const char *words = reason > 0 ? ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason)) : NULL;
    size_t count = 0;
    while (words != NULL && words[count] != 0 && count + 1 < capacity) {
        char letter = words[count];
        if (letter == ' ' || letter == '-' || letter == '/') letter = '_';
        if (letter >= 'a' && letter <= 'z') letter = (char)(letter - 32);
        text[count++] = letter;
    }
    text[count] = 0;
    return count;
}

const char *pillion_tls_verify_text(int verify_error) {
    return X509_verify_cert_error_string(verify_error);
}

const char *pillion_tls_alert_text(int alert) { return SSL_alert_desc_string_long(alert); }

int pillion_tls_verify_kind(int verify_error) {
    switch (verify_error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return PILLION_TLS_VERIFY_UNKNOWN_CA;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return PILLION_TLS_VERIFY_SELF_SIGNED;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return PILLION_TLS_VERIFY_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return PILLION_TLS_VERIFY_NOT_YET_VALID;
    case X509_V_ERR_CERT_REVOKED:
        return PILLION_TLS_VERIFY_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
        return PILLION_TLS_VERIFY_CRL;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_INVALID_CA:
        return PILLION_TLS_VERIFY_PURPOSE;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
        return PILLION_TLS_VERIFY_DEPTH;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return PILLION_TLS_VERIFY_SIGNATURE;
    default:
        return PILLION_TLS_VERIFY_OTHER;
    }
}

const pillion_x509 *pillion_tls_session_refused(const pillion_tls_session *session) {
    return (const pillion_x509 *)session->refused;
}

const pillion_x509 *pillion_tls_session_peer(const pillion_tls_session *session) {
    const X509 *leaf = SSL_get0_peer_certificate(session->ssl);
    return (const pillion_x509 *)(leaf != NULL ? leaf : session->refused_leaf);
}

int pillion_tls_session_version(const pillion_tls_session *session) {
    // Nothing is agreed on yet: what BoringSSL says then.
    if (SSL_get0_session(session->ssl) == NULL) return TLS1_2_VERSION;
    return SSL_version(session->ssl);
}

const char *pillion_tls_session_cipher(const pillion_tls_session *session) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);
    return cipher != NULL ? SSL_CIPHER_get_name(cipher) : "";
}

const char *pillion_tls_session_curve(const pillion_tls_session *session) {
    // The library looks for the group in a session that a refused handshake never had.
    if (SSL_get0_session(session->ssl) == NULL) return "";
    switch (SSL_get_negotiated_group(session->ssl)) {
    case NID_X25519:
        return "X25519";
    case NID_X448:
        return "X448";
    case NID_X9_62_prime256v1:
        return "P-256";
    case NID_secp384r1:
        return "P-384";
    case NID_secp521r1:
        return "P-521";
    default:
        return "";
    }
}

// One of three names, by the digest.
static const char *by_digest(int digest, const char *sha256, const char *sha384,
                             const char *sha512) {
    switch (digest) {
    case NID_sha256:
        return sha256;
    case NID_sha384:
        return sha384;
    case NID_sha512:
        return sha512;
    default:
        return "";
    }
}

const char *pillion_tls_session_signature(const pillion_tls_session *session) {
    int type = NID_undef, digest = NID_undef;
    if (SSL_session_reused(session->ssl)) return "";
    if (SSL_get_peer_signature_type_nid(session->ssl, &type) != 1) return "";
    if (type == EVP_PKEY_ED25519) return "ed25519";
    if (type == EVP_PKEY_ED448) return "ed448";
    if (SSL_get_peer_signature_nid(session->ssl, &digest) != 1) return "";
    switch (type) {
    case EVP_PKEY_EC:
        return by_digest(digest, "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384",
                         "ecdsa_secp521r1_sha512");
    case EVP_PKEY_RSA_PSS:
        return by_digest(digest, "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384",
                         "rsa_pss_rsae_sha512");
    case EVP_PKEY_RSA:
        return by_digest(digest, "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512");
    default:
        return "";
    }
}

int pillion_tls_session_staple(const pillion_tls_session *session) { return session->staple; }

const char *pillion_tls_session_demanded_name(const pillion_tls_session *session) {
    return session->verify_name;
}

const char *pillion_tls_session_server_name(const pillion_tls_session *session) {
    const char *name = SSL_get_servername(session->ssl, TLSEXT_NAMETYPE_host_name);
    return name != NULL ? name : "";
}

size_t pillion_tls_session_id(const pillion_tls_session *session, uint8_t *id) {
    const SSL_SESSION *resumable = SSL_get0_session(session->ssl);
    if (resumable == NULL) return 0;
    unsigned count = 0;
    const uint8_t *bytes = SSL_SESSION_get_id(resumable, &count);
    if (bytes == NULL || count > SSL_MAX_SSL_SESSION_ID_LENGTH) return 0;
    memcpy(id, bytes, count);
    return count;
}

size_t pillion_tls_session_alpn(const pillion_tls_session *session, const uint8_t **name) {
    unsigned count = 0;
    SSL_get0_alpn_selected(session->ssl, name, &count);
    return *name != NULL ? count : 0;
}

int pillion_tls_session_resumed(const pillion_tls_session *session) {
    return SSL_session_reused(session->ssl);
}

int pillion_tls_session_verified(const pillion_tls_session *session) {
    if (!SSL_session_reused(session->ssl)) return session->verified;
    // A session is resumed only within a context that demands the same, or as much.
    const pillion_tls_context *context = session->context;
    int demands = context->verifies_chain || context->domain_count > 0 || context->checks_leaf
                  || session->verify_name != NULL;
    return demands && !context->accepts_untrusted && SSL_get0_peer_certificate(session->ssl) != NULL;
}

long pillion_tls_session_identity(const pillion_tls_session *session) {
    return session->context->is_server || SSL_get_certificate(session->ssl) == NULL
               ? session->shown
               : 0;
}

void pillion_tls_session_peer_chain(const pillion_tls_session *session, pillion_tls_emit emit,
                                    void *arg) {
    X509 *leaf = SSL_get0_peer_certificate(session->ssl);
    if (leaf == NULL) return;
    pillion_x509_prints(leaf, emit, arg);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(session->ssl);
    // A client's chain has the leaf, a server's has not.
    int index = session->context->is_server ? 0 : 1;
    for (; chain != NULL && index < sk_X509_num(chain); index++)
        pillion_x509_prints(sk_X509_value(chain, index), emit, arg);
}
