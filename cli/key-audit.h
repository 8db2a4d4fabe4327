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

/* A descriptor, or -1. */
int key_audit_open(const char *home, struct err *e);
/* before and after may be NULL: there was, or is, no such key. */
int key_audit_close(int fd, const char *action, const char *key,
		    struct json_object *before, struct json_object *after,
		    struct err *e);
/* Print it, as JSON or as text; `key` NULL: of all keys. */
int key_audit_print(const char *home, const char *key, bool json,
		    struct err *e);

#endif
