// Which certificate a server shows: by the name that the client asks for, then by the kind of key.
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CURVES_MAX 8

static char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter; }

static int add_name(struct shown *shown, const unsigned char *bytes, int count) {
    if (count <= 0 || count > 255 || memchr(bytes, 0, (size_t)count) != NULL) return 1;
    // Of `*.example.com` the name `.example.com` is kept.
    if (count > 2 && bytes[0] == '*' && bytes[1] == '.') bytes++, count--;
    char **names = realloc(shown->names, (shown->name_count + 1) * sizeof(char *));
    if (names == NULL) return 0;
    shown->names = names;
    char *name = malloc((size_t)count + 1);
    if (name == NULL) return 0;
    for (int index = 0; index < count; index++) name[index] = lower((char)bytes[index]);
    name[count] = 0;
    names[shown->name_count++] = name;
    return 1;
}

int pillion_tls_describe_names(struct shown *shown, X509 *leaf) {
    int added = 1;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    if (names != NULL) {
        for (int index = 0; added && index < sk_GENERAL_NAME_num(names); index++) {
            const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
            if (name->type != GEN_DNS) continue;
            added = add_name(shown, ASN1_STRING_get0_data(name->d.dNSName),
                             ASN1_STRING_length(name->d.dNSName));
        }
        GENERAL_NAMES_free(names);
    } else {
        // Our own certificate without any alternative name is known by its subject, as in Envoy.
        const X509_NAME *subject = X509_get_subject_name(leaf);
        int position = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
        if (position >= 0) {
            const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, position));
            added = add_name(shown, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
        }
    }
    const EVP_PKEY *key = X509_get0_pubkey(leaf);
    if (key != NULL && EVP_PKEY_is_a(key, "EC")) {
        char group[64];
        size_t count = 0;
        if (EVP_PKEY_get_group_name(key, group, sizeof(group), &count)) shown->curve = OBJ_txt2nid(group);
    }
    return added;
}

static size_t u16(const unsigned char *bytes) { return (size_t)bytes[0] << 8 | bytes[1]; }

// The curves whose signatures the client can check; the values are of groups and of signature
// algorithms, as TLS 1.2 and 1.3 name them.
static int curves_in(const unsigned char *bytes, size_t count, int *curves) {
    int found = 0;
    if (count < 2 || u16(bytes) > count - 2) return 0;
    size_t end = 2 + u16(bytes);
    for (size_t at = 2; at + 1 < end && found < CURVES_MAX; at += 2) {
        switch (u16(bytes + at)) {
        case 0x0403: case 23: curves[found++] = NID_X9_62_prime256v1; break;
        case 0x0503: case 24: curves[found++] = NID_secp384r1; break;
        case 0x0603: case 25: curves[found++] = NID_secp521r1; break;
        default: break;
        }
    }
    return found;
}

static int client_curves(const pillion_tls_context *context, SSL *ssl, int *curves) {
    const unsigned char *bytes;
    size_t count;
    if (context->max_version >= TLS1_3_VERSION
        && SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &bytes, &count)) {
        if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_signature_algorithms, &bytes, &count)) return 0;
        return curves_in(bytes, count, curves);
    }
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_groups, &bytes, &count)) return 0;
    int found = curves_in(bytes, count, curves);
    if (found == 0) return 0;
    size_t suites = SSL_client_hello_get0_ciphers(ssl, &bytes);
    for (size_t at = 0; at + 1 < suites; at += 2) {
        const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, bytes + at);
        if (cipher != NULL && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_ecdsa) return found;
    }
    return 0;
}

// The name of the hello; 0 where there is none, or none that can be one.
static size_t asked_name(SSL *ssl, char *name, size_t capacity) {
    const unsigned char *bytes;
    size_t count;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &count)) return 0;
    if (count < 5 || u16(bytes) + 2 != count || bytes[2] != TLSEXT_NAMETYPE_host_name) return 0;
    size_t length = u16(bytes + 3);
    if (length == 0 || length > count - 5 || length >= capacity) return 0;
    for (size_t index = 0; index < length; index++) {
        if (bytes[5 + index] == 0) return 0;
        name[index] = lower((char)bytes[5 + index]);
    }
    name[length] = 0;
    return length;
}

static int has_name(const struct shown *shown, const char *name) {
    for (size_t index = 0; index < shown->name_count; index++)
        if (strcmp(shown->names[index], name) == 0) return 1;
    return 0;
}

static int has_good_staple(const struct shown *shown) {
    return shown->staple != NULL && (shown->staple_end == 0 || shown->staple_end > (int64_t)time(NULL));
}

// 0: the policy forbids to show the certificate without a good staple.
static int may_show(const struct shown *shown, int asks_for_staple) {
    if (!asks_for_staple || has_good_staple(shown)) return 1;
    int policy = shown->must_staple ? 2 : shown->staple_policy;
    return policy == 0 || (policy == 1 && shown->staple == NULL);
}

// Among the certificates of one name (all where it is NULL) the first of a kind that the client can
// check: ECDSA where it can, and an RSA one rather than none.
static long choose(const pillion_tls_context *context, const char *name, const int *curves, int count,
                   int asks_for_staple) {
    long candidate = -1;
    for (size_t index = 0; index < context->shown_count; index++) {
        const struct shown *shown = &context->shown[index];
        if ((name != NULL && !has_name(shown, name)) || !may_show(shown, asks_for_staple)) continue;
        if (shown->curve == 0) {
            if (count == 0) return (long)index;
            if (candidate < 0) candidate = (long)index;
            continue;
        }
        for (int each = 0; each < count; each++)
            if (curves[each] == shown->curve) return (long)index;
    }
    return candidate;
}

int pillion_tls_hello_callback(SSL *ssl, int *alert, void *arg) {
    pillion_tls_context *context = arg;
    pillion_tls_session *session = session_of(ssl);
    const unsigned char *unused;
    size_t unused_len;
    int curves[CURVES_MAX];
    int count = client_curves(context, ssl, curves);
    int asks = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_status_request, &unused, &unused_len);
    char name[256];
    long chosen = -1;
    int scans = 1;
    if (asked_name(ssl, name, sizeof(name)) > 0) {
        chosen = choose(context, name, curves, count, asks);
        const char *rest = strchr(name + 1, '.');
        if (chosen < 0 && rest != NULL && rest[1] != 0)
            chosen = choose(context, rest, curves, count, asks);
        scans = context->scans_all;
    }
    if (chosen < 0 && scans) chosen = choose(context, NULL, curves, count, asks);
    if (chosen < 0) {
        chosen = 0;
        if (!may_show(&context->shown[0], asks)) {
            if (session != NULL) session->staple = PILLION_TLS_STAPLE_FAILED;
            *alert = SSL_AD_INTERNAL_ERROR;
            return SSL_CLIENT_HELLO_ERROR;
        }
    }
    if (session != NULL) session->shown = (int16_t)chosen;
    SSL_set_SSL_CTX(ssl, context->shown[chosen].ssl);
    return SSL_CLIENT_HELLO_SUCCESS;
}

int pillion_tls_staple_callback(SSL *ssl, void *arg) {
    const pillion_tls_context *context = arg;
    pillion_tls_session *session = session_of(ssl);
    if (session == NULL) return SSL_TLSEXT_ERR_NOACK;
    const struct shown *shown = &context->shown[session->shown > 0 ? session->shown : 0];
    if (!has_good_staple(shown)) {
        int may_go_on = may_show(shown, 1);
        session->staple = may_go_on ? PILLION_TLS_STAPLE_OMITTED : PILLION_TLS_STAPLE_FAILED;
        return may_go_on ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    uint8_t *copy = OPENSSL_memdup(shown->staple, shown->staple_len);
    if (copy == NULL) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)shown->staple_len);
    session->staple = PILLION_TLS_STAPLE_SENT;
    return SSL_TLSEXT_ERR_OK;
}
