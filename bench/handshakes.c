// Full TLS 1.3 handshakes, one after another: connect, handshake (X25519, no resumption), orderly close.
// A bounded number in a bounded time; ends with status 1 and one line on stderr when a handshake is not the one that was
// meant, so that no number is ever made of something else. Prints one line of JSON. Speaks to loopback only.
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { countMax = 100000, secondsMax = 600 };

static void fail(long at, const char *what) {
    unsigned long code = ERR_get_error();
    char text[256] = "";
    if (code) ERR_error_string_n(code, text, sizeof text);
    fprintf(stderr, "handshakes: number %ld: %s %s\n", at, what, text);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int dial(long at, int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval patience = {.tv_sec = 5};
    int on = 1;
    if (fd < 0) fail(at, "no socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) fail(at, "connection refused");
    return fd;
}

// What the scenario promises, checked on every handshake.
static void check(long at, SSL *ssl) {
    if (SSL_version(ssl) != TLS1_3_VERSION) fail(at, "not TLS 1.3");
    if (SSL_session_reused(ssl)) fail(at, "the session was resumed");
    if (SSL_get_negotiated_group(ssl) != NID_X25519) fail(at, "the key exchange is not X25519");
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    char curve[32] = "";
    if (leaf) EVP_PKEY_get_group_name(X509_get0_pubkey(leaf), curve, sizeof curve, NULL);
    if (strcmp(curve, "prime256v1")) fail(at, "the certificate's key is not P-256");
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: handshakes PORT COUNT SECONDS-AT-MOST CA.pem SERVER-NAME\n");
        return 2;
    }
    int port = atoi(argv[1]);
    long count = atol(argv[2]), seconds = atol(argv[3]);
    if (port < 1 || port > 65535 || count < 1 || count > countMax || seconds < 1 || seconds > secondsMax) {
        fprintf(stderr, "handshakes: PORT 1-65535, COUNT 1-%d, SECONDS 1-%d\n", countMax, secondsMax);
        return 2;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set1_groups_list(context, "X25519") || !SSL_CTX_load_verify_locations(context, argv[4], NULL))
        fail(0, "no TLS context");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);

    double *took = calloc((size_t)count, sizeof *took);
    if (!took) fail(0, "no memory");
    double begun = now();
    for (long i = 0; i < count; i++) {
        double start = now();
        if (start - begun > (double)seconds) fail(i, "out of time");
        int fd = dial(i, port);
        SSL *ssl = SSL_new(context);
        if (!ssl || !SSL_set_fd(ssl, fd) || !SSL_set_tlsext_host_name(ssl, argv[5]) || !SSL_set1_host(ssl, argv[5]))
            fail(i, "no TLS session");
        if (SSL_connect(ssl) != 1) fail(i, "handshake failed");
        took[i] = now() - start;
        check(i, ssl);
        // close_notify out, then read to the end: tickets that the server sent, its close_notify, its FIN. The server
        // has then done all its work for this connection before the next begins, and nothing ends in a reset.
        SSL_shutdown(ssl);
        char rest[4096];
        ssize_t got;
        shutdown(fd, SHUT_WR);
        while ((got = read(fd, rest, sizeof rest)) > 0) {}
        if (got < 0) fail(i, "the server did not close in an orderly way");
        SSL_free(ssl);
        close(fd);
    }
    double elapsed = now() - begun;
    qsort(took, (size_t)count, sizeof *took, ascending);
    printf("{\"handshakes\": %ld, \"seconds\": %.6f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n", count, elapsed,
           took[count / 2] * 1e6, took[count * 99 / 100] * 1e6);
    free(took);
    SSL_CTX_free(context);
    return 0;
}
