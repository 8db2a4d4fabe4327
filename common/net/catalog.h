/* SPDX-License-Identifier: MIT */
/*
 * catalog: the list of models of one provider.
 *
 * A provider is asked once in a while; what it says is kept (shared.h), for all
 * processes and for the next start. One that cannot be asked is left alone for
 * a moment, and what it said before stands. What is kept:
 *
 *	{"sign":"...","asked":1764000000000,"failed":true,"data":[...]}
 *
 * with the models as in model-list.h; `failed` when the last answer was none,
 * without `data` when there never was one. catalog_init fills, catalog_release
 * frees; several may be asked at the same time, each in a task.
 */
#ifndef DARIO_CATALOG_H
#define DARIO_CATALOG_H

#include "net/http.h"
#include "state/config/snapshot.h"
#include "state/shared/shared.h"

struct catalog {
	struct http *http;
	const char *home;
	const struct backend *backend;
	const struct accounts *pool; /* to ask with, or NULL */
	struct buf url, credential;
	const char *field; /* another header field, or NULL */
	const char *proxy, *ca_file;
	char sign[17];
	struct shared_entry *entry;               /* where the list is kept */
	int (*on_wait)(void *arg, struct err *e); /* NULL, or as in fetch.h */
	void *arg;
};

/* `account`: the one to ask with, for the Claude pool; else NULL. */
void catalog_init(struct catalog *c, struct http *http, const char *home,
		  const struct backend *b, const struct account *account);
/* Those of this pool, the best one first; the next one when it is refused. */
void catalog_ask_with(struct catalog *c, const struct accounts *pool);
void catalog_release(struct catalog *c);
/* Of a backend that is gone. */
void catalog_forget(const char *home, const char *backend);

/* What is kept, or NULL; *due when it is time to ask. json_object_put it. */
struct json_object *catalog_kept(const struct catalog *c, bool *due);
/* May this process ask now? No other one does, then, for a moment. */
bool catalog_turn(const struct catalog *c);
/* Its key, which may have to be asked for; it may wait. */
int catalog_credential(struct catalog *c, struct err *e);
/* Ask, and keep what comes of it. */
void catalog_ask(struct catalog *c);

extern const char *const catalog_families[]; /* ends with NULL */
/* The newest model of a family: of the list, else of share/models.json. */
struct span catalog_newest(struct json_object *list, const struct models *baked,
			   const char *family);

/* "opus", "sonnet1m" and the like, as the newest model of that family: from
 * the live list when it can be had, else from share/models.json. False when
 * `model` is no such name. *million: the long context was asked for. */
bool catalog_alias(struct catalog *c, const struct models *baked,
		   const char *model, char *out, size_t n, bool *million);

#endif
