/* SPDX-License-Identifier: MIT */
/*
 * refusal: what a failed answer means for the account, for the model there and
 * for the request. One table of rows per kind of provider; each row names its
 * source. Pure.
 */
#ifndef DARIO_REFUSAL_H
#define DARIO_REFUSAL_H

#include "state/pool/limits-read.h"

/* Whose words an answer is in. */
enum provider_kind {
	PROVIDER_ANTHROPIC,
	PROVIDER_OPENAI, /* and all that are like it */
	PROVIDER_KINDS
};

/* What to do with the request. */
enum refusal_next {
	NEXT_ANSWER,  /* it is the client's: nobody else would do better */
	NEXT_REFRESH, /* the token may be old: a new one, once */
	NEXT_OTHER,   /* another account may serve */
	NEXT_AGAIN,   /* it was mended: the same account once more */
};

/* Who rests. */
enum refusal_scope {
	SCOPE_ACCOUNT,
	SCOPE_FAMILY, /* the models that share the limit, at this account */
	SCOPE_MODEL,  /* this model at this account */
};

struct refusal {
	enum refusal_next next;
	enum limit_cause cause; /* CAUSE_NONE: nobody rests */
	enum refusal_scope scope;
	int64_t until; /* of the cause; 0: no end by itself */
	/* The call broke, which says little alone: limits_failed, with `until`
	 * as the least. */
	bool failed;
};

struct refused_answer {
	int status;                     /* 0: there was none */
	struct span text;               /* its body or message */
	struct span retry_after;        /* header field, or "" */
	struct span retry_after_ms;     /* Azure's and OpenAI's, or "" */
	bool subscription;              /* its credential can be renewed */
	const struct limits_told *told; /* what its header fields said */
};

/* `l` with the answer's header fields taken over. */
struct refusal refusal_of(enum provider_kind kind,
			  const struct refused_answer *a,
			  const struct limits *l, const struct asked *asked,
			  int64_t now);

/* For the rule of a route, in its words: CAUSE_AUTH, CAUSE_CREDIT, CAUSE_MODEL
 * or CAUSE_NONE. */
enum limit_cause refusal_word(enum provider_kind kind, int status,
			      struct span text);

#endif
