/* SPDX-License-Identifier: MIT */
/*
 * limits: what is known of one account's limits, and what that means.
 *
 * Three things run out. A window is a share of a plan: those that count for
 * all models are known by name, any other counts for the families of models
 * that it has refused, which is learnt and kept. An allowance is a number of
 * requests or tokens for one family. And an account, or a family or model at
 * it, rests for a cause with a clock of its own. What is past its reset is
 * whole again. Pure; limits-read.h takes it from an answer, standing.h keeps
 * it. Times are milliseconds since 1970, shares 0 to 1.
 */
#ifndef DARIO_LIMITS_H
#define DARIO_LIMITS_H

#include "base/buf.h"

#include <stdint.h>

#define LIMIT_NAME_MAX 32
#define LIMIT_MODEL_MAX 96
#define WINDOWS_MAX 12
#define METERS_MAX 4
#define RESTS_MAX 12
#define LINKS_MAX 16

/* Why an account rests. Kept apart because each ends by itself or by other
 * means. */
enum limit_cause {
	CAUSE_NONE,
	CAUSE_WINDOW,   /* a window is used up: until its reset */
	CAUSE_BURST,    /* too fast: as long as Retry-After says */
	CAUSE_OVERLOAD, /* the provider is overloaded: a moment */
	CAUSE_FAILING,  /* call after call broke: a moment that grows */
	CAUSE_GATEWAY,  /* refused, but not in the provider's words: a minute */
	CAUSE_CREDIT,   /* no credit left: an hour, or a new key */
	CAUSE_AUTH,     /* refused: until another log-in or key */
	CAUSE_DISABLED, /* its organisation is: a day, or a new key */
	CAUSE_OAUTH,    /* log-ins are not allowed there: the same */
	CAUSE_TERMS,    /* somebody must accept them: ten minutes */
	CAUSE_MODEL,    /* it does not have this model: an hour */
	CAUSE_OVERAGE,  /* billed beyond the plan: until resumed */
	CAUSES
};

/* What a request asks for: limits may be of a family, or of one model. */
struct asked {
	char family[LIMIT_MODEL_MAX]; /* "opus"; "": of none, as people look */
	char model[LIMIT_MODEL_MAX];
};

struct window {
	char name[LIMIT_NAME_MAX]; /* "5h", "7d_opus" */
	double used;
	int64_t reset;
};

struct allowance {
	int64_t limit, remaining; /* limit 0: not known */
	int64_t reset;
};

/* The allowances of one family. */
enum meter_kind {
	METER_REQUESTS,
	METER_TOKENS,
	METER_INPUT,
	METER_OUTPUT,
	METER_KINDS
};
struct meter {
	char family[LIMIT_MODEL_MAX];
	int64_t updated_at; /* 0: free */
	struct allowance of[METER_KINDS];
};

/* A family or a model rests at this account. */
struct rest {
	char what[LIMIT_MODEL_MAX];
	enum limit_cause cause; /* CAUSE_NONE: free */
	int64_t until;
};

/* This window counts for that family. */
struct link {
	char window[LIMIT_NAME_MAX], family[LIMIT_MODEL_MAX];
};

struct limits {
	int64_t updated_at; /* 0: nothing is known */
	char sign[17];      /* of the credential that all this is about */
	struct window windows[WINDOWS_MAX];
	struct link links[LINKS_MAX];
	struct meter meters[METERS_MAX];
	struct rest rests[RESTS_MAX];
	char status[32]; /* allowed, allowed_warning, rejected */
	char claim[32];  /* the window that decides, in Anthropic's words */
	bool overage;    /* the last answer was billed beyond the plan */
	enum limit_cause cause; /* of the whole account */
	int64_t until;          /* of the cause; 0: no end by itself */
	int64_t refresh_after;  /* no refresh of the token before that */
	int64_t failures;       /* calls that broke in a row */
	double cost; /* headroom that a request has used lately; 0: unknown */
};

/* The family of a Claude model ("opus" of "claude-opus-5"). Of any other the
 * model itself is one, but for OpenRouter's free ones ("a/b:free"), which it
 * counts together. */
void asked_claude(struct asked *a, const char *model);
void asked_other(struct asked *a, const char *model);

/* Does this window count for all models? */
bool window_is_shared(const char *name);
/* In the place of the one of that name; not where there are as many that are
 * worth more than one that is not full and counts for nobody. */
void limits_put_window(struct limits *l, const struct window *new);
const struct window *limits_known_window(const struct limits *l,
					 const char *name);
/* A window past its reset is unused, as is one that is not known. */
double limits_used(const struct limits *l, const char *window, int64_t now);
int64_t limits_window_reset(const struct limits *l, const char *window);
struct meter *limits_meter(struct limits *l, const char *family, int64_t now);
/* From now on the window counts for the family. */
void limits_link(struct limits *l, const char *window, const char *family);

/* 0 to 1: how much is left at `now`. */
double limits_headroom(const struct limits *l, const struct asked *a,
		       int64_t now);
/* The same of what all families share. */
double limits_shared_headroom(const struct limits *l, int64_t now);
/* The reset that `headroom` waits for; 0: none. */
int64_t limits_reset(const struct limits *l, const struct asked *a,
		     int64_t now);
/* The first reset of a window that has something used; 0: none. */
int64_t limits_first_reset(const struct limits *l, const struct asked *a,
			   int64_t now);
/* The cause in force at `now`, an exhausted window included. */
enum limit_cause limits_cause(const struct limits *l, const struct asked *a,
			      int64_t now);
/* When the cause ends; 0: not by itself. */
int64_t limits_until(const struct limits *l, const struct asked *a,
		     int64_t now);
/* The first moment after `now` at which any of this changes by itself. */
int64_t limits_turn(const struct limits *l, int64_t now);
/* The account rests for `cause`, unless it does for a stronger one, or longer:
 * false then. */
bool limits_rest(struct limits *l, enum limit_cause cause, int64_t until,
		 int64_t now);
/* The same for a family or a model at it. */
void limits_rest_for(struct limits *l, const char *what, enum limit_cause cause,
		     int64_t until, int64_t now);
/* A call to it broke. It rests when the one before did as well, the longer the
 * more did; at least until `least` when the answer named a time (else 0). */
void limits_failed(struct limits *l, int64_t least, int64_t now);
/* A request has used so much headroom: its share of what those beside it have
 * used meanwhile. */
void limits_spent(struct limits *l, double share);
/* Forget all but which window counts for whom, and why a person stopped it. */
void limits_clear(struct limits *l);
/* It has served: no rest stands in its way; `full`: nor does a window that was
 * full, of which the answer says nothing. */
void limits_served(struct limits *l, const struct asked *a, bool full);

/* Is `now` worth storing in place of `was`? Small steps are not, for a while.
 * A turn is more than shares that move: others must not miss it. */
bool limits_news(const struct limits *was, const struct limits *now);
bool limits_is_turn(const struct limits *was, const struct limits *now);

/* As a word ("window"), and for people. */
const char *limit_cause_name(enum limit_cause c);
const char *limit_cause_text(enum limit_cause c);
/* Did the account itself refuse, so that another credential may do? */
bool limit_cause_is_lasting(enum limit_cause c);

#endif
