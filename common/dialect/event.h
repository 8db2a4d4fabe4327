/* SPDX-License-Identifier: MIT */
/*
 * event: the neutral form of an answer, between any two dialects.
 *
 * An answer is START, then blocks one after the other (OPEN, any number of
 * DELTA, CLOSE) and searches, then FINISH. PING may come anywhere, ERROR ends
 * the answer. Spans in an event die when the call that received it returns.
 * Tool arguments stay raw JSON text. Counters are disjoint as in Anthropic's
 * usage: `input` does not hold what was read from or written to a cache;
 * `output` holds `reasoning`.
 */
#ifndef DARIO_EVENT_H
#define DARIO_EVENT_H

#include "base/buf.h"
#include "base/err.h"
#include "dialect/seal.h"

#include <stdint.h>

enum part_kind {
	PART_TEXT,
	PART_THINKING, /* text and, at the end, a signature */
	PART_REDACTED, /* opaque data only */
	PART_TOOL_USE, /* id, name, arguments as JSON text */
	PART_REFUSAL,
	PART_SEARCH, /* of an upstream's web: see struct web_search */
	/* in requests only */
	PART_IMAGE,
	PART_DOCUMENT,
	PART_TOOL_RESULT,
};

/* How the client knows a call: as the function that it is on the wire of other
 * dialects, or as an item of its own (responses-calls.h). */
enum call_shape {
	CALL_PLAIN,
	CALL_LOCAL_SHELL,
	CALL_SHELL,
	CALL_APPLY_PATCH,
	CALL_TOOL_SEARCH,
};

enum stop_kind {
	STOP_END,
	STOP_TOOL_USE,
	STOP_MAX_TOKENS,
	STOP_SEQUENCE,
	STOP_REFUSAL,
};

/* Of tokens, those that are no text: `input` and `read` as in usage. */
struct usage_media {
	int64_t input, read, output;
};

/* How it was served, where that has a price: its provider says so. */
enum usage_tier {
	USAGE_PRIORITY = 1,
	USAGE_FLEX = 2,  /* when there is room: as a batch */
	USAGE_FAST = 4,  /* Anthropic's fast mode */
	USAGE_US = 8,    /* in that country alone */
	USAGE_TOLD = 16, /* it is said, if only that it is the usual one */
};

struct usage {
	int64_t input, cache_read, cache_write, output, reasoning;
	int64_t cache_write_1h; /* of cache_write: kept for an hour */
	int64_t searches;       /* of the web, that the provider bills */
	struct usage_media image, audio;
	int64_t seconds; /* of sound, where these are billed and not tokens */
	unsigned tier;   /* enum usage_tier */
	bool has_cost;   /* the answer tells it */
	double cost;     /* all of it, in US dollars as it says */
};

/* What a text relies on: a place on the web. */
struct citation {
	struct span url, title;
	struct span quote;  /* of that place, or empty */
	struct span opaque; /* Anthropic's encrypted_index, or empty */
	int64_t from, to;   /* of the open text, in characters */
	int64_t before;     /* characters of the texts before it */
	struct citation *next;
};

struct search_hit {
	struct span url, title, age;
	struct span opaque; /* Anthropic's encrypted_content, or empty */
};

/* A search of the web that the provider ran itself. */
struct web_search {
	struct span id;    /* the upstream's */
	struct span query; /* empty: it looked into a page that it had found */
	struct span error; /* why it failed, or empty */
	struct search_hit *hits;
	size_t n;
	struct span item; /* of Responses: all of it, as it came */
};

enum ev_kind {
	EV_START,  /* id, name: the model; usage as far as it is known */
	EV_OPEN,   /* part; id and name of a tool call */
	EV_DELTA,  /* text */
	EV_CLOSE,  /* text: the signature of a thinking part */
	EV_CITE,   /* cite; within a text part */
	EV_SEARCH, /* search; between parts */
	EV_FINISH, /* stop, usage; text: the stop sequence, if known */
	EV_PING,
	EV_ERROR, /* err */
};

struct ev {
	enum ev_kind kind;
	enum part_kind part; /* of OPEN, DELTA and CLOSE */
	struct span id, name, text;
	enum seal_kind seal;   /* what the signature or redacted data is */
	struct span google;    /* of OPEN or CLOSE of a call: its signature */
	bool custom;           /* a tool call whose input is free text */
	enum call_shape shape; /* of OPEN, for a call */
	struct span item;      /* of CLOSE: id of the Responses item; of OPEN
				* where the answer keeps its own */
	struct span phase;     /* and what it says of a text */
	struct span space;     /* and the namespace of its tool */
	enum stop_kind stop;
	struct usage usage;
	/* Both live as long as the reader's arena. */
	const struct citation *cite;
	const struct web_search *search;
	const struct err *err;
};

/* Receives an answer, event by event. */
typedef int ev_fn(void *arg, const struct ev *v, struct err *e);

#endif
