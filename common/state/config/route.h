/* SPDX-License-Identifier: MIT */
/*
 * route: which backend answers a model, and under which name.
 *
 * The order: a prefix, NAME:model or NAME/model, of a backend that exists
 * ("claude" is the pool of Claude accounts), also as claude-at-NAME:model; the
 * rules of routes.json, the first that matches; the backends' own model
 * patterns, the most specific first; names of OpenAI's models to the backend
 * "openai", else the first that is not Anthropic's; names of Claude's to the
 * accounts. A date, -latest or :latest behind a name is no other model to rules
 * and patterns. A name behind models/, anthropic/ or openai/ goes, if nothing
 * claims the whole of it, where it goes alone. What is left: without an account
 * to the one backend; a name that looks like another provider's to the one
 * backend as well, never to the accounts; any other to the accounts when there
 * is no backend, or "claude" is in it.
 * Then, whatever led there, the setting `model` replaces the model of what goes
 * to the Claude accounts. [1m] behind a name asks for the long context. Pure:
 * the same function serves requests and people who ask why.
 */
#ifndef DARIO_ROUTE_H
#define DARIO_ROUTE_H

#include "state/config/model-name.h"
#include "state/config/snapshot.h"

struct route {
	const struct backend *backend; /* borrowed from the snapshot */
	const char *model;             /* what the upstream is asked for */
	bool renamed;                  /* differs from what the client wrote */
	bool million;                  /* of Claude's, with the long context */
};

/* The first choice, and who answers when it cannot. */
struct plan {
	struct route routes[RULE_TARGETS_MAX];
	size_t n;
	const struct rule *rule; /* never NULL: rule_none */
	char why[160];           /* what led to the first choice */
	bool unclaimed;          /* nothing did: the accounts are left */
	/* private */
	/* what a route's model may point to */
	struct model_name asked, set, claude, small;
};

/* `model` must outlive the plan, which stays where it is. What is in the list
 * of a backend's models, as far as that is kept below `home`, is not left to
 * the Claude accounts: -1, and who has it. */
int route_find(const struct snapshot *c, const char *home, const char *model,
	       struct plan *out, struct err *e);

/* The same without a look at the lists. */
int route_pick(const struct snapshot *c, const char *model, struct plan *out,
	       struct err *e);

/* After that has failed with ERR_NO_MODEL: also who lists the model, as far as
 * that is kept below `home`, and what to write then. */
void route_advise(const struct snapshot *c, const char *home, const char *model,
		  struct err *e);

/* Every candidate, in the order in which they are looked at, and why it is the
 * one or not. `at`: the target of the plan that would answer now. */
typedef void route_note_fn(void *arg, const char *target, bool ok,
			   const char *why);
void route_explain(const struct snapshot *c, const char *model, size_t at,
		   route_note_fn *note, void *arg);

#endif
