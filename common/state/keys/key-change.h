/* SPDX-License-Identifier: MIT */
/*
 * key-change: what the owner does to a person's key, by a command or on the
 * page: add, change, rotate, disable, remove. The same is refused to both.
 *
 * Each is one change under the key's lock, in the audit, and counts on the next
 * request. Errors name a limit as the command's flag ("--spend"). Functions may
 * wait for the disk.
 */
#ifndef DARIO_KEY_CHANGE_H
#define DARIO_KEY_CHANGE_H

#include "state/keys/key.h"

/* Whose, and what it may; a limit that is NULL stays as it is, "" goes. */
struct key_wish {
	const char *home, *name;
	const char *actor; /* for the audit; NULL: the user of this machine */
	const char *models, *spend, *rate, *tokens, *parallel, *priority, *to;
	const char *expires;
};

/* The limits by name: a flag's, a form's field's. Ends with name == NULL. */
struct key_limit {
	const char *name;
	size_t at; /* of a const char * in struct key_wish */
};
extern const struct key_limit key_limits[];
void key_wish_set(struct key_wish *w, const struct key_limit *l,
		  const char *text);

int key_check_name(const char *name, struct err *e);

/* *past: it expires, and that was some time ago. */
int key_add(const struct key_wish *w, char key[KEY_TEXT_BYTES], bool *past,
	    struct err *e);
int key_change(const struct key_wish *w, bool *past, struct err *e);
int key_rotate(const struct key_wish *w, char key[KEY_TEXT_BYTES],
	       struct err *e);
int key_disable(const struct key_wish *w, bool off, struct err *e);
/* A person goes with all devices, fn is told of each key that is gone; it may
 * be NULL. Also one whose file is wrong. */
typedef void key_gone_fn(void *arg, const char *name);
int key_remove(const struct key_wish *w, key_gone_fn *fn, void *arg,
	       struct err *e);

#endif
