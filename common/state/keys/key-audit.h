/* SPDX-License-Identifier: MIT */
/*
 * key-audit: who changed which key, when, from what to what: a line of JSON
 * each in keys/audit.jsonl, which only grows. No key and no hash is in it.
 *
 * key_audit_open before the change: where nothing can be written, nothing is
 * changed. Then key_audit_close with what was done, or with action NULL.
 */
#ifndef DARIO_KEY_AUDIT_H
#define DARIO_KEY_AUDIT_H

#include "base/err.h"
#include "base/json.h"

#define KEY_AUDIT_FILE "keys/audit.jsonl"

/* A descriptor, or -1. */
int key_audit_open(const char *home, struct err *e);

struct key_audit {
	const char *actor;  /* NULL: the user of this machine */
	const char *action; /* NULL: it came to nothing */
	const char *key;
	struct json_object *before, *after; /* NULL: there was, or is, none */
};
int key_audit_close(int fd, const struct key_audit *a, struct err *e);

/* One call a line, oldest first, of all keys or of one; what a process that
 * died has cut is passed over. `number` counts lines from 1. */
typedef void key_audit_fn(void *arg, long number, struct json_object *line);
int key_audit_each(const char *home, const char *key, key_audit_fn *fn,
		   void *arg, struct err *e);

#endif
