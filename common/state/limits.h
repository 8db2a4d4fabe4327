/* SPDX-License-Identifier: MIT */
/*
 * limits: what is known of one account's rate limits, shared by all processes
 * in state/limits-ALIAS.json.
 *
 * Anthropic's answers tell it: a subscription has windows of five hours and
 * seven days (and one per model family) of which a share is used, an API key
 * has requests and tokens that remain. A window past its reset counts as
 * unused. Apart from these, an account rests for a cause with a clock of its
 * own. The state may be lost: it comes back with the next answer. Times are
 * milliseconds since 1970, shares 0 to 1. Thread-safe.
 *
 * Field names: Anthropic's rate limit documentation; the unified fields as
 * observed on answers to subscriptions.
 */
#ifndef DARIO_LIMITS_H
#define DARIO_LIMITS_H

#include "base/err.h"
#include "base/json.h"
#include "base/store.h"

/* Why an account rests. Kept apart because each ends by itself or by other
 * means. */
enum limit_cause {
	CAUSE_NONE,
	CAUSE_WINDOW,   /* a window is used up: until its reset */
	CAUSE_BURST,    /* too fast: as long as Retry-After says */
	CAUSE_OVERLOAD, /* the provider is overloaded: a moment */
	CAUSE_CREDIT,   /* no credit left: an hour, or a new key */
	CAUSE_AUTH,     /* refused: until another log-in or key */
	CAUSE_OVERAGE,  /* billed beyond the plan: until resumed */
	CAUSE_FAULT,    /* server errors, no connection: a moment */
	CAUSES
};

enum family_kind {
	FAMILY_OTHER,
	FAMILY_OPUS,
	FAMILY_SONNET,
	FAMILY_HAIKU
};

struct window {
	double used; /* negative: not known */
	int64_t reset;
};

struct allowance {
	int64_t limit, remaining; /* limit 0: not known */
	int64_t reset;
};

struct limits {
	int64_t updated_at; /* 0: nothing is known */
	struct window h5, d7, opus, sonnet;
	char status[32]; /* allowed, allowed_warning, rejected */
	char claim[32];  /* the window that decides, in Anthropic's words */
	bool overage;    /* the last answer was billed beyond the plan */
	struct allowance requests, tokens, input, output;
	enum limit_cause cause;
	int64_t until;         /* of the cause; 0: no end by itself */
	int64_t refresh_after; /* no refresh of the token before that */
	char sign[17];         /* of the credential that CAUSE_AUTH is about */
};

/* Where an answer's header fields come from: "" when there is none. */
typedef struct span limits_field_fn(const void *arg, const char *name);

/* Take over what an answer's header fields say; true when they say anything. */
bool limits_take(struct limits *l, limits_field_fn *field, const void *arg);

/* A window past its reset is unused. */
double limits_used(const struct window *w, int64_t now);
/* 0 to 1: how much is left for this family at `now`. */
double limits_headroom(const struct limits *l, enum family_kind f, int64_t now);
/* The reset that `headroom` waits for; 0: none. */
int64_t limits_reset(const struct limits *l, enum family_kind f, int64_t now);
/* The cause in force at `now`, an exhausted window included. */
enum limit_cause limits_cause(const struct limits *l, enum family_kind f,
			      int64_t now);
/* When the cause ends; 0: not by itself. */
int64_t limits_until(const struct limits *l, enum family_kind f, int64_t now);
/* The account rests for `cause`, unless it does for a stronger one, or longer:
 * false then. */
bool limits_rest(struct limits *l, enum limit_cause cause, int64_t until,
		 int64_t now);
/* As a word ("window"), and for people. */
const char *limit_cause_name(enum limit_cause c);
const char *limit_cause_text(enum limit_cause c);

enum family_kind family_of(const char *model);

/* What is stored for the account; all zero when there is nothing. Cheap while
 * the file does not change. */
void limits_read(const char *home, const char *alias, struct limits *out);

/* Is `now` worth storing in place of `was`? Small steps are not, for a
 * while. */
bool limits_news(const struct limits *was, const struct limits *now);

/* Change what is stored, under its lock: `change` gets the stored state and
 * says whether it is to be written. */
typedef bool limits_change_fn(struct limits *l, void *arg);
int limits_update(const char *home, const char *alias, limits_change_fn *change,
		  void *arg, struct err *e);
/* The same from a view of it that may be old, and is changed too: nothing is
 * locked when the view knew it all. A share that has moved a little is left
 * out while another process writes: the next answer tells of it again. */
int limits_note(const char *home, const char *alias, struct limits *view,
		limits_change_fn *change, void *arg, struct err *e);

#endif
