/* SPDX-License-Identifier: MIT */
/*
 * rule: the routing rules of routes.json; the first one that matches counts.
 *
 *	{"rules":[{"match":"fast","target":"groq:llama-3.3-70b"},
 *		  {"match":"claude-*","target":"claude",
 *		   "fallbacks":["openai:gpt-5","local"],
 *		   "on":["429","5xx","timeout"],"retries":1,
 *		   "budgetMs":20000,"firstByteTimeoutMs":8000}]}
 *
 * A target is BACKEND, BACKEND:MODEL, claude or claude:MODEL; without a model
 * the one that the client asked for stays. `on` says which failures go to the
 * next target: statuses, classes of them, "connect" (no connection, or it
 * broke), "timeout", "exhausted" (no account of a pool can serve), and what the
 * client has no part in: "auth" (401, 403, or words for it), "credit" (402, or
 * words for it), "model" (the provider does not have it). Immutable once
 * loaded.
 */
#ifndef DARIO_RULE_H
#define DARIO_RULE_H

#include "base/err.h"
#include "base/json.h"
#include "state/config/model-name.h"
#include "state/config/note.h"

#define RULES_FILE "routes.json"
#define RULES_MAX 512
#define RULE_TARGETS_MAX 8 /* with the fallbacks */
#define RULE_RETRIES_MAX 5

struct rule_target {
	char *backend;
	char *model;  /* or NULL: as asked */
	bool million; /* with [1m] behind it, which is left out */
};

struct rule {
	struct model_pattern match;
	struct rule_target targets[RULE_TARGETS_MAX];
	size_t n; /* at least one */
	bool on_status[600];
	bool on_connect, on_timeout, on_exhausted;
	bool on_auth, on_credit, on_model;
	long retries;
	long budget_ms;     /* in which another call may begin */
	long first_byte_ms; /* 0: as the backend has it */
};

struct rules {
	struct rule *list;
	/* What each one's pattern needs (glob.h), side by side: most say no by
	 * it, without a look at the rule. */
	uint64_t *needs;
	size_t n;
};

/* Names of backends that may be targets. */
typedef bool rule_known_fn(const void *arg, struct span name);

/* Errors name the rule and the key. */
int rules_parse(struct rules *out, struct json_object *file,
		rule_known_fn *known, const void *arg, struct err *e);
void rules_release(struct rules *r);
/* Keys of the file that are none of ours. */
void rules_unknown(struct notes *n, struct json_object *file);

/* Each of a list with commas; the error names the flag --NAME. */
int glob_check_list(const char *list, const char *flag, struct err *e);
bool glob_match(const char *glob, const char *model);

/* What leads to the next target, one after the other, as `on` has it. */
typedef void rule_on_fn(void *arg, const char *what);
void rule_on(const struct rule *r, rule_on_fn *fn, void *arg);
/* The same as a text, with commas. */
void rule_on_text(const struct rule *r, struct buf *out);

/* What applies where there is no rule: no fallback, no retry. */
extern const struct rule rule_none;

#endif
