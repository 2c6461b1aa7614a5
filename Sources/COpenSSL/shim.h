// OpenSSL for Swift. What OpenSSL offers as macros or variadic functions, which Swift cannot call, stands here as functions.
#pragma once
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Connections

static inline int kit_ssl_ctx_set_versions(SSL_CTX *context, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(context, minimum) && SSL_CTX_set_max_proto_version(context, maximum);
}

static inline int kit_ssl_ctx_set_groups(SSL_CTX *context, const char *names) {
    return (int)SSL_CTX_set1_groups_list(context, names);
}

static inline int kit_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void kit_ssl_set_message_argument(SSL *ssl, void *argument) {
    SSL_set_msg_callback_arg(ssl, argument);
}

static inline const char *kit_ssl_group_name(SSL *ssl) {
    long group = SSL_get_negotiated_group(ssl);
    return group > 0 ? SSL_group_to_name(ssl, (int)group) : NULL;
}

static inline X509 *kit_ssl_peer_certificate(SSL *ssl) {
    return SSL_get1_peer_certificate(ssl);
}

// Memory BIOs

static inline size_t kit_bio_pending(BIO *bio) {
    return BIO_ctrl_pending(bio);
}

// Keys

static inline EVP_PKEY *kit_generate_ec(const char *curve) {
    return EVP_EC_gen(curve);
}

static inline EVP_PKEY *kit_generate_rsa(size_t bits) {
    return EVP_RSA_gen(bits);
}

static inline EVP_PKEY *kit_generate_ed25519(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

/// A number of a key by its name (`OSSL_PKEY_PARAM_…`), big endian in `octets`; its count, or 0 where that has no room.
static inline int kit_key_number(const EVP_PKEY *key, const char *name, unsigned char *octets, int room) {
    BIGNUM *number = NULL;
    if (!EVP_PKEY_get_bn_param(key, name, &number)) return 0;
    int count = BN_num_bytes(number);
    int result = count <= room && BN_bn2bin(number, octets) == count ? count : 0;
    BN_free(number);
    return result;
}

/// Turns an ECDSA signature from DER into r and s side by side, each of `width` octets (RFC 7518 section 3.4).
static inline int kit_ecdsa_fixed(const unsigned char *der, size_t count, unsigned char *octets, int width) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)count);
    if (signature == NULL) return 0;
    int result = BN_bn2binpad(ECDSA_SIG_get0_r(signature), octets, width) == width
        && BN_bn2binpad(ECDSA_SIG_get0_s(signature), octets + width, width) == width;
    ECDSA_SIG_free(signature);
    return result;
}

// Certificates

static inline int kit_name_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

/// The type of a name (`GEN_URI`, `GEN_DNS`), and the text of those two, which ends with NUL.
static inline int kit_name_at(const GENERAL_NAMES *names, int index, const char **text) {
    int type = 0;
    void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &type);
    *text = type == GEN_URI || type == GEN_DNS ? (const char *)ASN1_STRING_get0_data((ASN1_STRING *)value) : NULL;
    return type;
}

static inline void kit_x509v3_set_context(X509V3_CTX *context, X509 *issuer, X509 *subject) {
    X509V3_set_ctx_nodb(context);
    X509V3_set_ctx(context, issuer, subject, NULL, NULL, 0);
}
