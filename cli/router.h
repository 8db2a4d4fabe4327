/* SPDX-License-Identifier: MIT */
/*
 * router: the router that runs, asked over HTTP: the one of our settings, or
 * the one that --url names. Release it in any case.
 */
#ifndef DARIO_ROUTER_H
#define DARIO_ROUTER_H

#include "cli/cmd.h"
#include "net/fetch.h"
#include "state/config/snapshot.h"

struct router {
	const struct cmd *cmd; /* with ROUTER_URL_FLAG and SECRET_FLAGS */
	const struct snapshot *config;
	char url[512];
	struct buf key;
	struct http *http;
	bool named; /* by --url */
};

#define ROUTER_URL_FLAG \
	{ \
		"url", "URL", \
			"a router elsewhere, such as https://llm.example.org" \
	}

int router_init(struct router *r, const struct cmd *c,
		const struct snapshot *config, struct err *e);
void router_release(struct router *r);
/* Before anything else: is it ours that answers there, or at least dario where
 * --url names it? ERR_CONFIG when it is not. It is told nothing of a key. */
int router_meet(struct router *r, struct err *e);
/* The answer to a GET of `path` in f->body, which the caller releases. */
int router_ask(struct router *r, const char *path, long timeout_ms,
	       struct fetch *f, struct err *e);

#endif
