// TLS over OpenSSL 3, as plain functions: contexts, sessions that read and write memory, and
// certificates in words. Nothing is allocated or initialised before the first context is made.
#ifndef PILLION_TLS_H
#define PILLION_TLS_H

#include <stddef.h>
#include <stdint.h>

typedef struct pillion_tls_context pillion_tls_context;
typedef struct pillion_tls_session pillion_tls_session;
typedef struct pillion_tls_identity pillion_tls_identity;
typedef struct pillion_tls_bundle pillion_tls_bundle;
// An X509 of OpenSSL.
typedef struct pillion_x509 pillion_x509;

// What all sessions of one event loop share: the ciphertext that is being read, and the one that
// waits to be sent. A session copies nothing else.
struct pillion_tls_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len, out_cap;
    // The BIO over this structure that all the sessions hold.
    void *bio;
};

struct pillion_tls_io *pillion_tls_io_new(void);
void pillion_tls_io_free(struct pillion_tls_io *io);
// Forgets what was to be sent, and gives back a buffer that one large call has made.
void pillion_tls_io_clear(struct pillion_tls_io *io);

// MARK: Errors

// The first error of OpenSSL that waits, in words, and forgets them all; returns its length.
size_t pillion_tls_take_error(char *text, size_t capacity);

// MARK: Identities: a certificate chain and its key

enum {
    PILLION_TLS_OK = 0,
    PILLION_TLS_NO_CERTIFICATE,
    PILLION_TLS_BAD_CERTIFICATE,
    PILLION_TLS_NO_KEY,
    PILLION_TLS_BAD_KEY,
    PILLION_TLS_WRONG_PASSWORD,
    PILLION_TLS_KEY_MISMATCH,
    PILLION_TLS_WEAK_KEY,
    PILLION_TLS_BAD_PKCS12,
    PILLION_TLS_NO_MEMORY,
    PILLION_TLS_BAD_CRL,
    PILLION_TLS_BAD_OCSP,
    PILLION_TLS_OTHER_OCSP,
};

// PEM, or PKCS #12 where `pkcs12_len` > 0. What was read before a failure is kept, so that the
// failure can name the certificate: `*identity` is set in every case but PILLION_TLS_NO_MEMORY.
int pillion_tls_identity_new(const uint8_t *chain, size_t chain_len, const uint8_t *key,
                             size_t key_len, const uint8_t *pkcs12, size_t pkcs12_len,
                             const uint8_t *password, size_t password_len, int has_password,
                             pillion_tls_identity **identity);
void pillion_tls_identity_free(pillion_tls_identity *identity);
// The leaf is 0; NULL past the end.
const pillion_x509 *pillion_tls_identity_certificate(const pillion_tls_identity *identity,
                                                     size_t index);
int pillion_tls_identity_has_key(const pillion_tls_identity *identity);
// A DER response of OCSP that is stapled: PILLION_TLS_OK, _BAD_OCSP or _OTHER_OCSP.
int pillion_tls_identity_staple(pillion_tls_identity *identity, const uint8_t *der, size_t len);
// The certificate promises a staple (RFC 7633).
int pillion_tls_identity_must_staple(const pillion_tls_identity *identity);

// MARK: Bundles: authorities and lists of revoked certificates

// PEM; what is neither a certificate nor a list is passed over.
int pillion_tls_bundle_new(const uint8_t *pem, size_t len, pillion_tls_bundle **bundle);
void pillion_tls_bundle_free(pillion_tls_bundle *bundle);
size_t pillion_tls_bundle_certificate_count(const pillion_tls_bundle *bundle);
size_t pillion_tls_bundle_crl_count(const pillion_tls_bundle *bundle);
// Seconds since 1970 at which a list is to be replaced; 0: it does not say.
int64_t pillion_tls_bundle_crl_next_update(const pillion_tls_bundle *bundle, size_t index);
const pillion_x509 *pillion_tls_bundle_certificate(const pillion_tls_bundle *bundle, size_t index);

// MARK: Contexts

enum {
    PILLION_TLS_VERIFY_NONE = 0,
    // A certificate is asked for, and looked at if there is one.
    PILLION_TLS_VERIFY_ASK,
    PILLION_TLS_VERIFY_DEMAND,
};

// What the caller's check says of a peer whose chain is trusted.
enum {
    PILLION_TLS_CHECK_PASSED = 0,
    PILLION_TLS_CHECK_NAME,
    PILLION_TLS_CHECK_HASH,
};
// `name`: the name that this session demands instead of the context's; its length is 0 for none.
typedef int (*pillion_tls_check)(const void *policy, const pillion_x509 *leaf, const uint8_t *name,
                                 size_t name_len);

// `identity_count`: how many certificates it will show; at least one set of parameters is made.
pillion_tls_context *pillion_tls_context_new(int is_server, size_t identity_count);
void pillion_tls_context_free(pillion_tls_context *context);
int pillion_tls_context_versions(pillion_tls_context *context, uint16_t min, uint16_t max);
// Names separated by colons. 0: no name is known.
int pillion_tls_context_ciphers(pillion_tls_context *context, const char *names);
int pillion_tls_context_groups(pillion_tls_context *context, const char *names);
int pillion_tls_context_signatures(pillion_tls_context *context, const char *names);
// As in the handshake: each name after its length.
int pillion_tls_context_alpn(pillion_tls_context *context, const uint8_t *wire, size_t len);
// The identity is copied by reference; it may be freed afterwards.
int pillion_tls_context_identity(pillion_tls_context *context, size_t index,
                                 const pillion_tls_identity *identity, int staple_policy);
void pillion_tls_context_selection(pillion_tls_context *context, int scans_all);
void pillion_tls_context_prefers_client(pillion_tls_context *context);

enum {
    PILLION_TLS_TRUST_CRL_LEAF = 1,
    PILLION_TLS_TRUST_CRL_ALL = 2,
    PILLION_TLS_TRUST_EXPIRED = 4,
};
// `bundle` may be NULL where only lists come; `depth` < 0: the library's limit.
int pillion_tls_context_trust(pillion_tls_context *context, const pillion_tls_bundle *bundle,
                              const pillion_tls_bundle *lists, int flags, int depth);
// One trust domain of SPIFFE and its authorities.
int pillion_tls_context_trust_domain(pillion_tls_context *context, const uint8_t *name,
                                     size_t name_len, const pillion_tls_bundle *bundle, int flags,
                                     int depth);
// `checks_leaf`: the check is for every peer, and not only where a session demands a name.
void pillion_tls_context_verify(pillion_tls_context *context, int mode, int accepts_untrusted,
                                int checks_leaf, pillion_tls_check check, const void *policy);
// Sessions that clients may come back to. `id` separates contexts that demand different things.
int pillion_tls_context_resumption(pillion_tls_context *context, const uint8_t *id, size_t id_len,
                                   int uses_tickets, int uses_cache, uint32_t timeout);
// 80 bytes each; the first encrypts. None: keys of the process, which change twice a day.
int pillion_tls_context_ticket_keys(pillion_tls_context *context, const uint8_t *keys,
                                    size_t count);
// Sessions that a client keeps to be resumed.
int pillion_tls_context_keeps_sessions(pillion_tls_context *context, uint32_t max);

// Names that OpenSSL knows; each is called with `arg`.
typedef void (*pillion_tls_emit)(void *arg, int field, const uint8_t *bytes, size_t count);
// 1: there is a cipher of TLS 1.2 or older by this name (OpenSSL's or the standard's); `name_out`
// gets OpenSSL's (64 bytes).
int pillion_tls_cipher_known(const char *name, char *name_out);
void pillion_tls_ciphers(pillion_tls_emit emit, void *arg);
int pillion_tls_group_known(const char *name);
int pillion_tls_signature_known(const char *name);
// SHA-256.
void pillion_tls_digest(const uint8_t *bytes, size_t count, uint8_t *out);
int pillion_tls_random(uint8_t *bytes, size_t count);

// MARK: Sessions

// NULL: no memory. The names may be empty; `alpn` replaces the context's where its length is > 0.
pillion_tls_session *pillion_tls_session_new(pillion_tls_context *context,
                                             struct pillion_tls_io *io, const char *server_name,
                                             const char *verify_name, const uint8_t *alpn,
                                             size_t alpn_len);
void pillion_tls_session_free(pillion_tls_session *session);

enum {
    PILLION_TLS_WANTS_MORE = 0,
    PILLION_TLS_DONE = 1,
    PILLION_TLS_ENDED = -1,
    PILLION_TLS_FAILED = -2,
};
int pillion_tls_handshake(pillion_tls_session *session);
// The count of bytes (> 0), or one of the values above that are not positive.
long pillion_tls_read(pillion_tls_session *session, void *into, size_t capacity);
// 1: all the bytes are in `out`.
int pillion_tls_seal(pillion_tls_session *session, const void *bytes, size_t count);
void pillion_tls_shutdown(pillion_tls_session *session);

// Why a session failed.
struct pillion_tls_failure {
    // Of OpenSSL, without the library; 0: none.
    int reason;
    // An alert that came, or that was sent; -1: none.
    int alert_received, alert_sent;
    // Of X509_verify_cert; 0: the chain was not at fault.
    int verify_error, verify_depth;
    // PILLION_TLS_CHECK_*, or PILLION_TLS_SPIFFE_* below.
    int check;
    // Too many key updates or attempts to renegotiate.
    int is_flood;
    // The peer answered this side's ClientHello with the alert.
    int is_of_hello;
    // What the peer sent first.
    uint8_t first[16];
    size_t first_count;
};
enum {
    PILLION_TLS_SPIFFE_ID = 16,
    PILLION_TLS_SPIFFE_IS_CA,
    PILLION_TLS_SPIFFE_SIGNS,
    PILLION_TLS_SPIFFE_DOMAIN,
};
// Names of the reasons that the caller tells apart.
enum {
    PILLION_TLS_REASON_VERIFY_FAILED = 1,
    PILLION_TLS_REASON_NO_CLIENT_CERTIFICATE,
    PILLION_TLS_REASON_NO_SHARED_CIPHER,
    PILLION_TLS_REASON_NO_SHARED_SIGNATURE,
    PILLION_TLS_REASON_NO_SHARED_GROUP,
    PILLION_TLS_REASON_PROTOCOL_VERSION,
    PILLION_TLS_REASON_HTTP_REQUEST,
    PILLION_TLS_REASON_WRONG_VERSION_NUMBER,
    PILLION_TLS_REASON_OTHER,
};
void pillion_tls_session_failure(const pillion_tls_session *session,
                                 struct pillion_tls_failure *failure);
int pillion_tls_failure_kind(const struct pillion_tls_failure *failure);
// OpenSSL's words for a reason, upper-case with underscores, as BoringSSL's names are.
size_t pillion_tls_reason_text(int reason, char *text, size_t capacity);
const char *pillion_tls_verify_text(int verify_error);
const char *pillion_tls_alert_text(int alert);
// The groups of verification errors that the caller tells apart.
enum {
    PILLION_TLS_VERIFY_OTHER = 0,
    PILLION_TLS_VERIFY_UNKNOWN_CA,
    PILLION_TLS_VERIFY_SELF_SIGNED,
    PILLION_TLS_VERIFY_EXPIRED,
    PILLION_TLS_VERIFY_NOT_YET_VALID,
    PILLION_TLS_VERIFY_REVOKED,
    PILLION_TLS_VERIFY_CRL,
    PILLION_TLS_VERIFY_PURPOSE,
    PILLION_TLS_VERIFY_DEPTH,
    PILLION_TLS_VERIFY_SIGNATURE,
};
int pillion_tls_verify_kind(int verify_error);
// The certificate that was at fault, and the leaf that the peer showed; NULL: none.
const pillion_x509 *pillion_tls_session_refused(const pillion_tls_session *session);
const pillion_x509 *pillion_tls_session_peer(const pillion_tls_session *session);

int pillion_tls_session_version(const pillion_tls_session *session);
const char *pillion_tls_session_cipher(const pillion_tls_session *session);
// The curve of the key exchange, as BoringSSL calls it; empty: none, or none that has a name there.
const char *pillion_tls_session_curve(const pillion_tls_session *session);
// What the peer signed with; empty: it did not sign, or the session was resumed.
const char *pillion_tls_session_signature(const pillion_tls_session *session);
// What became of the OCSP staple that a client asked for.
enum {
    PILLION_TLS_STAPLE_UNASKED = 0,
    PILLION_TLS_STAPLE_SENT,
    PILLION_TLS_STAPLE_OMITTED,
    PILLION_TLS_STAPLE_FAILED,
};
int pillion_tls_session_staple(const pillion_tls_session *session);
const char *pillion_tls_session_server_name(const pillion_tls_session *session);
// The DNS name that the peer's certificate must have; NULL: none in particular.
const char *pillion_tls_session_demanded_name(const pillion_tls_session *session);
size_t pillion_tls_session_id(const pillion_tls_session *session, uint8_t *id);
size_t pillion_tls_session_alpn(const pillion_tls_session *session, const uint8_t **name);
int pillion_tls_session_resumed(const pillion_tls_session *session);
// 1: verified; 0: nothing was demanded; -1: it was not trusted, and let in.
int pillion_tls_session_verified(const pillion_tls_session *session);
// Which of the context's identities was shown; -1: none.
long pillion_tls_session_identity(const pillion_tls_session *session);
// Each certificate that the peer sent, the leaf first: serial number, digests and PEM.
void pillion_tls_session_peer_chain(const pillion_tls_session *session, pillion_tls_emit emit,
                                    void *arg);

// MARK: Certificates in words

enum {
    PILLION_X509_SUBJECT = 0,
    PILLION_X509_ISSUER,
    PILLION_X509_SERIAL,
    PILLION_X509_SHA256,
    PILLION_X509_SHA1,
    PILLION_X509_URI,
    PILLION_X509_DNS,
    PILLION_X509_IP,
    PILLION_X509_EMAIL,
    // The dotted identifier, a NUL, then the value.
    PILLION_X509_OTHER,
    PILLION_X509_PEM,
};
// The fields up to PILLION_X509_EMAIL, and PEM where `with_pem`.
void pillion_x509_describe(const pillion_x509 *certificate, int with_pem, pillion_tls_emit emit,
                           void *arg);
// The names that may be compared: those with a NUL or bytes that their kind cannot have are left
// out.
void pillion_x509_names(const pillion_x509 *certificate, pillion_tls_emit emit, void *arg);
int64_t pillion_x509_not_before(const pillion_x509 *certificate);
int64_t pillion_x509_not_after(const pillion_x509 *certificate);
// SHA-256 of the DER form, and of the public key's.
int pillion_x509_digest(const pillion_x509 *certificate, uint8_t *out);
int pillion_x509_key_digest(const pillion_x509 *certificate, uint8_t *out);
int pillion_x509_is_authority(const pillion_x509 *certificate);
void pillion_x509_key_text(const pillion_x509 *certificate, char *text, size_t capacity);

#endif
