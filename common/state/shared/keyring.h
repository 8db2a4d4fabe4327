/* SPDX-License-Identifier: MIT */
/*
 * keyring: the keys that what hosts share is sealed with.
 *
 * They stand in a file that each host has, 0600, one a line: 32 bytes in
 * base64url; behind a blank, and in lines that begin with "#", are notes. The
 * last one seals, any opens. What is sealed names its key by the key's hash,
 * and is bound to a name and a version: it cannot stand for another thing, nor
 * for another version of its own. Thread-safe.
 */
#ifndef DARIO_KEYRING_H
#define DARIO_KEYRING_H

#include "base/aead.h"
#include "base/err.h"

#include <stdint.h>

#define KEYRING_MAX 16
#define KEYRING_ID_CHARS 8
#define KEYRING_FILE "store.key" /* below the home */

struct keyring_key {
	char id[KEYRING_ID_CHARS + 1];
	unsigned char key[AEAD_KEY_BYTES];
};

struct keyring {
	struct keyring_key list[KEYRING_MAX];
	size_t n;
};

/* What a sealed text is: all of it must be the same to open it. */
struct keyring_name {
	const char *name; /* "accounts/work.json" */
	int64_t version;
	const char *token; /* hash of the refresh token in it, or "" */
};

/* 0, 1 there is no such file, -1. */
int keyring_load(struct keyring *k, const char *path, struct err *e);
/* One more behind those in the file, or a new file; its id. */
int keyring_add(const char *path, char id[KEYRING_ID_CHARS + 1], struct err *e);
void keyring_forget(struct keyring *k);

int keyring_seal(const struct keyring *k, const struct keyring_name *what,
		 struct span plain, struct buf *out, struct err *e);
int keyring_open(const struct keyring *k, const struct keyring_name *what,
		 struct span sealed, struct buf *out, struct err *e);
/* The id of the key that it is sealed with, or "". */
void keyring_id(struct span sealed, char id[KEYRING_ID_CHARS + 1]);

#endif
