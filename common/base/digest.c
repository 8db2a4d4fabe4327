/* SPDX-License-Identifier: MIT */
#include "config.h"

/* For SHA-256 alone: see digest_sha256. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h> /* getentropy, on some systems */
#include <unistd.h>

#define SHA256_BYTES DIGEST_SHA256_BYTES
#define RANDOM_CHARS 24

/* EVP would get all of OpenSSL ready for it, as below: two megabytes, and again
 * as much work as the digest. This cannot fail. */
void digest_sha256(struct span in, unsigned char out[DIGEST_SHA256_BYTES])
{
	SHA256_CTX c;

	SHA256_Init(&c);
	SHA256_Update(&c, in.p, in.n);
	SHA256_Final(out, &c);
}

const char *digest_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

bool digest_same_secret(struct span a, struct span b)
{
	unsigned char ha[SHA256_BYTES], hb[SHA256_BYTES];

	digest_sha256(a, ha);
	digest_sha256(b, hb);
	return CRYPTO_memcmp(ha, hb, SHA256_BYTES) == 0;
}

bool digest_same(const unsigned char *a, const unsigned char *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* The system's own: OpenSSL would get all of itself ready for them, which a
 * process that waits, or has no use of TLS, does without. */
static void random_bytes(unsigned char *out, size_t n)
{
	if (getentropy(out, n))
		abort(); /* never, of so few */
}

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz";

void digest_hex(struct span in, char *out, size_t n)
{
	unsigned char h[SHA256_BYTES];

	digest_sha256(in, h);
	for (size_t i = 0; i + 1 < n; i++)
		out[i] = "0123456789abcdef"[h[i / 2] >> (i % 2 ? 0 : 4) & 15];
	out[n - 1] = '\0';
}

void digest_base62(struct span in, char *out, size_t n)
{
	unsigned char h[SHA256_BYTES];

	digest_sha256(in, h);
	for (size_t i = 0; i + 1 < n; i++)
		out[i] = base62[h[i] % 62];
	out[n - 1] = '\0';
}

struct span digest_base64(struct arena *a, struct span in)
{
	char *out = arena_try(a, (in.n + 2) / 3 * 4 + 1);
	int n;

	if (!out)
		return SPAN("");
	n = EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)in.p,
			    (int)in.n);

	return (struct span){ out, (size_t)n };
}

bool digest_unbase64(struct arena *a, struct span in, struct span *out)
{
	unsigned char *p = arena_try(a, in.n / 4 * 3 + 4);
	size_t pad = 0;
	int n;

	if (!p)
		return false;
	n = EVP_DecodeBlock(p, (const unsigned char *)in.p, (int)in.n);
	while (pad < 2 && in.n > pad && in.p[in.n - 1 - pad] == '=')
		pad++;
	if (n < 0 || (size_t)n < pad)
		return false;
	*out = (struct span){ (char *)p, (size_t)n - pad };
	return true;
}

struct span digest_base64url(struct arena *a, struct span in)
{
	struct span out = digest_base64(a, in);
	char *p = (char *)out.p; /* from the arena */

	while (out.n && p[out.n - 1] == '=')
		out.n--;
	for (size_t i = 0; i < out.n; i++)
		p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
	return out;
}

bool digest_unbase64url(struct arena *a, struct span in, struct span *out)
{
	size_t pad = (4 - in.n % 4) % 4;
	char *p;

	if (pad == 3)
		return false;
	p = arena_try(a, in.n + pad + 1);
	if (!p)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		if (!isalnum((unsigned char)in.p[i]) && in.p[i] != '-' &&
		    in.p[i] != '_')
			return false;
		p[i] = in.p[i] == '-' ? '+' : in.p[i] == '_' ? '/' : in.p[i];
	}
	memset(p + in.n, '=', pad);
	return digest_unbase64(a, (struct span){ p, in.n + pad }, out);
}

static void to_url(const unsigned char in[SHA256_BYTES],
		   char out[DIGEST_URL_BYTES])
{
	unsigned char text[(SHA256_BYTES + 2) / 3 * 4 + 1];

	EVP_EncodeBlock(text, in, SHA256_BYTES);
	for (size_t i = 0; i < DIGEST_URL_BYTES - 1; i++)
		out[i] = text[i] == '+' ? '-'
		       : text[i] == '/' ? '_'
					: (char)text[i];
	out[DIGEST_URL_BYTES - 1] = '\0';
}

void digest_random_url(char out[DIGEST_URL_BYTES])
{
	unsigned char r[SHA256_BYTES];

	random_bytes(r, sizeof(r));
	to_url(r, out);
}

void digest_sha256_url(struct span in, char out[DIGEST_URL_BYTES])
{
	unsigned char h[SHA256_BYTES];

	digest_sha256(in, h);
	to_url(h, out);
}

void digest_hmac_url(struct span key, struct span in,
		     char out[DIGEST_URL_BYTES])
{
	unsigned char h[SHA256_BYTES];
	unsigned n = sizeof(h);

	if (!HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)in.p,
		  in.n, h, &n))
		abort();
	to_url(h, out);
}

/* Random bytes for an id, drawn for many at a time: every request has one. */
static const unsigned char *draw(void)
{
	static _Thread_local unsigned char drawn[10 * RANDOM_CHARS];
	static _Thread_local size_t left;

	if (!left) {
		random_bytes(drawn, sizeof(drawn));
		left = sizeof(drawn);
	}
	left -= RANDOM_CHARS;
	return drawn + left;
}

void digest_random_id(char *out, size_t n, const char *prefix)
{
	const unsigned char *r = draw();
	size_t len = strlen(prefix);

	if (n < len + RANDOM_CHARS + 1)
		abort();
	memcpy(out, prefix, len);
	for (size_t i = 0; i < RANDOM_CHARS; i++)
		out[len + i] = base62[r[i] % 62];
	out[len + RANDOM_CHARS] = '\0';
}
