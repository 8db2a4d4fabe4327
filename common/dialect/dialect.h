/* SPDX-License-Identifier: MIT */
/*
 * dialect: the wire formats that dario speaks, one row each.
 *
 * Everything here is pure: bytes and events in, bytes out, no files and no
 * network. A writer turns neutral events into one dialect's stream; `whole`
 * writes a folded answer; the error writers make the body of an HTTP error and
 * the event that ends a stream that failed; the tap looks at events that pass
 * through unchanged and tells whether the answer came to its proper end.
 *
 * Sources: Anthropic Messages API reference (streaming, errors) and the types
 * of @anthropic-ai/sdk 1.12; OpenAI API reference and the types of openai 7.57
 * (Chat Completions, Responses).
 */
#ifndef DARIO_DIALECT_H
#define DARIO_DIALECT_H

#include "base/buf.h"
#include "base/err.h"
#include "dialect/event.h"
#include "dialect/fold.h"
#include "dialect/usage.h"

enum dialect_id {
	DIALECT_ANTHROPIC, /* Messages */
	DIALECT_OPENAI, /* Chat Completions; also Completions and Embeddings */
	DIALECT_RESPONSES,
	DIALECTS
};

/* What the tap saw, as bits. */
enum tap {
	TAP_BEGUN = 1,    /* the answer's first event */
	TAP_FINISH = 2,   /* a finish reason or the final usage */
	TAP_END = 4,      /* the terminal event */
	TAP_ERROR = 8,    /* an error in the stream */
	TAP_CONTENT = 16, /* set by the relay: see `content` */
	TAP_USAGE = 32,   /* a usage object: see usage_scan */
	TAP_APART = 128,  /* the final usage, in an event of its own */
	TAP_WORD = 64,    /* the word "error", and not null behind it */
};

#define WRITER_TEXT_MAX (64u << 20)

/* State of one answer on its way to the client. Set up by writer_init. */
struct writer {
	const struct dialect *dialect;
	struct buf *out;
	char id[64]; /* id of the answer, in the dialect's own form */
	char model[256];
	int64_t created;   /* seconds since 1970 */
	bool usage_wanted; /* Chat: stream_options.include_usage */
	bool legacy;       /* Chat: the first call is a function_call */
	unsigned blocks;   /* opened so far */
	unsigned tools;    /* tool calls opened so far */
	bool args;         /* the open tool call has arguments */
	bool held;         /* Messages: they wait for their end, in text */
	bool custom;       /* and takes free text */
	struct buf cites;  /* Responses: of the open item, as JSON */
	unsigned n_cites;  /* in it; Chat: so far */
	unsigned details;  /* Chat: blocks of reasoning_details so far */
	bool google;       /* Chat: the open call's signature has gone out */
	/* Responses repeats everything at the end of an item and of the
	 * stream, so its writer has to keep it. */
	unsigned sequence;
	char stem[32];    /* of the ids of items: item-ids.h */
	struct buf text;  /* of the open item */
	struct buf items; /* finished items, as JSON */
	char item_id[128], call_id[512], name[160], space[160];
	enum call_shape shape;
};

void writer_init(struct writer *w, const struct dialect *d, struct buf *out);
void writer_release(struct writer *w);

/* How a dialect writes the events of an answer; see writer_event. */
struct writer_ops {
	void (*start)(struct writer *w, const struct ev *v);
	void (*open)(struct writer *w, const struct ev *v);
	void (*delta)(struct writer *w, const struct ev *v);
	void (*close)(struct writer *w, const struct ev *v);
	void (*cite)(struct writer *w, const struct ev *v);
	void (*search)(struct writer *w, const struct ev *v); /* NULL: no */
	void (*finish)(struct writer *w, const struct ev *v);
	void (*fail)(struct writer *w, const struct err *e); /* NULL: event */
};

extern const struct writer_ops anthropic_writer, openai_writer,
	responses_writer;
ev_fn writer_event; /* arg is a struct writer */

struct chat;
struct upstream_model;
struct reader;
struct json_object;
struct jval;
struct mend;

typedef int chat_read_fn(struct chat *c, struct json_object *body,
			 struct err *e);
typedef int chat_write_fn(const struct upstream_model *t, struct chat *c,
			  struct buf *out, struct err *e);
typedef void mend_fn(struct mend *m);
typedef int reader_event_fn(struct reader *r, struct span name,
			    const struct jval *o, struct err *e);
typedef int reader_end_fn(struct reader *r, struct err *e);
typedef int reader_whole_fn(struct reader *r, const struct jval *o,
			    struct err *e);

struct dialect {
	const char *name; /* as in backends/NAME.json and in the log */
	const char *id_prefix;
	const char *request_id_header;
	const char *path; /* of the API that a translated request goes to */
	/* requests: body to neutral, neutral to body (chat.h) */
	chat_read_fn *read;
	chat_write_fn *request;
	/* the same dialect on both sides: what must change all the same */
	mend_fn *mend;
	/* answers of an upstream: one event, the end, a whole one (reader.h) */
	reader_event_fn *read_event;
	reader_end_fn *read_end;
	reader_whole_fn *read_whole;
	/* answers to a client */
	const struct writer_ops *writer;
	void (*whole)(struct writer *w, const struct answer *a);
	void (*error_body)(struct buf *out, const struct err *e,
			   const char *request_id);
	void (*error_event)(struct buf *out, const struct err *e,
			    const char *request_id);
	/* An upstream's JSON error body as the event that ends a stream. */
	const char *error_event_name;
	/* Can it say that its provider has searched? NULL: never. */
	bool (*says)(const struct web_search *s);
	struct span ping; /* keep-alive inside an answer */
	unsigned (*tap)(struct span name, struct span data);
	bool (*content)(struct span name, struct span data); /* tap.h */
	usage_fn *usage;
};

extern const struct dialect dialects[DIALECTS];

/* By name; NULL when there is none. */
const struct dialect *dialect_find(struct span name);

/* Keep-alive that every reader skips, even before the first event. */
extern const struct span dialect_comment;

/* Its first line. */
void dialect_event_name(struct buf *out, const char *name);
/* `data` may have several lines. `name` may be NULL. */
void dialect_event(struct buf *out, const char *name, struct span data);

/* The rows' functions. */
chat_read_fn anthropic_request_read, openai_request_read,
	responses_request_read;
chat_write_fn anthropic_request_write, openai_request_write,
	responses_request_write;
mend_fn anthropic_mend, openai_mend, responses_mend;
reader_event_fn anthropic_answer_event, openai_answer_event,
	responses_answer_event;
reader_end_fn anthropic_answer_end, openai_answer_end, responses_answer_end;
reader_whole_fn anthropic_answer_read, openai_answer_read,
	responses_answer_read;
void anthropic_answer_write(struct writer *w, const struct answer *a);
void openai_answer_write(struct writer *w, const struct answer *a);
void responses_answer_write(struct writer *w, const struct answer *a);
bool anthropic_says(const struct web_search *s);
/* A search of Anthropic's as the two blocks that it was, with a comma; empty:
 * it is another's, or nothing of it has to come home. */
struct span anthropic_search_blocks(struct arena *a,
				    const struct web_search *s);
bool responses_says(const struct web_search *s);

#endif
