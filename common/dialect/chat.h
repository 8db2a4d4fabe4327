/* SPDX-License-Identifier: MIT */
/*
 * chat: the neutral form of a request, between any two dialects.
 *
 * A reader fills it from a parsed body, a writer makes another dialect's body
 * from it. Everything lives in the request's arena; spans and JSON objects
 * borrow from the parsed body, which must outlive the chat. Numbers that were
 * not given are negative (or NAN for the samplers). What has no place in the
 * neutral form, or none in the target, is named in `dropped`: nothing vanishes
 * silently.
 */
#ifndef DARIO_CHAT_H
#define DARIO_CHAT_H

#include "base/arena.h"
#include "base/json.h"
#include "base/names.h"
#include "dialect/dialect.h"
#include "dialect/quirks.h"
#include "dialect/seal.h"

#define CHAT_DROPPED_MAX 512         /* bytes of the list of names */
#define REQUEST_TEXT_MAX (64u << 20) /* bytes of joined text */

enum role {
	ROLE_SYSTEM,
	ROLE_USER,
	ROLE_ASSISTANT,
};

struct part {
	enum part_kind kind;
	struct span text;  /* text, thinking; a tool call's arguments */
	struct span id;    /* of a tool call, or of the call a result answers */
	struct span alias; /* of a call: another id that its result may name */
	struct span name;  /* of a tool, a file, or a document's title */
	struct span signature; /* of thinking */
	/* What the signature, or the text of redacted thinking, is: SEAL_NONE
	 * came unsealed. `foreign`: of another provider than the target. */
	enum seal_kind seal;
	bool foreign;
	uint64_t about;          /* hash of the id of the call it belongs to */
	struct span item, phase; /* of a text or call: Responses' own */
	struct span cites;  /* of a text: Messages' own, the items of a list */
	struct span google; /* of a tool call: Gemini's signature */
	struct span mime, data, url; /* media: base64 data or a URL */
	struct span detail;          /* of a picture, in OpenAI's words */
	bool error;                  /* a tool result that reports a failure */
	bool custom; /* a tool call with free text instead of JSON, or its
		      * result */
	bool paired; /* a tool result that has its call, or a call that has
		      * its result */
	bool own_id; /* `id` was made by the target: it goes as it is */
	bool placed; /* a text that is where its answer had it: item-seal.h */
	bool gone;   /* to be taken out */
	bool begins; /* it is of another answer than what stands before it */
	struct json_object *cache; /* cache_control, or NULL */
	struct part *content;      /* of a tool result */
	struct part *next;
};

struct msg {
	enum role role;
	bool developer;     /* a system message with OpenAI's newer name */
	struct span answer; /* Responses: that it belongs to, if it is known */
	struct part *parts, **tail;
	struct msg *next;
};

enum tool_kind {
	TOOL_FUNCTION,
	TOOL_CUSTOM, /* free text input */
	TOOL_HOSTED, /* run by the provider: `name` is its type */
};

struct tool {
	enum tool_kind kind;
	struct span name, description;
	struct json_object *schema; /* or NULL */
	struct span schema_text;    /* one of our own in its place */
	struct json_object *raw;    /* of a hosted one: as it came, or NULL */
	struct json_object *cache;
	int strict;    /* -1 unset */
	bool optional; /* strict as Anthropic has it, with optional members */
	/* Responses: what the client calls it, where `name` is made of both. */
	struct span space, local;
	enum call_shape shape;
	bool deferred; /* not offered before something speaks of it */
	struct tool *next;
};

enum choice {
	CHOICE_UNSET,
	CHOICE_AUTO,
	CHOICE_ANY,
	CHOICE_NONE,
	CHOICE_NAMED,
};

enum effort {
	EFFORT_UNSET,
	EFFORT_NONE,
	EFFORT_MINIMAL,
	EFFORT_LOW,
	EFFORT_MEDIUM,
	EFFORT_HIGH,
	EFFORT_XHIGH,
	EFFORT_MAX,
};

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_SCHEMA,
};

struct chat {
	struct arena *arena; /* once it is full, what is added is forgotten */
	/* Of the target, set before the body is read: what it sealed becomes
	 * the original. */
	const struct seal_origin *origin;
	/* What the body was read from, and located in (json-source.h): values
	 * are handed on in its words. Empty: json-c's. */
	struct span source;
	struct msg *msgs, **tail;
	struct tool *tools, **tools_tail;
	enum choice choice;
	struct span choice_name;
	bool no_parallel;
	int64_t max_tokens;
	double temperature, top_p;
	int64_t top_k;
	struct span stop[16];
	size_t n_stop;
	enum effort effort;
	bool thinking_off; /* said in so many words */
	int64_t budget;    /* of thinking, in tokens */
	enum format format;
	struct span format_name, format_about;
	struct json_object *format_schema;
	int format_strict;
	struct span user; /* an opaque id of the end user */
	struct span tier; /* service_tier, in the source's words */
	struct span verbosity;
	bool stream, usage_wanted;
	bool legacy; /* Chat: a call goes out as function_call */
	/* Older models give JSON by a schema as the input of a tool that they
	 * must call: its name, to turn the call back into text. */
	const char *json_tool;
	char fault[120];    /* a member of another type than it can be */
	struct buf dropped; /* names, separated by ", " */
	int searches;       /* items that tell of one, and are not home */
	int citations;      /* the same of texts */
	struct names found; /* deferred tools that something speaks of */
	struct names flat;  /* of tools: negative for what two would have */
	/* Stand in for what there was no memory for. */
	struct msg no_msg;
	struct part no_part;
	struct tool no_tool;
};

/* What a message's content must be, as it is told. */
#define CHAT_NO_CONTENT \
	"content must be text or a list of parts, each an object " \
	"with a type"

void chat_init(struct chat *c, struct arena *a);
void chat_release(struct chat *c);
/* Once the request is written: what its answer needs of it stays, the messages
 * do not, and what they were read from may go. */
void chat_keep_for_answer(struct chat *c);
struct msg *chat_msg(struct chat *c, enum role role);
/* The same in front of *at, which it becomes. */
struct msg *chat_msg_at(struct chat *c, struct msg **at, enum role role);
struct part *chat_part(struct chat *c, struct msg *m, enum part_kind kind);
struct part *chat_text(struct chat *c, struct msg *m, struct span text);
struct tool *chat_tool(struct chat *c, enum tool_kind kind, struct span name);
void chat_dropped(struct chat *c, const char *what);

/* What stands where a string should, in the source's words. */
struct span chat_said(struct chat *c, struct json_object *v);

/* Members that can only be of one type. Another one is no absent one: the first
 * is kept in `fault`, and refused at the end (read_faults). null is absent. */
void chat_fault(struct chat *c, const char *key, const char *what);
struct span chat_str(struct chat *c, struct json_object *o, const char *key);
bool chat_flag(struct chat *c, struct json_object *o, const char *key,
	       bool otherwise);
int chat_choice(struct chat *c, struct json_object *o,
		const char *key); /* 1, 0, or -1: unset */
struct json_object *chat_object(struct chat *c, struct json_object *o,
				const char *key);
struct json_object *chat_list(struct chat *c, struct json_object *o,
			      const char *key);
/* A list of objects. */
struct json_object *chat_objects(struct chat *c, struct json_object *o,
				 const char *key);

/* "data:image/png;base64,..." or a URL, into mime, data, url. -1: not usable,
 * with an error that names the field. */
int chat_media(struct chat *c, struct part *p, struct span source,
	       struct err *e);
/* What base64 data is by its first bytes, whatever it is called; else `mime` as
 * it is spelt. */
struct span chat_media_type(struct arena *a, struct span mime,
			    struct span data);

enum effort effort_find(struct span name);
/* Of thinking with that budget, and the word for it where effort adapts. */
enum effort effort_of_budget(int64_t budget);
const char *effort_adaptive(enum effort f, bool xhigh);
const char *effort_name(enum effort f);

/* What a request writer has to know of the model and the provider. */
enum thinking_form {
	THINKING_NONE,
	THINKING_BUDGET,   /* enabled + budget_tokens */
	THINKING_EITHER,   /* budget or adaptive */
	THINKING_ADAPTIVE, /* can be disabled */
	THINKING_BETWEEN,  /* adaptive; off is "between_tools" */
	THINKING_ALWAYS,   /* adaptive, cannot be switched off */
};

struct family {
	int64_t max_output; /* tokens */
	bool structured;    /* output_config.format */
	enum thinking_form thinking;
	bool samplers;      /* temperature, top_p, top_k */
	bool xhigh;         /* effort xhigh */
	bool forced_tools;  /* tool_choice any and tool */
	bool inline_system; /* role system in the middle of messages */
	bool prefill;       /* a final assistant turn */
	bool reasoning; /* OpenAI's: reasoning_effort, no samplers, no stop */
};

struct upstream_model {
	const char *model;
	struct family family;
	struct quirks quirks;
	const struct seal_origin *origin; /* of what it seals; NULL: unknown */
	/* Messages, as they came: */
	bool no_samplers; /* the version of the API that is asked has none */
	bool count;       /* tokens are counted, nothing is answered */
};

/* Tool names and ids, as the target allows them; pure functions of what goes
 * in, so that another process maps the same way. From the arena. */
struct span chat_tool_name(struct arena *a, struct span name, size_t max);
struct span chat_id_anthropic(struct arena *a, struct span id);
struct span chat_id_openai(struct arena *a, struct span id,
			   const struct quirks *q);
/* The same for a call or a result, whose id may be the target's own. */
struct span chat_call_id(struct arena *a, const struct part *p,
			 const struct quirks *q);

/* For the readers: the signature of thinking, or the data of redacted
 * thinking, as the client sends it; the part has its text. And, once all is
 * read and merged: calls get what belongs to them, and ids of their own. */
void chat_sealed(struct chat *c, struct part *p, struct span value);
void chat_settle(struct chat *c);
/* For the writers: thinking that Anthropic has signed, for the target. */
bool chat_signed(const struct part *p);

#endif
