/* SPDX-License-Identifier: MIT */
/*
 * catalog: the list of models of one provider.
 *
 * A provider is asked once in a while; what it says is kept in
 * state/models-NAME.json, which every process reads. One that cannot be asked
 * is left alone for a moment. A list is the provider's own JSON, with its
 * models under "data". catalog_init fills, catalog_release frees; several may
 * be asked at the same time, each in a task.
 */
#ifndef DARIO_CATALOG_H
#define DARIO_CATALOG_H

#include "net/http.h"
#include "state/snapshot.h"

struct catalog {
	struct http *http;
	const char *home;
	const struct backend *backend;
	struct buf url, credential;
	const char *field; /* another header field, or NULL */
	const char *proxy, *ca_file;
	const struct accounts *pool; /* to ask with; NULL: one alone */
	char file[100];
	int (*on_wait)(void *arg, struct err *e); /* NULL, or as in fetch.h */
	void *arg;
};

/* `account`: the one to ask with, for the Claude pool; else NULL. */
void catalog_init(struct catalog *c, struct http *http, const char *home,
		  const struct backend *b, const struct account *account);
/* From now on the accounts of its pool are asked with: those first that can
 * serve, and the next one when one is refused. */
void catalog_ask_with(struct catalog *c, const struct accounts *pool);
void catalog_release(struct catalog *c);

/* What is kept, or NULL; *due when it is time to ask. json_object_put it. */
struct json_object *catalog_kept(const struct catalog *c, bool *due);
/* Ask, and keep the answer; takes `kept` over and returns the newer of both. */
struct json_object *catalog_ask(struct catalog *c, struct json_object *kept);

/* "opus", "sonnet1m" and the like, as the newest model of that family: from
 * the live list when it can be had, else from share/models.json. False when
 * `model` is no such name. *million: the long context was asked for. */
bool catalog_alias(struct catalog *c, const struct models *baked,
		   const char *model, char *out, size_t n, bool *million);

#endif
