/* SPDX-License-Identifier: MIT */
/* chat-write: what the request writers of OpenAI's two dialects share. */
#ifndef DARIO_CHAT_WRITE_H
#define DARIO_CHAT_WRITE_H

#include "base/jw.h"
#include "dialect/chat.h"

#define WRITE_NAME_MAX 64 /* bytes of a tool's name */

/* What goes with the calls of others where Google's signature must: its
 * documented value. */
#define WRITE_SKIP_SIGNATURE "\"skip_thought_signature_validator\""
#define WRITE_NO_SIGNATURE \
	"{\"google\":{\"thought_signature\":" WRITE_SKIP_SIGNATURE "}}"

bool write_has(const struct part *parts, enum part_kind kind);
/* What is not text: pictures, and documents in other forms. */
bool write_is_media(const struct part *p);
bool write_is_text(const struct part *p); /* and not empty */
bool write_has_media(const struct part *parts);

/* All text of a list of parts; thinking apart. */
struct span write_joined(struct arena *a, const struct part *parts,
			 const char *separator);
struct span write_thinking(struct arena *a, const struct part *parts);

/* The text of a text part, or of a document that is text, with its title. */
struct span write_text(struct arena *a, const struct part *p);
struct span write_data_url(struct arena *a, const struct part *p);
int write_no_message(struct err *e); /* there must be one */

/* Are tools whose input is free text known there? They are in Responses. */
bool write_takes_custom(const struct upstream_model *t, bool nested);
/* A call's arguments; free text is wrapped as {"input": ...}. */
struct span write_arguments(struct arena *a, const struct part *p,
			    const struct quirks *q);
/* Arguments as the text of one JSON object; what is none is wrapped. */
/* An object that was made text once too often, as models and SDKs do: without
 * that. False: it is none, and nothing is written. */
bool write_inner(struct jw *w, struct span args);
struct span write_object(struct arena *a, struct span args);

/* `input` of Anthropic's tool_use: arguments as one JSON object; what is none
 * is kept, wrapped. */
void write_input(struct jw *w, struct span args, bool custom);

/* Has a system message to wait, because what follows answers tool calls? Asked
 * of each message in turn; zeroed at first. `first` is then the first of those
 * that wait: its reader sets it to NULL when they are written. */
struct write_wait {
	const struct msg *first;
	bool inside; /* of several system messages */
};
bool write_must_wait(struct write_wait *w, const struct msg *m);

#define WRITE_ATTACHMENT "Attachment of tool call %.*s:"
/* What stands before the pictures of a result, where they follow it. */
struct span write_attachment(struct arena *a, const struct part *result,
			     const struct quirks *q);

/* An effort that was asked for and has no place: noted. */
void write_no_effort(struct chat *c);

/* Marks for a prompt cache and what a text relies on have no place there:
 * noted. */
void write_no_marks(struct chat *c);

/* A tool that runs at the provider has no place: noted, or an error when the
 * client insists on it. */
int write_hosted(struct chat *c, const struct tool *t, struct err *e);

/* tool_choice and parallel_tool_calls; Chat nests a tool's name. */
void write_choice(struct jw *w, const struct upstream_model *t, struct chat *c,
		  bool nested);
/* Where a tool cannot be forced by its name it is the only one. */
bool write_offers(const struct upstream_model *t, const struct chat *c,
		  const struct tool *tool);
/* `strict` of a tool, as far as its schema allows it. */
bool write_strict(struct chat *c, const struct tool *t);

/* May this field of Chat stand at the top? Else it is noted as dropped. */
bool write_takes(const struct upstream_model *t, struct chat *c,
		 const char *field);
/* The field for an answer's limit, and the limit, if it is too small. */
const char *write_limit(const struct upstream_model *t);
int64_t write_floor(const struct upstream_model *t, int64_t max);

const char *write_effort(const struct upstream_model *t, const struct chat *c);

/* name, schema and strict of an answer's format. */
void write_schema(struct jw *w, struct chat *c);
void write_samplers(struct jw *w, const struct upstream_model *t,
		    struct chat *c);
void write_user(struct jw *w, const struct upstream_model *t, struct chat *c);

/* One entry of reasoning_details, as OpenRouter writes Anthropic's thinking. */
void write_reasoning_detail(struct jw *w, enum part_kind kind, struct span text,
			    struct span signature, int index);

#endif
