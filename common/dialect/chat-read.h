/* SPDX-License-Identifier: MIT */
/* chat-read: what the three request readers share. */
#ifndef DARIO_CHAT_READ_H
#define DARIO_CHAT_READ_H

#include "dialect/chat.h"

/* 400 that names the field. Always -1. */
int read_bad(struct err *e, const char *param, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 400 when a member was of another type than it can be. */
int read_faults(struct chat *c, struct err *e);

/* Note every top-level key of `body` that is in neither list (both end with
 * NULL) as dropped. */
void read_dropped(struct chat *c, struct json_object *body,
		  const char *const *handled);

/* A whole number of tokens; *to stays as it is when the field is absent. */
int read_tokens(struct json_object *body, const char *key, int64_t *to,
		struct err *e);

/* Samplers and `stream`, which have the same names everywhere. */
int read_samplers(struct chat *c, struct json_object *body, struct err *e);

/* A string or a list of strings. */
int read_stop(struct chat *c, struct json_object *body, const char *key,
	      struct err *e);

/* What is wrong with the content of a message is told with its place, entry `i`
 * of `list`: -1. */
int read_at(struct err *e, const char *list, size_t i);

/* A message's content: a string, or a list of parts for `part`. */
typedef int read_part_fn(struct chat *c, struct msg *m, struct json_object *o,
			 struct err *e);
int read_content(struct chat *c, struct msg *m, struct json_object *content,
		 read_part_fn *part, struct err *e);
/* The same where every part must be an object. */
int read_parts(struct chat *c, struct msg *m, struct json_object *content,
	       read_part_fn *part, struct err *e);

/* The same of a tool's output, which may be any JSON: what has not the form of
 * content is its text. */
bool read_are_parts(struct json_object *output);
int read_result(struct chat *c, struct msg *m, struct json_object *output,
		read_part_fn *part, struct err *e);

/* What `o` has besides is named as dropped: "WHERE.KEY". */
void read_rest(struct chat *c, struct json_object *o, const char *where,
	       const char *const *known);

/* A part that is the string `key` of o. NULL: it is something else. */
struct part *read_text(struct chat *c, struct msg *m, struct json_object *o,
		       const char *key, struct err *e);

/* An image as Chat has it: by an object with a url, or by the URL itself. */
int read_image_url(struct chat *c, struct msg *m, struct json_object *o,
		   struct err *e);
/* anthropic-request-read.c: a block of Messages, which some clients write into
 * requests of other APIs. */
read_part_fn anthropic_block_read;

/* How much to think, in words; one that is not known is noted as dropped. */
void read_effort(struct chat *c, struct json_object *o, const char *key);

/* The same of a Chat request, in the words of OpenAI, OpenRouter (`reasoning`),
 * LiteLLM (`thinking`) and Qwen (`enable_thinking`). */
int read_reasoning(struct chat *c, struct json_object *body, struct err *e);
/* Anthropic's `thinking`, which routers take in Chat, too. */
int read_budget(struct chat *c, struct json_object *thinking, struct err *e);

/* The end user's id, in OpenAI's two APIs. */
void read_user(struct chat *c, struct json_object *body);

/* All `text` of a list of parts. */
struct span read_joined(struct chat *c, struct json_object *list,
			const char *separator);

/* {type,json_schema...} of Chat (`nested`) and Responses. */
int read_format(struct chat *c, struct json_object *format, bool nested,
		struct err *e);

/* tool_choice of Chat and Responses, allowed_tools included. */
int read_choice(struct chat *c, struct json_object *choice, struct err *e);

/* A tool's schema, in whatever way it is empty; NULL: it has none. */
struct json_object *read_schema(struct chat *c, struct json_object *f,
				const char *key);
/* One function or custom tool; `f` holds its fields. NULL: it has no name. */
struct tool *read_tool(struct chat *c, struct json_object *tool,
		       struct json_object *f, struct err *e);

/* Of tools with one name the last one stays, in the place of the first. */
void read_same_tools(struct chat *c);

/* Leave out what is deferred and not spoken of: no call, no reference (chat's
 * `found`), no choice names it. `searchable`: there is a tool to find it. */
void read_deferred(struct chat *c, bool searchable);

/* 400 unless the member is a list of objects, null or absent. */
int read_objects(struct json_object *body, const char *key, struct err *e);

/* The turns as every dialect takes them: neighbours of one role merged, each
 * result directly behind its call whatever came between, and system text alone
 * asked as a user's. `strict`: a call without a result, or the other way round,
 * is left out, and named; read_lonely does that later, for a target that would
 * refuse them, but leaves the calls at the very end: they wait for results. */
void read_turns(struct chat *c, bool strict);
void read_lonely(struct chat *c);

/* Neighbours of one role become one message, tool results first in it. */
void read_merge(struct chat *c);

#endif
