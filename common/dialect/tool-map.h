/* SPDX-License-Identifier: MIT */
/*
 * tool-map: a client's tools as the canonical ones, and back, for one request
 * to an Anthropic backend.
 *
 * Everything happens on the Anthropic Messages wire: the request's body as a
 * tree, the answer as events of the stream or as a whole message. So one
 * implementation serves all clients; a translated request is mapped after it
 * was translated, its answer before it is translated back.
 *
 *	m = tool_map_request(rows, mode, &context, arena, body);
 *	if (!m)  nothing changed: send the client's own bytes, and hand on the
 *		 answer's bytes as they come
 *	else     send retext(body), and then either
 *		 tool_map_sink(m, fn, arg); sse_init(&s, tool_map_event, m);
 *		 ... sse_end(&s, e); tool_map_end(m, e);
 *	or       tool_map_whole(m, message)
 *	tool_map_free(m);
 *
 * What is mapped. A client tool with a row (tool-rows.h) takes the canonical
 * name; its description follows ours; its properties take the canonical field
 * names and keep the client's own schema, because that is what its tool
 * accepts. Properties without a canonical field stay under their own names. A
 * field of the canonical tool that the client does not declare is not offered.
 * So mapping is only renaming, and mapping back is its exact inverse. Changed
 * are: tools (with their input_examples), tool_choice, tool_use blocks and
 * tool_reference blocks in the messages, and names in context_management.
 * Nothing else; no text, ever. What goes through a tree is written by retext.h,
 * and keeps its numbers and repeated keys.
 *
 * What passes as it is: a tool without a row; with a dated `type`; whose
 * canonical name a client's tool has already, or an earlier one was given;
 * whose name is declared twice; without a property for every field that the
 * canonical tool requires, or with one of another type; whose top-level schema
 * says more about its properties than `properties` and `required`; and when
 * renaming would give two properties one name.
 *
 * Context fields (sessionId and so on, see tool-context.c) declared at the
 * top of a
 * mapped tool are not offered to the model. TOOLS_HYBRID hides declared nested
 * ones too, and on the way back fills what is still missing, where it may
 * stand: strings, numbers where the schema says number or integer; the time as
 * RFC 3339 text or as milliseconds since 1970. Nothing is overwritten, and an
 * object that the model left out is not made. What was filled is taken out of
 * the history again.
 *
 * Streams. A tool's block begins with the client's name at once. Its input is
 * held back only when its shape changes, and goes out in one piece before the
 * block stops. Input that is cut (the block stops, the message ends or the
 * stream ends before it is a whole JSON object) goes out as it was received:
 * no field can be named for sure in half an object. A whole object in a block
 * that was never stopped is mapped; no stop is made up. Events that concern no
 * mapped tool reach the sink with name and data as they came.
 *
 * Back from the model, a key that was not offered keeps its name, unless the
 * client's schema is closed and the key is the canonical tool's: then it is
 * dropped, in tools whose shape changes.
 *
 * A map belongs to one request and one thread. Errors are ERR_UPSTREAM: more
 * held input or more open blocks than allowed, and those of the sink.
 * Sources: Anthropic Messages API reference (tools, streaming).
 */
#ifndef DARIO_TOOL_MAP_H
#define DARIO_TOOL_MAP_H

#include "dialect/sse.h"
#include "dialect/tool-rows.h"

#define TOOL_LIST_MAX 8192 /* declared tools; a longer list is not mapped */
#define TOOL_HELD_MAX (16u << 20) /* bytes of input held back, in all */
#define TOOL_OPEN_MAX 256         /* blocks of mapped tools open at a time */

enum tool_mode {
	TOOLS_MAP,
	TOOLS_PRESERVE, /* nothing is mapped */
	TOOLS_HYBRID,
};

/* What TOOLS_HYBRID fills in. Empty: not known, not filled; so is what is not
 * printable ASCII or too long. Give request_id always: the client's, or the
 * router's own. Copied. */
#define TOOL_CONTEXT_MAX 512 /* bytes of one value */
struct tool_context {
	struct span session_id, request_id, channel_id, user_id;
	int64_t now_ms; /* since 1970 */
};

struct tool_map;

/* Could a body, as text, declare tools? False saves reading it. */
bool tool_map_wanted(struct span body);

/* Map `body` in place; NULL, and `body` untouched, when no tool of it is
 * mapped. `context` may be NULL. `rows` and `arena` must outlive the map. */
struct tool_map *tool_map_request(const struct tool_rows *rows,
				  enum tool_mode mode,
				  const struct tool_context *context,
				  struct arena *arena,
				  struct json_object *body);
void tool_map_free(struct tool_map *m); /* NULL is fine */

/* Where the events of the answer go: a reader (reader_event), or
 * tool_map_write with a buf. */
void tool_map_sink(struct tool_map *m, sse_fn *fn, void *arg);
sse_fn tool_map_event; /* arg is the struct tool_map */
/* Forget what an answer left open: the request is sent once more. */
void tool_map_reset(struct tool_map *m);
/* The stream is over, in whatever way: what is still held goes to the sink. */
int tool_map_end(struct tool_map *m, struct err *e);
sse_fn tool_map_write; /* arg is a struct buf: the event as bytes */

/* A whole message, in place. True when something changed. */
bool tool_map_whole(struct tool_map *m, struct json_object *message);

#endif
