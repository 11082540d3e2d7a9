// What is demanded of a peer's certificate: its chain, SPIFFE's rules, and the caller's check.
#include "internal.h"

#include <string.h>
#include <time.h>

// Keeps what was at fault for the failure's words.
static int refuse(pillion_tls_session *session, X509_STORE_CTX *chain, int error, int depth,
                  X509 *certificate, int check) {
    session->verified = -1;
    if (session->context->accepts_untrusted) {
        X509_STORE_CTX_set_error(chain, X509_V_OK);
        ERR_clear_error();
        return 1;
    }
    session->verify_error = check == 0 ? error : 0;
    session->verify_depth = depth;
    session->check = check;
    if (certificate != NULL && X509_up_ref(certificate)) {
        X509_free(session->refused);
        session->refused = certificate;
    }
    X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    if (leaf != NULL && X509_up_ref(leaf)) {
        X509_free(session->refused_leaf);
        session->refused_leaf = leaf;
    }
    if (check == PILLION_TLS_CHECK_HASH) error = X509_V_ERR_CERT_REJECTED;
    else if (check != 0) error = REFUSED_BY_CHECK;
    // The alert says of both that the time is not the certificate's.
    else if (error == X509_V_ERR_CERT_NOT_YET_VALID) error = X509_V_ERR_CERT_HAS_EXPIRED;
    X509_STORE_CTX_set_error(chain, error);
    return 0;
}

// Envoy's SPIFFE validator, and the letter of the X.509-SVID text: one URI, `spiffe://domain/...`,
// of a certificate that signs nothing.
static int find_domain(const pillion_tls_context *context, X509 *leaf, struct trust_domain **found) {
    if (X509_get_extension_flags(leaf) & EXFLAG_CA) return PILLION_TLS_SPIFFE_IS_CA;
    uint32_t usage = X509_get_key_usage(leaf);
    if (usage != UINT32_MAX && (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0)
        return PILLION_TLS_SPIFFE_SIGNS;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    const ASN1_STRING *only = NULL;
    int uris = 0;
    for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        if (name->type != GEN_URI) continue;
        only = name->d.uniformResourceIdentifier;
        uris++;
    }
    int result = PILLION_TLS_SPIFFE_ID;
    static const char scheme[] = "spiffe://";
    size_t scheme_len = sizeof(scheme) - 1;
    if (uris == 1) {
        const char *bytes = (const char *)ASN1_STRING_get0_data(only);
        size_t count = (size_t)ASN1_STRING_length(only);
        const char *slash = NULL;
        if (count > scheme_len && memcmp(bytes, scheme, scheme_len) == 0
            && memchr(bytes, 0, count) == NULL)
            slash = memchr(bytes + scheme_len, '/', count - scheme_len);
        if (slash != NULL && slash > bytes + scheme_len) {
            size_t len = (size_t)(slash - bytes) - scheme_len;
            result = PILLION_TLS_SPIFFE_DOMAIN;
            for (size_t index = 0; index < context->domain_count; index++) {
                struct trust_domain *domain = &context->domains[index];
                if (domain->name_len == len && memcmp(domain->name, bytes + scheme_len, len) == 0) {
                    *found = domain;
                    result = PILLION_TLS_CHECK_PASSED;
                    break;
                }
            }
        }
    }
    GENERAL_NAMES_free(names);
    return result;
}

static int verify_in_domain(pillion_tls_session *session, X509_STORE_CTX *chain, X509 *leaf,
                            const struct trust_domain *domain) {
    X509_STORE_CTX *own = X509_STORE_CTX_new();
    int accepted = 0;
    // The parameters of the session have the purpose: a client's or a server's certificate.
    if (own == NULL || !X509_STORE_CTX_init(own, domain->store, leaf, X509_STORE_CTX_get0_untrusted(chain))
        || !X509_STORE_CTX_set_default(own, session->context->is_server ? "ssl_client" : "ssl_server")
        || !X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(own), X509_STORE_CTX_get0_param(chain))) {
        accepted = refuse(session, chain, X509_V_ERR_OUT_OF_MEM, 0, leaf, 0);
        X509_STORE_CTX_free(own);
        return accepted;
    }
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(own);
    X509_VERIFY_PARAM_set_flags(parameters, X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(domain->store)));
    if (domain->depth >= 0) X509_VERIFY_PARAM_set_depth(parameters, domain->depth);
    accepted = X509_verify_cert(own) > 0;
    if (accepted) {
        session->verified = 1;
    } else {
        accepted = refuse(session, chain, X509_STORE_CTX_get_error(own),
                          X509_STORE_CTX_get_error_depth(own), X509_STORE_CTX_get_current_cert(own), 0);
        // Whatever is wrong within a trust domain, the alert says no more than this.
        if (!accepted) X509_STORE_CTX_set_error(chain, REFUSED_BY_CHECK);
    }
    X509_STORE_CTX_free(own);
    return accepted;
}

// A session is not resumed for longer than the certificate is good. A server's own cache goes by
// this alone; of tickets and of what a client keeps the certificate is looked at again.
static void bound_session(const pillion_tls_context *context, SSL *ssl, X509 *leaf) {
    if (context->ignores_time) return;
    SSL_SESSION *resumable = SSL_get_session(ssl);
    if (resumable == NULL) return;
    int64_t left = pillion_asn1_seconds(X509_get0_notAfter(leaf)) - (int64_t)time(NULL);
    if (left < 0) left = 0;
    if (left < SSL_SESSION_get_timeout(resumable)) SSL_SESSION_set_timeout(resumable, (long)left);
}

int pillion_tls_verify_callback(X509_STORE_CTX *chain, void *arg) {
    pillion_tls_context *context = arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    pillion_tls_session *session = ssl != NULL ? session_of(ssl) : NULL;
    X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    if (session == NULL || leaf == NULL) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    if (context->domain_count > 0) {
        struct trust_domain *domain = NULL;
        int check = find_domain(context, leaf, &domain);
        if (check != PILLION_TLS_CHECK_PASSED) return refuse(session, chain, 0, 0, leaf, check);
        if (!verify_in_domain(session, chain, leaf, domain)) return 0;
        if (session->verified < 0) return 1;
        bound_session(context, ssl, leaf);
    } else if (context->verifies_chain) {
        if (X509_verify_cert(chain) <= 0)
            return refuse(session, chain, X509_STORE_CTX_get_error(chain),
                          X509_STORE_CTX_get_error_depth(chain),
                          X509_STORE_CTX_get_current_cert(chain), 0);
        session->verified = 1;
        bound_session(context, ssl, leaf);
    }
    if (context->checks_leaf || session->verify_name != NULL) {
        const char *name = session->verify_name != NULL ? session->verify_name : "";
        int check = context->check == NULL
                        ? PILLION_TLS_CHECK_NAME
                        : context->check(context->policy, (const pillion_x509 *)leaf,
                                         (const uint8_t *)name, strlen(name));
        if (check != PILLION_TLS_CHECK_PASSED) return refuse(session, chain, 0, 0, leaf, check);
        session->verified = 1;
    }
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    ERR_clear_error();
    return 1;
}

X509_STORE *pillion_tls_store(const pillion_tls_bundle *bundle, const pillion_tls_bundle *lists,
                              int flags) {
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) return NULL;
    int has_lists = 0;
    const pillion_tls_bundle *parts[2] = {bundle, lists};
    for (int part = 0; part < 2; part++) {
        if (parts[part] == NULL) continue;
        for (int index = 0; part == 0 && index < sk_X509_num(parts[part]->certificates); index++)
            X509_STORE_add_cert(store, sk_X509_value(parts[part]->certificates, index));
        for (int index = 0; index < sk_X509_CRL_num(parts[part]->lists); index++) {
            X509_STORE_add_crl(store, sk_X509_CRL_value(parts[part]->lists, index));
            has_lists = 1;
        }
    }
    unsigned long set = 0;
    if (has_lists && (flags & (PILLION_TLS_TRUST_CRL_LEAF | PILLION_TLS_TRUST_CRL_ALL))) {
        set |= X509_V_FLAG_CRL_CHECK;
        if (flags & PILLION_TLS_TRUST_CRL_ALL) set |= X509_V_FLAG_CRL_CHECK_ALL;
    }
    if (flags & PILLION_TLS_TRUST_EXPIRED) set |= X509_V_FLAG_NO_CHECK_TIME;
    X509_STORE_set_flags(store, set);
    return store;
}
