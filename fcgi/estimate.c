/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/estimate.h"

#include "base/utf8.h"

#include <string.h>

#define CHARS_PER_TOKEN 4

enum delta_like estimate_event(struct request *r, struct span data)
{
	enum dialect_id d = (enum dialect_id)(r->dialect - dialects);
	enum delta_like like;

	if (!r->frame)
		r->frame = arena_take(r->arena, sizeof(*r->frame));
	r->chars += delta_chars_framed(r->frame, d, data, &like);
	return like;
}

void estimate_text(struct request *r, struct span text)
{
	r->chars += utf8_chars(text);
}

int64_t estimate_tokens(size_t chars)
{
	return (int64_t)((chars + CHARS_PER_TOKEN - 1) / CHARS_PER_TOKEN);
}

bool estimate_is_told(const struct request *r)
{
	const struct usage *u = &r->usage;

	return r->has_usage &&
	       (u->input || u->cache_read || u->cache_write || u->output);
}

struct usage estimate_so_far(const struct request *r)
{
	struct usage u = r->usage;
	int64_t output = estimate_tokens(r->chars);

	if (!estimate_is_told(r))
		u = (struct usage){ .input = estimate_tokens(r->body.n),
				    .searches = u.searches,
				    .has_cost = u.has_cost,
				    .cost = u.cost };
	if (output > u.output)
		u.output = output;
	return u;
}

/* Does it ask for text? What only counts generates nothing; a vector is no
 * text; and what goes literally is of any kind. */
static bool generates(const struct request *r)
{
	return r->backend && r->model && !r->instead && !r->passage;
}

static bool is_embedding(const struct request *r)
{
	return strcmp(r->upstream_path, "/embeddings") == 0;
}

/* Nothing of an answer has come, and nothing is billed. */
static bool is_free(const struct request *r)
{
	const struct outcome *o = &r->outcome;

	return !estimate_is_told(r) && !outcome_was_left(o) &&
	       (o->error.code || o->status / 100 != 2) && !o->content &&
	       !r->chars && !r->hosted && !r->usage.searches;
}

/* Of a whole answer that is not kept only its length is known; of a stream all
 * that it said. */
static void count_whole(struct request *r)
{
	const struct outcome *o = &r->outcome;

	if (r->chars || r->frame || is_embedding(r) ||
	    (outcome_was_left(o) && !o->content))
		return;
	r->chars = r->answer.n
			 ? delta_chars((enum dialect_id)(r->dialect - dialects),
				       buf_get(&r->answer))
			 : (size_t)r->bytes_out;
}

void estimate_settle(struct request *r)
{
	struct usage u;

	if (!generates(r) || is_free(r) ||
	    (estimate_is_told(r) && !r->outcome.error.code))
		return;
	if (!estimate_is_told(r))
		count_whole(r);
	u = estimate_so_far(r);
	r->estimated = !estimate_is_told(r) || u.output != r->usage.output;
	/* What is told with every event is what it had cost by then. */
	if (r->outcome.error.code && u.output != r->usage.output)
		u.has_cost = false;
	r->usage = u;
	r->has_usage = true;
}
