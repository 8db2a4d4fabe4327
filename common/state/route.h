/* SPDX-License-Identifier: MIT */
/*
 * route: which backend answers a model, and under which name.
 *
 * The order: a "NAME:" prefix of a backend that exists ("claude:" is the pool
 * of Claude accounts; "claude-at-NAME:" says the same); the rules of
 * routes.json, the first that matches; the backends' own model patterns, the
 * most specific first; names of OpenAI's models to the backend "openai", else
 * the first that is not Anthropic's; everything else to the Claude accounts;
 * without any, to the one backend, when there is one only. Then, whatever led
 * there, the setting `model` replaces the model of what goes to the Claude
 * accounts. Pure: the same function serves requests and people who ask why.
 */
#ifndef DARIO_ROUTE_H
#define DARIO_ROUTE_H

#include "state/snapshot.h"

struct route {
	const struct backend *backend; /* borrowed from the snapshot */
	const char *model;             /* what the upstream is asked for */
	bool renamed;                  /* differs from what the client wrote */
};

/* The first choice, and who answers when it cannot. */
struct plan {
	struct route routes[RULE_TARGETS_MAX];
	size_t n;
	const struct rule *rule; /* never NULL: rule_none */
	char why[160];           /* what led to the first choice */
};

/* `model` must outlive the plan. */
int route_pick(const struct snapshot *c, const char *model, struct plan *out,
	       struct err *e);

/* Every candidate, in the order in which they are looked at, and why it is the
 * one or not. `at`: the target of the plan that would answer now. */
typedef void route_note_fn(void *arg, const char *target, bool ok,
			   const char *why);
void route_explain(const struct snapshot *c, const char *model, size_t at,
		   route_note_fn *note, void *arg);

#endif
