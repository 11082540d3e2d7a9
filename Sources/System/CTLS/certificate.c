// Certificates: read from PEM, PKCS #12 and OCSP, and told in words.
#define _GNU_SOURCE
#include "internal.h"

#include <arpa/inet.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

struct password {
    const uint8_t *bytes;
    size_t count;
    int is_there, was_asked;
};

static int give_password(char *into, int capacity, int is_write, void *arg) {
    (void)is_write;
    struct password *password = arg;
    password->was_asked = 1;
    if (!password->is_there || password->count > (size_t)capacity) return -1;
    memcpy(into, password->bytes, password->count);
    return (int)password->count;
}

static BIO *reader(const uint8_t *bytes, size_t count) {
    return count <= INT32_MAX ? BIO_new_mem_buf(bytes, (int)count) : NULL;
}

// 1: nothing but the end of the input stopped the reading.
static int is_at_end(void) {
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static int read_chain(pillion_tls_identity *identity, const uint8_t *pem, size_t len) {
    BIO *bio = reader(pem, len);
    if (bio == NULL) return PILLION_TLS_NO_MEMORY;
    int result = PILLION_TLS_OK;
    identity->leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (identity->leaf == NULL) {
        result = is_at_end() ? PILLION_TLS_NO_CERTIFICATE : PILLION_TLS_BAD_CERTIFICATE;
    } else {
        X509 *next;
        while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
            if (!sk_X509_push(identity->chain, next)) {
                X509_free(next);
                result = PILLION_TLS_NO_MEMORY;
                break;
            }
        if (result == PILLION_TLS_OK && !is_at_end()) result = PILLION_TLS_BAD_CERTIFICATE;
    }
    if (result == PILLION_TLS_OK) ERR_clear_error();
    BIO_free(bio);
    return result;
}

static int read_key(pillion_tls_identity *identity, const uint8_t *pem, size_t len,
                    struct password *password) {
    BIO *bio = reader(pem, len);
    if (bio == NULL) return PILLION_TLS_NO_MEMORY;
    identity->key = PEM_read_bio_PrivateKey(bio, NULL, give_password, password);
    int result = PILLION_TLS_OK;
    if (identity->key == NULL) {
        static const char block[] = " PRIVATE KEY-----";
        result = password->was_asked                                  ? PILLION_TLS_WRONG_PASSWORD
                 : memmem(pem, len, block, sizeof(block) - 1) == NULL ? PILLION_TLS_NO_KEY
                                                                      : PILLION_TLS_BAD_KEY;
    } else {
        ERR_clear_error();
    }
    BIO_free(bio);
    return result;
}

static int read_pkcs12(pillion_tls_identity *identity, const uint8_t *der, size_t len,
                       const struct password *password) {
    BIO *bio = reader(der, len);
    if (bio == NULL) return PILLION_TLS_NO_MEMORY;
    PKCS12 *file = d2i_PKCS12_bio(bio, NULL);
    BIO_free(bio);
    if (file == NULL) return PILLION_TLS_BAD_PKCS12;
    char *text = calloc(1, password->count + 1);
    if (text == NULL) {
        PKCS12_free(file);
        return PILLION_TLS_NO_MEMORY;
    }
    if (password->count > 0) memcpy(text, password->bytes, password->count);
    STACK_OF(X509) *chain = NULL;
    int result = PILLION_TLS_OK;
    if (!PKCS12_verify_mac(file, text, -1) && !(password->count == 0 && PKCS12_verify_mac(file, NULL, 0))) {
        result = PILLION_TLS_WRONG_PASSWORD;
    } else if (!PKCS12_parse(file, text, &identity->key, &identity->leaf, &chain)) {
        result = PILLION_TLS_BAD_PKCS12;
    } else if (identity->leaf == NULL) {
        result = PILLION_TLS_NO_CERTIFICATE;
    } else if (identity->key == NULL) {
        result = PILLION_TLS_NO_KEY;
    }
    if (chain != NULL) {
        sk_X509_pop_free(identity->chain, X509_free);
        identity->chain = chain;
    }
    OPENSSL_cleanse(text, password->count);
    free(text);
    PKCS12_free(file);
    return result;
}

int pillion_tls_identity_new(const uint8_t *chain, size_t chain_len, const uint8_t *key,
                             size_t key_len, const uint8_t *pkcs12, size_t pkcs12_len,
                             const uint8_t *password_bytes, size_t password_len, int has_password,
                             pillion_tls_identity **identity) {
    pillion_tls_start();
    ERR_clear_error();
    pillion_tls_identity *made = calloc(1, sizeof(*made));
    *identity = made;
    if (made == NULL) return PILLION_TLS_NO_MEMORY;
    made->chain = sk_X509_new_null();
    if (made->chain == NULL) {
        free(made);
        *identity = NULL;
        return PILLION_TLS_NO_MEMORY;
    }
    struct password password = {password_bytes, password_len, has_password, 0};
    int result;
    if (pkcs12_len > 0) {
        result = read_pkcs12(made, pkcs12, pkcs12_len, &password);
    } else {
        result = read_chain(made, chain, chain_len);
        // A key is looked at also where the chain is at fault: both problems are told at once by
        // those who ask for all of them.
        if (result == PILLION_TLS_OK) result = read_key(made, key, key_len, &password);
    }
    if (result != PILLION_TLS_OK) return result;
    if (X509_check_private_key(made->leaf, made->key) != 1) return PILLION_TLS_KEY_MISMATCH;
    if (EVP_PKEY_is_a(made->key, "RSA") && EVP_PKEY_get_bits(made->key) < 2048)
        return PILLION_TLS_WEAK_KEY;
    return PILLION_TLS_OK;
}

void pillion_tls_identity_free(pillion_tls_identity *identity) {
    if (identity == NULL) return;
    X509_free(identity->leaf);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    free(identity->staple);
    free(identity);
}

const pillion_x509 *pillion_tls_identity_certificate(const pillion_tls_identity *identity,
                                                     size_t index) {
    if (index == 0) return (const pillion_x509 *)identity->leaf;
    if (index > (size_t)sk_X509_num(identity->chain)) return NULL;
    return (const pillion_x509 *)sk_X509_value(identity->chain, (int)index - 1);
}

int pillion_tls_identity_has_key(const pillion_tls_identity *identity) { return identity->key != NULL; }

int pillion_tls_identity_must_staple(const pillion_tls_identity *identity) {
    TLS_FEATURE *features = X509_get_ext_d2i(identity->leaf, NID_tlsfeature, NULL, NULL);
    int found = 0;
    for (int index = 0; index < sk_ASN1_INTEGER_num(features); index++)
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, index)) == TLSEXT_TYPE_status_request)
            found = 1;
    TLS_FEATURE_free(features);
    return found;
}

int pillion_tls_identity_staple(pillion_tls_identity *identity, const uint8_t *der, size_t len) {
    const unsigned char *at = der;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)len);
    OCSP_BASICRESP *basic = response != NULL ? OCSP_response_get1_basic(response) : NULL;
    int result = PILLION_TLS_BAD_OCSP;
    if (basic != NULL && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
        && OCSP_resp_count(basic) > 0) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, 0);
        ASN1_GENERALIZEDTIME *next = NULL;
        ASN1_INTEGER *serial = NULL;
        OCSP_single_get0_status(single, NULL, NULL, NULL, &next);
        OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single));
        if (serial == NULL || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(identity->leaf)) != 0) {
            result = PILLION_TLS_OTHER_OCSP;
        } else {
            identity->staple = malloc(len);
            if (identity->staple != NULL) {
                memcpy(identity->staple, der, len);
                identity->staple_len = len;
                identity->staple_end = next != NULL ? pillion_asn1_seconds(next) : 0;
                result = PILLION_TLS_OK;
            }
        }
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return result;
}

// MARK: - Bundles

int pillion_tls_bundle_new(const uint8_t *pem, size_t len, pillion_tls_bundle **bundle) {
    pillion_tls_start();
    ERR_clear_error();
    *bundle = NULL;
    pillion_tls_bundle *made = calloc(1, sizeof(*made));
    BIO *bio = reader(pem, len);
    if (made == NULL || bio == NULL) {
        free(made);
        BIO_free(bio);
        return PILLION_TLS_NO_MEMORY;
    }
    made->certificates = sk_X509_new_null();
    made->lists = sk_X509_CRL_new_null();
    STACK_OF(X509_INFO) *infos = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
    BIO_free(bio);
    int result = infos != NULL ? PILLION_TLS_OK : PILLION_TLS_BAD_CERTIFICATE;
    for (int index = 0; index < sk_X509_INFO_num(infos); index++) {
        X509_INFO *info = sk_X509_INFO_value(infos, index);
        if (info->x509 != NULL && sk_X509_push(made->certificates, info->x509)) info->x509 = NULL;
        if (info->crl != NULL && sk_X509_CRL_push(made->lists, info->crl)) info->crl = NULL;
    }
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    if (result == PILLION_TLS_OK && sk_X509_num(made->certificates) <= 0
        && sk_X509_CRL_num(made->lists) <= 0)
        result = PILLION_TLS_NO_CERTIFICATE;
    *bundle = made;
    if (result == PILLION_TLS_OK) ERR_clear_error();
    return result;
}

void pillion_tls_bundle_free(pillion_tls_bundle *bundle) {
    if (bundle == NULL) return;
    sk_X509_pop_free(bundle->certificates, X509_free);
    sk_X509_CRL_pop_free(bundle->lists, X509_CRL_free);
    free(bundle);
}

size_t pillion_tls_bundle_certificate_count(const pillion_tls_bundle *bundle) {
    int count = sk_X509_num(bundle->certificates);
    return count > 0 ? (size_t)count : 0;
}

size_t pillion_tls_bundle_crl_count(const pillion_tls_bundle *bundle) {
    int count = sk_X509_CRL_num(bundle->lists);
    return count > 0 ? (size_t)count : 0;
}

int64_t pillion_tls_bundle_crl_next_update(const pillion_tls_bundle *bundle, size_t index) {
    const X509_CRL *list = sk_X509_CRL_value(bundle->lists, (int)index);
    const ASN1_TIME *next = list != NULL ? X509_CRL_get0_nextUpdate(list) : NULL;
    return next != NULL ? pillion_asn1_seconds(next) : 0;
}

const pillion_x509 *pillion_tls_bundle_certificate(const pillion_tls_bundle *bundle, size_t index) {
    return (const pillion_x509 *)sk_X509_value(bundle->certificates, (int)index);
}

// MARK: - In words

int64_t pillion_asn1_seconds(const ASN1_TIME *time) {
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    if (epoch != NULL) ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

int64_t pillion_x509_not_before(const pillion_x509 *certificate) {
    return pillion_asn1_seconds(X509_get0_notBefore((const X509 *)certificate));
}

int64_t pillion_x509_not_after(const pillion_x509 *certificate) {
    return pillion_asn1_seconds(X509_get0_notAfter((const X509 *)certificate));
}

static void emit_hex(pillion_tls_emit emit, void *arg, int field, const uint8_t *bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    uint8_t text[2 * EVP_MAX_MD_SIZE];
    if (count > EVP_MAX_MD_SIZE) return;
    for (size_t index = 0; index < count; index++) {
        text[2 * index] = (uint8_t)digits[bytes[index] >> 4];
        text[2 * index + 1] = (uint8_t)digits[bytes[index] & 15];
    }
    emit(arg, field, text, 2 * count);
}

static void emit_name(pillion_tls_emit emit, void *arg, int field, const X509_NAME *name) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) return;
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        char *bytes = NULL;
        long count = BIO_get_mem_data(bio, &bytes);
        emit(arg, field, (const uint8_t *)bytes, count > 0 ? (size_t)count : 0);
    }
    BIO_free(bio);
}

static void emit_string(pillion_tls_emit emit, void *arg, int field, const ASN1_STRING *string) {
    const uint8_t *bytes = ASN1_STRING_get0_data(string);
    int count = ASN1_STRING_length(string);
    // These kinds are IA5: a byte of eight bits or one that nobody can read is a trick or a mistake.
    // Names go into headers and logs, where a line's end would begin another line.
    for (int index = 0; index < count; index++)
        if (bytes[index] < 0x20 || bytes[index] >= 0x7f) return;
    if (count > 0) emit(arg, field, bytes, (size_t)count);
}

static void emit_other(pillion_tls_emit emit, void *arg, const OTHERNAME *name) {
    char text[512];
    int used = OBJ_obj2txt(text, 128, name->type_id, 1);
    if (used <= 0 || used >= 128 || name->value == NULL) return;
    text[used++] = 0;
    const uint8_t *bytes = NULL;
    unsigned char *converted = NULL;
    int count = -1;
    switch (name->value->type) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_GENERALSTRING:
    case V_ASN1_OCTET_STRING:
        bytes = ASN1_STRING_get0_data(name->value->value.asn1_string);
        count = ASN1_STRING_length(name->value->value.asn1_string);
        break;
    case V_ASN1_T61STRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
        count = ASN1_STRING_to_UTF8(&converted, name->value->value.asn1_string);
        bytes = converted;
        break;
    default:
        break;
    }
    if (bytes != NULL && count >= 0 && (size_t)count < sizeof(text) - (size_t)used
        && memchr(bytes, 0, (size_t)count) == NULL) {
        memcpy(text + used, bytes, (size_t)count);
        emit(arg, PILLION_X509_OTHER, (const uint8_t *)text, (size_t)(used + count));
    }
    OPENSSL_free(converted);
}

void pillion_x509_names(const pillion_x509 *certificate, pillion_tls_emit emit, void *arg) {
    GENERAL_NAMES *names =
        X509_get_ext_d2i((const X509 *)certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        switch (name->type) {
        case GEN_URI:
            emit_string(emit, arg, PILLION_X509_URI, name->d.uniformResourceIdentifier);
            break;
        case GEN_DNS:
            emit_string(emit, arg, PILLION_X509_DNS, name->d.dNSName);
            break;
        case GEN_EMAIL:
            emit_string(emit, arg, PILLION_X509_EMAIL, name->d.rfc822Name);
            break;
        case GEN_IPADD: {
            char text[INET6_ADDRSTRLEN];
            int count = ASN1_STRING_length(name->d.iPAddress);
            int family = count == 4 ? AF_INET : AF_INET6;
            if (count != 4 && count != 16) break;
            if (inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof(text)) != NULL)
                emit(arg, PILLION_X509_IP, (const uint8_t *)text, strlen(text));
            break;
        }
        case GEN_OTHERNAME:
            emit_other(emit, arg, name->d.otherName);
            break;
        default:
            break;
        }
    }
    GENERAL_NAMES_free(names);
}

static void emit_pem(const X509 *x509, pillion_tls_emit emit, void *arg) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) return;
    char *bytes = NULL;
    if (PEM_write_bio_X509(bio, (X509 *)x509)) {
        long length = BIO_get_mem_data(bio, &bytes);
        if (length > 0) emit(arg, PILLION_X509_PEM, (const uint8_t *)bytes, (size_t)length);
    }
    BIO_free(bio);
}

static void emit_numbers(const X509 *x509, pillion_tls_emit emit, void *arg) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    const uint8_t *number = serial != NULL ? ASN1_STRING_get0_data(serial) : NULL;
    if (number != NULL)
        emit_hex(emit, arg, PILLION_X509_SERIAL, number, (size_t)ASN1_STRING_length(serial));
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    if (X509_digest(x509, EVP_sha256(), digest, &count))
        emit_hex(emit, arg, PILLION_X509_SHA256, digest, count);
    if (X509_digest(x509, EVP_sha1(), digest, &count))
        emit_hex(emit, arg, PILLION_X509_SHA1, digest, count);
}

void pillion_x509_prints(const X509 *x509, pillion_tls_emit emit, void *arg) {
    emit_numbers(x509, emit, arg);
    emit_pem(x509, emit, arg);
}

void pillion_x509_describe(const pillion_x509 *certificate, int with_pem, pillion_tls_emit emit,
                           void *arg) {
    const X509 *x509 = (const X509 *)certificate;
    emit_name(emit, arg, PILLION_X509_SUBJECT, X509_get_subject_name(x509));
    emit_name(emit, arg, PILLION_X509_ISSUER, X509_get_issuer_name(x509));
    emit_numbers(x509, emit, arg);
    pillion_x509_names(certificate, emit, arg);
    if (with_pem) emit_pem(x509, emit, arg);
}

int pillion_x509_digest(const pillion_x509 *certificate, uint8_t *out) {
    unsigned count = 0;
    return X509_digest((const X509 *)certificate, EVP_sha256(), out, &count) == 1 && count == 32;
}

int pillion_x509_key_digest(const pillion_x509 *certificate, uint8_t *out) {
    unsigned char *der = NULL;
    int count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY((const X509 *)certificate), &der);
    if (count <= 0) return 0;
    pillion_tls_digest(der, (size_t)count, out);
    OPENSSL_free(der);
    return 1;
}

int pillion_x509_is_authority(const pillion_x509 *certificate) {
    return (X509_get_extension_flags((X509 *)certificate) & EXFLAG_CA) != 0;
}

void pillion_x509_key_text(const pillion_x509 *certificate, char *text, size_t capacity) {
    const EVP_PKEY *key = X509_get0_pubkey((const X509 *)certificate);
    const char *name = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
    snprintf(text, capacity, "%s %d", name != NULL ? name : "unknown", key != NULL ? EVP_PKEY_get_bits(key) : 0);
}
