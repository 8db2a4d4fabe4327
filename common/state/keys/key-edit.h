/* SPDX-License-Identifier: MIT */
/*
 * key-edit: one change of a key's file, under its lock and in the audit.
 *
 * key_edit_begin; then key_edit_load, or x->now made anew; key_edit_save (or
 * the file removed); key_edit_end in any case, with what was done. Where
 * nothing can be written into the audit nothing is changed.
 */
#ifndef DARIO_KEY_EDIT_H
#define DARIO_KEY_EDIT_H

#include "state/keys/key.h"

struct key_edit {
	const char *home, *name;
	const char *actor; /* NULL: the user of this machine */
	char file[KEY_FILE_BYTES];
	struct json_object *was, *now; /* NULL: no such key */
	int lock, audit;
};

int key_edit_begin(struct key_edit *x, const char *home, const char *name,
		   const char *actor, struct err *e);
/* What stands in the file, twice: `was` stays as it is. */
/* ERR_CONFIG, and where to look; -1. */
int key_unknown(const char *name, struct err *e);
int key_edit_load(struct key_edit *x, struct err *e);
int key_edit_save(struct key_edit *x, struct err *e);
/* `done`: what, as the audit says it. rc as it is, or -1. */
int key_edit_end(struct key_edit *x, const char *done, int rc, struct err *e);

/* The limit of one period; -1: none, KEY_EDIT_NULL: none, and the file says
 * so. */
#define KEY_EDIT_NULL (-2)
int key_edit_spend(struct key_edit *x, enum quota_period p, int64_t most,
		   struct err *e);

#endif
