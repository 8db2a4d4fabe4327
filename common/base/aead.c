/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/aead.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits.h>

static void draw(unsigned char *out, int n)
{
	while (RAND_bytes(out, n) != 1)
		memory_none();
}

void aead_random_key(unsigned char key[AEAD_KEY_BYTES])
{
	draw(key, AEAD_KEY_BYTES);
}

static const unsigned char *bytes(struct span s)
{
	return (const unsigned char *)s.p;
}

static bool encrypt(EVP_CIPHER_CTX *c, const unsigned char *key,
		    struct span aad, struct span plain, unsigned char *out)
{
	unsigned char *text = out + AEAD_NONCE_BYTES;
	int n, last;

	draw(out, AEAD_NONCE_BYTES);
	return EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
	       EVP_EncryptUpdate(c, NULL, &n, bytes(aad), (int)aad.n) == 1 &&
	       EVP_EncryptUpdate(c, text, &n, bytes(plain), (int)plain.n) ==
		       1 &&
	       EVP_EncryptFinal_ex(c, text + n, &last) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_BYTES,
				   text + plain.n) == 1;
}

static bool decrypt(EVP_CIPHER_CTX *c, const unsigned char *key,
		    struct span aad, struct span sealed, unsigned char *out)
{
	const unsigned char *text = bytes(sealed) + AEAD_NONCE_BYTES;
	size_t len = sealed.n - AEAD_NONCE_BYTES - AEAD_TAG_BYTES;
	int n, last;

	return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key,
				  bytes(sealed)) == 1 &&
	       EVP_DecryptUpdate(c, NULL, &n, bytes(aad), (int)aad.n) == 1 &&
	       EVP_DecryptUpdate(c, out, &n, text, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_BYTES,
				   (void *)(text + len)) == 1 &&
	       EVP_DecryptFinal_ex(c, out + n, &last) == 1;
}

bool aead_seal(const unsigned char key[AEAD_KEY_BYTES], struct span aad,
	       struct span plain, struct buf *out)
{
	size_t n = AEAD_NONCE_BYTES + plain.n + AEAD_TAG_BYTES;
	EVP_CIPHER_CTX *c = NULL;
	char *room;
	bool ok;

	if (plain.n > INT_MAX / 2 || aad.n > INT_MAX / 2)
		return false;
	room = buf_room(out, n);
	c = room ? EVP_CIPHER_CTX_new() : NULL;
	ok = c && encrypt(c, key, aad, plain, (unsigned char *)room);
	if (ok)
		buf_took(out, n);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool aead_open(const unsigned char key[AEAD_KEY_BYTES], struct span aad,
	       struct span sealed, struct buf *out)
{
	EVP_CIPHER_CTX *c = NULL;
	char *room;
	bool ok;

	if (sealed.n < AEAD_NONCE_BYTES + AEAD_TAG_BYTES ||
	    sealed.n > INT_MAX / 2 || aad.n > INT_MAX / 2)
		return false;
	room = buf_room(out, sealed.n);
	c = room ? EVP_CIPHER_CTX_new() : NULL;
	ok = c && decrypt(c, key, aad, sealed, (unsigned char *)room);
	if (ok)
		buf_took(out, sealed.n - AEAD_NONCE_BYTES - AEAD_TAG_BYTES);
	EVP_CIPHER_CTX_free(c);
	return ok;
}
