/* SPDX-License-Identifier: MIT */
/*
 * aead: authenticated encryption with additional data: AES-256-GCM (NIST SP
 * 800-38D).
 *
 * What is sealed is the nonce, the ciphertext and the tag, one behind the
 * other. The nonce is random, so one key is good for 2^32 messages. The
 * additional data is not in it: whoever opens it must say the same.
 * Thread-safe.
 */
#ifndef DARIO_AEAD_H
#define DARIO_AEAD_H

#include "base/buf.h"

#define AEAD_KEY_BYTES 32
#define AEAD_NONCE_BYTES 12
#define AEAD_TAG_BYTES 16

void aead_random_key(unsigned char key[AEAD_KEY_BYTES]);

/* Behind what *out has; false: no memory. */
bool aead_seal(const unsigned char key[AEAD_KEY_BYTES], struct span aad,
	       struct span plain, struct buf *out);
/* False, and nothing is put out, when a byte of anything is another one. */
bool aead_open(const unsigned char key[AEAD_KEY_BYTES], struct span aad,
	       struct span sealed, struct buf *out);

#endif
