/* SPDX-License-Identifier: MIT */
/*
 * digest: hashes, comparison of secrets and random identifiers. OpenSSL lives
 * only here (and inside libcurl). Thread-safe.
 */
#ifndef DARIO_DIGEST_H
#define DARIO_DIGEST_H

#include "base/arena.h"
#include "base/buf.h"

const char *digest_version(void); /* of OpenSSL */

/* Equal? The time taken tells nothing about either side's bytes. */
bool digest_same_secret(struct span a, struct span b);

/* The beginning of SHA-256: as lower-case hex, as base62. n - 1 characters,
 * at most 64 and 32, and a NUL. */
void digest_hex(struct span in, char *out, size_t n);
void digest_base62(struct span in, char *out, size_t n);

#define DIGEST_SHA256_BYTES 32
void digest_sha256(struct span in, unsigned char out[DIGEST_SHA256_BYTES]);
/* Equal, of digests: in constant time, and without hashing them. */
bool digest_same(const unsigned char *a, const unsigned char *b, size_t n);

/* Base64 with padding, from the arena. */
struct span digest_base64(struct arena *a, struct span in);
/* And back; false when it is not base64. */
bool digest_unbase64(struct arena *a, struct span in, struct span *out);
/* The same in the alphabet of URLs and without padding (RFC 4648, 5). */
struct span digest_base64url(struct arena *a, struct span in);
bool digest_unbase64url(struct arena *a, struct span in, struct span *out);

/* For PKCE (RFC 7636): 32 random bytes, and the SHA-256 of a text, in base64url
 * without padding: 43 characters and a NUL. */
#define DIGEST_URL_BYTES 44
void digest_random_url(char out[DIGEST_URL_BYTES]);
void digest_sha256_url(struct span in, char out[DIGEST_URL_BYTES]);
/* HMAC-SHA256 (RFC 2104), in the same form. */
void digest_hmac_url(struct span key, struct span in,
		     char out[DIGEST_URL_BYTES]);

/* `prefix` and 24 random base62 characters; n >= strlen(prefix) + 25. */
void digest_random_id(char *out, size_t n, const char *prefix);

#endif
