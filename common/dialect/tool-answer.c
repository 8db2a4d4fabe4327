/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json-source.h"
#include "base/jw.h"
#include "dialect/dialect.h"
#include "dialect/error.h"
#include "dialect/retext.h"
#include "dialect/tool-map-own.h"

#include <string.h>

static bool mentions(struct span data, const char *word)
{
	return data.n && memmem(data.p, data.n, word, strlen(word));
}

static const struct tool_shape *by_canonical(const struct tool_map *m,
					     struct span name)
{
	for (const struct tool_shape *s = m->shapes; s; s = s->next)
		if (span_eq(s->row->form->name, name))
			return s;
	return NULL;
}

/* Whose call a block is, or NULL. */
static const struct tool_shape *called(const struct tool_map *m,
				       struct json_object *block)
{
	if (!span_is(json_str(block, "type"), "tool_use"))
		return NULL;
	return by_canonical(m, json_str(block, "name"));
}

/* The tools that the provider's search has found, by the client's names. */
static bool map_found(const struct tool_map *m, struct json_object *block)
{
	struct json_object *list = json_get(json_get(block, "content"),
					    "tool_references");
	bool any = false;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);
		const struct tool_shape *s =
			by_canonical(m, json_str(o, "tool_name"));

		if (s)
			json_set_str(o, "tool_name", s->client.p);
		any |= s != NULL;
	}
	return any;
}

static void put_name(const struct tool_shape *s, struct json_object *block)
{
	json_set_str(block, "name", s->client.p);
}

static void map_input(const struct tool_map *m, const struct tool_shape *s,
		      struct json_object *block)
{
	struct json_object *input = json_get(block, "input");

	if (input)
		json_object_object_add(block, "input",
				       tool_shape_back(s, &m->context, input));
}

bool tool_map_whole(struct tool_map *m, struct json_object *message)
{
	struct json_object *content = json_get(message, "content");
	bool any = false;

	for (size_t i = 0; i < json_length(content); i++) {
		struct json_object *block = json_at(content, i);
		const struct tool_shape *s = called(m, block);

		any |= map_found(m, block);
		if (!s)
			continue;
		put_name(s, block);
		map_input(m, s, block);
		any = true;
	}
	return any;
}

int tool_map_write(void *arg, struct span name, struct span data, struct err *e)
{
	char type[SSE_NAME_MAX + 1];

	(void)e;
	if (name.n > SSE_NAME_MAX)
		name.n = SSE_NAME_MAX;
	memcpy(type, name.n ? name.p : "", name.n);
	type[name.n] = '\0';
	dialect_event(arg, name.n ? type : NULL, data);
	return 0;
}

/* --- blocks that are open ----------------------------------------------- */

static struct tool_block *find_block(struct tool_map *m, int64_t index)
{
	for (struct tool_block *b = m->blocks; b; b = b->next)
		if (b->shape && b->index == index)
			return b;
	return NULL;
}

static struct tool_block *free_block(struct tool_map *m)
{
	struct tool_block *b = m->blocks;

	while (b && b->shape)
		b = b->next;
	if (b || m->n_blocks == TOOL_OPEN_MAX)
		return b;
	b = arena_take(m->arena, sizeof(*b));
	buf_init(&b->held, TOOL_HELD_MAX);
	b->next = m->blocks;
	m->blocks = b;
	m->n_blocks++;
	return b;
}

static int open_block(struct tool_map *m, const struct tool_shape *s,
		      int64_t index, bool given, struct err *e)
{
	struct tool_block *b = free_block(m);

	if (!b)
		return err_set(e, ERR_UPSTREAM,
			       "the upstream has more than %d tool calls open "
			       "at a time",
			       TOOL_OPEN_MAX);
	b->shape = s;
	b->index = index;
	b->loose = false;
	b->given = given;
	m->open++;
	return 0;
}

static int put_delta(struct tool_map *m, int64_t index, struct span input,
		     struct err *e)
{
	struct buf text;
	struct jw w = jw_to(&text);
	int rc;

	buf_init(&text, (size_t)TOOL_HELD_MAX * 7 + 1024);
	jw_obj(&w);
	jw_kcstr(&w, "type", "content_block_delta");
	jw_kint(&w, "index", index);
	jw_key(&w, "delta");
	jw_obj(&w);
	jw_kcstr(&w, "type", "input_json_delta");
	jw_kstr(&w, "partial_json", input);
	jw_obj_end(&w);
	jw_obj_end(&w);
	if (text.full)
		rc = err_full(e, &text, ERR_UPSTREAM,
			      "the input of a tool call is too large");
	else
		rc = m->sink(m->arg, SPAN("content_block_delta"),
			     buf_get(&text), e);
	buf_release(&text);
	return rc;
}

/* `input` was made of what is held. */
static int put_mapped(struct tool_map *m, int64_t index, struct span held,
		      struct json_object *input, struct err *e)
{
	struct buf *text = &m->text;

	buf_reset(text);
	retext(text, m->arena, held, input);
	return text->full || m->arena->full
		     ? err_memory(e)
		     : put_delta(m, index, buf_get(text), e);
}

/* What is held goes out: mapped when it is a whole object, else as it came.
 * `stopped`: the block has ended as it should, so nothing means {}. */
static int flush(struct tool_map *m, struct tool_block *b, bool stopped,
		 struct err *e)
{
	struct span held = buf_get(&b->held);
	bool none = !span_trim(held).n;
	struct json_object *input = NULL, *mapped = NULL;
	struct err unread = { 0 };
	int rc = 0;

	if (!none)
		input = json_read_located(held, &unread);
	else if (stopped && !b->given)
		input = json_object_new_object();
	if (json_object_is_type(input, json_type_object))
		mapped = tool_shape_back(b->shape, &m->context, input);
	if (error_unread(&unread, "the input of a tool call")) {
		*e = unread;
		rc = -1;
	} else if (mapped && (!none || json_object_object_length(mapped)))
		rc = put_mapped(m, b->index, none ? SPAN("{}") : held, mapped,
				e);
	else if (!mapped && !none)
		rc = put_delta(m, b->index, held, e);
	json_object_put(mapped);
	json_object_put(input);
	m->held -= b->held.n;
	buf_reset(&b->held);
	b->loose = true;
	return rc;
}

static void close_block(struct tool_map *m, struct tool_block *b)
{
	b->shape = NULL;
	m->open--;
}

/* The answer is at its end, and these blocks were never stopped. */
static int flush_all(struct tool_map *m, struct err *e)
{
	for (struct tool_block *b = m->blocks; b; b = b->next)
		if (b->shape && !b->loose && flush(m, b, false, e))
			return -1;
	return 0;
}

int tool_map_end(struct tool_map *m, struct err *e)
{
	return flush_all(m, e);
}

void tool_map_reset(struct tool_map *m)
{
	for (struct tool_block *b = m->blocks; b; b = b->next) {
		b->shape = NULL;
		buf_reset(&b->held);
	}
	m->open = m->held = 0;
}

/* --- events ------------------------------------------------------------- */

struct event {
	struct tool_map *m;
	struct span name, data;
	struct json_object *o; /* the data, or NULL if it is no JSON */
};

static int pass(struct event *v, struct err *e)
{
	return v->m->sink(v->m->arg, v->name, v->data, e);
}

/* What the map has changed; all else is as it came. */
static int rewrite(struct event *v, struct err *e)
{
	struct buf *text = &v->m->text;

	buf_reset(text);
	retext(text, v->m->arena, v->data, v->o);
	if (text->full || v->m->arena->full)
		return err_memory(e);
	v->data = buf_get(text);
	return 0;
}

static int on_start(struct event *v, struct err *e)
{
	struct tool_map *m = v->m;
	struct json_object *block = json_get(v->o, "content_block");
	const struct tool_shape *s = called(m, block);
	int64_t index = json_int(v->o, "index", -1);
	struct tool_block *before = find_block(m, index);
	struct json_object *input = json_get(block, "input");
	bool given;

	if (before) { /* it was never stopped */
		if (!before->loose && flush(m, before, false, e))
			return -1;
		close_block(m, before);
	}
	if (map_found(m, block) && rewrite(v, e))
		return -1;
	if (!s)
		return pass(v, e);
	/* Mostly the input here is empty and only where it begins. */
	given = json_object_is_type(input, json_type_object) &&
		json_object_object_length(input);
	if (s->reshaped && open_block(m, s, index, given, e))
		return -1;
	if (given)
		map_input(m, s, block);
	put_name(s, block);
	return rewrite(v, e) ? -1 : pass(v, e);
}

static int on_delta(struct event *v, struct err *e)
{
	struct tool_map *m = v->m;
	struct json_object *delta = json_get(v->o, "delta");
	struct tool_block *b = find_block(m, json_int(v->o, "index", -1));
	struct span part = json_str(delta, "partial_json");

	if (!b || b->loose ||
	    !span_is(json_str(delta, "type"), "input_json_delta"))
		return pass(v, e);
	if (m->held + part.n > TOOL_HELD_MAX)
		return err_set(e, ERR_UPSTREAM,
			       "the input of a tool call is larger than %u "
			       "bytes",
			       TOOL_HELD_MAX);
	buf_span(&b->held, part);
	if (b->held.full)
		return err_memory(e);
	m->held += part.n;
	return 0;
}

static int on_stop(struct event *v, struct err *e)
{
	struct tool_map *m = v->m;
	struct tool_block *b = find_block(m, json_int(v->o, "index", -1));

	if (b) {
		if (!b->loose && flush(m, b, true, e))
			return -1;
		close_block(m, b);
	}
	return pass(v, e);
}

static int on_last(struct event *v, struct err *e)
{
	return flush_all(v->m, e) ? -1 : pass(v, e);
}

/* With programmatic tool calls the whole message may stand here. */
static int on_message(struct event *v, struct err *e)
{
	if (tool_map_whole(v->m, json_get(v->o, "message")))
		return rewrite(v, e) ? -1 : pass(v, e);
	return pass(v, e);
}

static const struct {
	const char *name;
	int (*fn)(struct event *v, struct err *e);
	const char *word; /* of no interest without it; or NULL */
	bool open;        /* of no interest when nothing is held back */
} kinds[] = {
	{ "content_block_start", on_start, "tool_use", false },
	{ "content_block_delta", on_delta, NULL, true },
	{ "content_block_stop", on_stop, NULL, true },
	{ "message_start", on_message, "tool_use", false },
	{ "message_delta", on_last, NULL, true },
	{ "message_stop", on_last, NULL, true },
	{ "error", on_last, NULL, true },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t find_kind(struct span name)
{
	size_t i = 0;

	while (i < KINDS && !span_is(name, kinds[i].name))
		i++;
	return i;
}

static bool of_interest(const struct tool_map *m, size_t kind, struct span data)
{
	if (m->open)
		return true;
	return !kinds[kind].open && mentions(data, kinds[kind].word);
}

int tool_map_event(void *map, struct span name, struct span data, struct err *e)
{
	struct tool_map *m = map;
	struct event v = { .m = m, .name = name, .data = data };
	size_t kind = find_kind(name);
	struct err unread = { 0 };
	int rc;

	/* Compatible servers may leave the name to the data. */
	if ((kind < KINDS || !name.n) &&
	    (kind == KINDS || of_interest(m, kind, data)))
		v.o = json_read_located(data, &unread);
	if (error_unread(&unread, "an event")) {
		*e = unread;
		return -1;
	}
	if (v.o && !name.n)
		kind = find_kind(json_str(v.o, "type"));
	if (v.o && kind < KINDS)
		rc = kinds[kind].fn(&v, e);
	else
		rc = pass(&v, e);
	json_object_put(v.o);
	return rc;
}
