/* SPDX-License-Identifier: MIT */
/*
 * objects: who keeps what: responses, files, batches and the like stay at the
 * provider, and at the account, that made them.
 *
 * Ids are known for OBJECTS_MS after they were last noted, in 256 small texts
 * (objects/XX of shared.h), newest first; of very many the oldest go earlier.
 * They may be lost: a request names its backend by itself, then. Thread-safe;
 * an operation may park the coroutine that calls it.
 */
#ifndef DARIO_OBJECTS_H
#define DARIO_OBJECTS_H

#include "base/buf.h"
#include "state/config/account.h"

#define OBJECTS_MS (30LL * 24 * 60 * 60 * 1000)
#define OBJECTS_ID_MAX 200 /* bytes */

struct object_place {
	char backend[ACCOUNT_ALIAS_MAX + 1];
	char account[ACCOUNT_ALIAS_MAX + 1]; /* of its pool, or "" */
	char who[ACCOUNT_ALIAS_MAX + 1]; /* person whose key made it, or "" */
};

/* Can it be the id of an object: resp_..., file-... and such? */
bool objects_is_id(struct span id);
/* One that begins otherwise: long, plain, and with a figure in it. That a word
 * looks so says little; that it was noted does. */
bool objects_may_be_id(struct span id);

/* Whose it is, once noted, stays. */
void objects_note(const char *home, struct span id, const char *backend,
		  const char *account, const char *who);
/* That person is gone: what they made is the owner's from now on, and not that
 * of another one who gets the name. */
void objects_leave(const char *home, const char *who);
/* Is it asked for the first time of this id? What is counted then is counted
 * once. */
bool objects_once(const char *home, struct span id);
/* 1: there is none. -1: the machine has too little of something to know. */
int objects_find(const char *home, struct span id, struct object_place *out,
		 struct err *e);
/* A text of another store (a struct span) and this one in one: for
 * shared_update. */
#define OBJECTS_FOLDER "objects"
bool objects_merge(void *other, struct span was, struct buf *now);
/* Throw away what is too old. */
void objects_expire(const char *home);

#endif
