/* SPDX-License-Identifier: MIT */
/*
 * listing: every model that can be asked for, under the name that leads to it.
 *
 * The names of rules and of families of Claude's models, and what each backend
 * has, once; what routing would refuse is not there. Claude Code shows only
 * what it takes for a model of Claude, so for it every other one is
 * claude-at-NAME:MODEL. All memory is the request's.
 */
#ifndef DARIO_LISTING_H
#define DARIO_LISTING_H

#include "base/names.h"
#include "fcgi/discovery.h"

struct listed {
	const char *id;                /* to be asked for */
	const char *display;           /* for people */
	const struct backend *backend; /* who answers */
	const char *model;             /* what that one calls it */
	struct json_object *aliases;   /* other names there, or NULL */
	int64_t created;               /* seconds since 1970, or 0 */
	int64_t context;               /* tokens it takes in, or 0 */
};

struct listing {
	struct listed *list;
	size_t n;
	/* private */
	struct request *r;
	struct found *found;
	size_t n_found, cap;
	struct names seen;
	bool claude_code; /* for it */
};

void listing_make(struct listing *l, struct request *r);
void listing_release(struct listing *l);

/* The model of a name, also of one that is not listed but leads to a model that
 * is; *id: under which name. NULL: there is none. */
const struct listed *listing_find(const struct listing *l, const char *name,
				  const char **id);

#endif
