/* SPDX-License-Identifier: MIT */
/*
 * sticky: which account a conversation is served by, shared by all processes.
 *
 * A provider keeps a conversation's beginning in its cache for the account
 * that sent it, so the next turn belongs there. The key is a hash of what does
 * not change from turn to turn; bindings are kept in 256 small texts (sticky/XX
 * of shared.h) and forgotten STICKY_MS after their last use. They
 * may be lost. Thread-safe.
 */
#ifndef DARIO_STICKY_H
#define DARIO_STICKY_H

#include "base/buf.h"
#include "base/err.h"
#include "state/config/account.h"
#include "state/shared/shared.h"

#include <stdint.h>

#define STICKY_MS (60 * 60 * 1000)
#define STICKY_KEY_BYTES 33 /* 32 hexadecimal digits */

struct binding {
	char key[STICKY_KEY_BYTES];
	char alias[ACCOUNT_ALIAS_MAX + 1]; /* "": none */
	int64_t used;                      /* ms since 1970 */
	bool guessed;                      /* from a text that is behind */
};

/* What is bound to b->key. */
void sticky_get(const char *home, struct binding *b);
/* As far as is known without asking. */
void sticky_guess(const char *home, struct binding *b);
/* The text that has it. */
struct shared_entry *sticky_text(const char *home, const struct binding *b);
/* What is kept of what was read: before shared_forget. */
void sticky_forget(void);
/* Bind to `alias`, or say that the binding was used: written only when that is
 * news against what sticky_get found. */
void sticky_set(const char *home, struct binding *b, const char *alias);
/* How many bindings are alive. */
size_t sticky_count(const char *home);
/* Throw away what holds none that is. */
void sticky_expire(const char *home);

/* A text of another store (a struct span) and this one in one: for
 * shared_update. */
#define STICKY_FOLDER "sticky"
bool sticky_merge(void *other, struct span was, struct buf *now);

#endif
