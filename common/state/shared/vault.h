/* SPDX-License-Identifier: MIT */
/*
 * vault: what hosts keep in their store that nobody else may read or make.
 *
 * A thing has a name, a version, the hash of the refresh token in it ("" none),
 * and a text, which is sealed (keyring.h): whoever can write to the store can
 * take a thing away, but not make one, change one, or put an older one back in
 * the place of a newer that this host has seen. What is put says what it was
 * made of, and is refused when that is no longer what is there. Only where
 * there is a store and a key file; else vault_open says why there is none. It
 * may park.
 */
#ifndef DARIO_VAULT_H
#define DARIO_VAULT_H

#include "base/buf.h"
#include "base/err.h"
#include "state/config/option.h"

#include <stdint.h>

#define VAULT_NAME_MAX 160
#define VAULT_TOKEN_CHARS 32
#define VAULT_TEXT_MAX (4u << 20)

struct vault_thing {
	int64_t version; /* 0: there is none */
	char token[VAULT_TOKEN_CHARS + 1];
	char key[16];    /* id of the key that it is sealed with */
	int64_t busy;    /* ms that another host may take to change it; 0 */
	int64_t doubt;   /* ms since one took longer than that; or -1 */
	struct buf text; /* its own: buf_release */
};

/* Once, where the process has chosen its store (shared-choose.h). */
int vault_setup(const char *home, const struct settings *s, struct err *e);
bool vault_exists(void); /* has this host store and key? */
/* The path of the key file, by the settings; malloced. */
char *vault_key_path(const char *home, const struct settings *s);

/* -1: there is no vault, the store is away, or it cannot be opened. */
int vault_get(const char *name, struct vault_thing *out, struct err *e);
/* The same without its text. */
int vault_look(const char *name, struct vault_thing *out, struct err *e);
void vault_release(struct vault_thing *t);

#define VAULT_ANY_VERSION (-1)
#define VAULT_ANY_TOKEN "*"
/* In the place of one with that version and token: 0 done, 1 another one is
 * there (its version in *to, its token), -1. to->version is that of the text.
 */
struct vault_base {
	int64_t version;
	const char *token;
};
int vault_put(const char *name, struct vault_thing *to,
	      const struct vault_base *base, struct span text, struct err *e);

enum vault_turn {
	VAULT_OURS,
	VAULT_THEIRS,
	VAULT_CHANGED /* it has another version than that */
};

/* Whose turn is it to change it? Ours ends after `ms`, or with vault_free.
 * *doubt as above. */
int vault_turn(const char *name, int64_t version, int64_t ms,
	       enum vault_turn *turn, int64_t *doubt, struct err *e);
void vault_free(const char *name);

/* All names with their versions. */
typedef void vault_list_fn(void *arg, const char *name, int64_t version);
int vault_list(vault_list_fn *fn, void *arg, struct err *e);
/* Another one when something may have been put. Immediate. */
uint64_t vault_version(void);

/* The first that is good for a text that is made now. */
int64_t vault_next(int64_t after);
/* The hash of a refresh token. */
void vault_token(struct span token, char out[VAULT_TOKEN_CHARS + 1]);

#endif
