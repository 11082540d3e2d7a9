// What the files of this target share.
#ifndef PILLION_TLS_INTERNAL_H
#define PILLION_TLS_INTERNAL_H

#include "pillion_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>

struct pillion_tls_identity {
    X509 *leaf;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
    uint8_t *staple;
    size_t staple_len;
    // Seconds since 1970 after which the staple says nothing any more; 0: it does not say.
    int64_t staple_end;
};

struct pillion_tls_bundle {
    STACK_OF(X509) *certificates;
    STACK_OF(X509_CRL) *lists;
};

// One certificate that a server may show.
struct shown {
    SSL_CTX *ssl;
    // In lower case; of a wildcard what follows the star.
    char **names;
    size_t name_count;
    // The curve of its key; 0: it is none of ECDSA's.
    int curve;
    uint8_t *staple;
    size_t staple_len;
    int64_t staple_end;
    int staple_policy;
    int must_staple;
};

struct trust_domain {
    char *name;
    size_t name_len;
    X509_STORE *store;
    int depth;
};

// A session that a client keeps, for the name that was sent and the one that was verified.
struct kept {
    SSL_SESSION *session;
    char *server_name, *verify_name;
};

struct pillion_tls_context {
    int is_server;
    struct shown *shown;
    size_t shown_count;
    int scans_all;
    uint16_t max_version;
    uint8_t *alpn;
    size_t alpn_len;

    int verifies_chain;
    int checks_leaf;
    int accepts_untrusted;
    int ignores_time;
    struct trust_domain *domains;
    size_t domain_count;
    pillion_tls_check check;
    const void *policy;

    uint8_t *ticket_keys;
    size_t ticket_key_count;

    pthread_mutex_t kept_lock;
    struct kept *kept;
    uint32_t kept_count, kept_max;
};

struct pillion_tls_session {
    SSL *ssl;
    pillion_tls_context *context;
    struct pillion_tls_io *io;
    // NULL: none.
    char *server_name, *verify_name;
    X509 *refused;
    // The leaf that was refused, or whose chain was: the library forgets it.
    X509 *refused_leaf;
    int reason;
    int verify_error, verify_depth, check, verified;
    int is_done, is_flood, has_spare_buffers;
    int16_t alert_received, alert_sent;
    // How many more messages may come that cost more than they bring.
    int32_t patience;
    uint32_t plaintext;
    int16_t shown;
    // PILLION_TLS_STAPLE_*.
    uint8_t staple;
    uint8_t first_count;
    uint8_t first[16];
};

#define KEY_BYTES 80
#define PATIENCE 32

// Set where a check of the caller refused: the alert is certificate_unknown, as for every code that
// OpenSSL's table does not have.
#define REFUSED_BY_CHECK 9999

void pillion_tls_start(void);
X509_STORE *pillion_tls_store(const pillion_tls_bundle *bundle, const pillion_tls_bundle *lists,
                              int flags);
int pillion_tls_verify_callback(X509_STORE_CTX *chain, void *arg);
int pillion_tls_hello_callback(SSL *ssl, int *alert, void *arg);
int pillion_tls_staple_callback(SSL *ssl, void *arg);
int pillion_tls_describe_names(struct shown *shown, X509 *leaf);
int pillion_tls_ticket_callback(SSL *ssl, unsigned char *name, unsigned char *iv,
                                EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypts);
SSL_TICKET_RETURN pillion_tls_ticket_opened(SSL *ssl, SSL_SESSION *session,
                                            const unsigned char *name, size_t len,
                                            SSL_TICKET_STATUS status, void *arg);
void pillion_tls_kept_free(struct kept *kept);
void pillion_tls_kept_set(pillion_tls_session *session);
int pillion_tls_kept_new(SSL *ssl, SSL_SESSION *session);
// What stands in the list of a chain: the serial number, the digests and PEM.
void pillion_x509_prints(const X509 *x509, pillion_tls_emit emit, void *arg);
int64_t pillion_asn1_seconds(const ASN1_TIME *time);

static inline pillion_tls_session *session_of(const SSL *ssl) { return SSL_get_app_data(ssl); }

#endif
