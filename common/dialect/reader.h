/* SPDX-License-Identifier: MIT */
/*
 * reader: turns an upstream's answer into neutral events.
 *
 * Feed it the events of the stream as the SSE splitter gives them, then end;
 * or one whole answer. The sink receives START, blocks one after the other,
 * and FINISH or ERROR. Upstreams may interleave what belongs to several
 * blocks: a slot per block keeps what arrives early until its turn. What an
 * upstream sends beyond the answer (unknown events and blocks, results of its
 * own tools) is passed over; `dropped` names it. Not thread-safe; memory comes
 * from the arena.
 */
#ifndef DARIO_READER_H
#define DARIO_READER_H

#include "base/arena.h"
#include "base/jval.h"
#include "base/names.h"
#include "dialect/dialect.h"
#include "dialect/halves.h"

#define READER_SLOTS_MAX 4096
#define READER_KEYS 128
#define READER_CITES_MAX 4096
#define READER_PENDING_MAX (64u << 20)

struct slot {
	enum part_kind kind;
	int64_t key; /* the upstream's index; -1 none */
	const char *id, *name, *signature;
	enum seal_kind seal;      /* what the signature or redacted data is */
	const char *google;       /* thought signature of a call, or "" */
	const char *item, *phase; /* of Responses, or "" */
	const char *given;  /* arguments, if no deltas bring them; or NULL */
	struct buf pending; /* text that waits for its turn */
	bool wanted;        /* something was said to it, if only "" */
	bool opened, ended;
	bool got_text; /* some came as deltas */
	bool custom;   /* a call with free text */
	bool named;    /* Responses: by an item of the final response */
	bool naming;   /* Chat: of a call, whose name may go on */
	int64_t chars; /* of text, so far */
	int64_t base;  /* text before it that citations count, too */
	struct citation *cites, **cites_tail; /* go out at its end */
	struct web_search *search;
	char half[HALF_MAX]; /* a character whose end has not come */
	size_t half_len;
	/* Are the arguments a complete JSON object? */
	int depth;
	bool in_string, escaped, complete;
	uint64_t all; /* hash of them, and their number of bytes */
	size_t all_n;
	struct slot *next;
	struct slot *older; /* the one begun before this */
	struct slot *near;  /* the same, of those under one of `keys` */
};

struct reader {
	const struct dialect *dialect;
	struct arena *arena;
	ev_fn *sink;
	void *arg;
	struct jdoc json; /* what is read now */

	struct slot *head, *last; /* not closed yet, in order */
	struct slot *all;         /* every slot, the latest first */
	struct slot *keys[READER_KEYS];
	struct slot *current; /* Chat: what the next text goes to */
	int64_t choice;       /* and which of several is read */
	bool chosen;
	struct names ids; /* of calls: how often each was given */
	unsigned slots, tools, cites;
	int64_t chars;  /* of all text so far */
	int64_t closed; /* of texts that are over */
	bool started, finished;
	bool by_id;    /* Responses: events have no output_index */
	bool own;      /* and are for a client of it: ids are kept */
	bool got_text; /* any text at all */
	bool refused, has_stop, has_usage;
	enum stop_kind stop;
	struct usage usage;
	const char *id, *model;  /* of the answer */
	const char *item;        /* Responses: id of the latest item */
	const char *explanation; /* of a refusal */
	const char *stop_text;   /* the sequence that ended it, or NULL */
	struct buf dropped;      /* names, separated by ", " */
};

void reader_init(struct reader *r, const struct dialect *d, struct arena *a,
		 ev_fn *sink, void *arg);
void reader_release(struct reader *r);
/* One event of the stream: an sse_fn with the reader as arg. */
int reader_event(void *reader, struct span name, struct span data,
		 struct err *e);
/* The stream is over; an error when it was not complete. */
int reader_end(struct reader *r, struct err *e);
/* A whole answer. */
int reader_whole(struct reader *r, struct span text, struct err *e);

/* --- for the dialects' own readers -------------------------------------- */

int reader_start(struct reader *r, struct err *e);
struct slot *reader_open(struct reader *r, enum part_kind kind, int64_t key,
			 struct err *e); /* NULL: too many */
/* The latest of those that may have this key; `near` goes on. */
struct slot *reader_keyed(const struct reader *r, int64_t key);
int reader_text(struct reader *r, struct slot *s, struct span text,
		struct err *e);
int reader_close(struct reader *r, struct slot *s, struct err *e);
int reader_pump(struct reader *r, struct err *e); /* after setting ended */
int reader_finish(struct reader *r, struct err *e);
int reader_error(struct reader *r, const struct jval *o, struct err *e);
/* What the answer's reader can do nothing with; empty: nothing. */
void reader_dropped(struct reader *r, struct span what);
/* The same, for what this client's dialect cannot say. */
void reader_unsaid(struct reader *r, const struct dialect *client,
		   const struct ev *v);
/* A text's; spans are copied. from < 0: all of the text. */
void reader_cite(struct reader *r, struct slot *s, struct citation c);
/* OpenAI's, in either of its forms; NULL: there is no such text. */
void reader_annotation(struct reader *r, struct slot *s, const struct jval *o);
void reader_annotations(struct reader *r, struct slot *s,
			const struct jval *list);
struct slot *reader_search(struct reader *r, int64_t key, struct span id,
			   struct err *e); /* NULL: too many */
void reader_hits(struct reader *r, struct web_search *s,
		 const struct jval *list);
/* A text, in whatever type it comes: true and false are none. */
struct span reader_words(struct reader *r, const struct jval *o,
			 const char *key);
/* Entries of a list, or one that stands without it. */
const struct jval *reader_first(const struct jval *list);
const struct jval *reader_next(const struct jval *list, const struct jval *v);
const char *reader_copy(struct reader *r, const struct jval *o,
			const char *key);

#endif
