/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/passage-usage.h"

#include "base/clock.h"
#include "base/jwalk.h"
#include "dialect/usage.h"
#include "fcgi/hosted.h"
#include "fcgi/media.h"
#include "fcgi/owned.h"
#include "fcgi/passage.h"
#include "state/shared/objects.h"
#include "state/usage/cost.h"
#include "state/usage/usage-sum.h"

#include <stdlib.h>
#include <string.h>

#define END_KEPT (32u << 10) /* bytes of an answer, behind which all is gone */
#define LINE_HELD (4u << 20)
#define NAME_MAX_SHOWN 128

/* --- what kind of answer is it? ------------------------------------------ */

/* What makes something new with each request; what only looks at it, or ends
 * it, has used nothing. */
static bool makes(const struct request *r)
{
	static const char *const paths[] = { "/images/", "/audio/", "/rerank",
					     "/moderations" };

	if (strcmp(r->vars.method, "POST"))
		return false;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strncmp(r->passage->path, paths[i], strlen(paths[i])) == 0)
			return true;
	return r->passage->to;
}

/* The id between two parts of the path, at its end; or empty. */
static struct span id_in(const struct request *r, const char *before,
			 const char *after)
{
	const char *path = r->passage->path, *at = strstr(path, before);
	size_t n;

	if (!at || strcmp(r->vars.method, "GET"))
		return SPAN("");
	at += strlen(before);
	n = strcspn(at, "/?");
	return strcmp(at + n, after) ? SPAN("") : (struct span){ at, n };
}

static struct span batch_of(const struct request *r)
{
	struct span id = id_in(r, "/batches/", "/results");

	return id.n ? id : id_in(r, "/files/", "/content");
}

/* --- the lines of a batch ------------------------------------------------ */

static struct batch_part *part_of(struct batch_usage *b, struct arena *a,
				  struct span model)
{
	for (size_t i = 0; i < b->n; i++)
		if (span_is(model, b->parts[i].model))
			return &b->parts[i];
	if (b->n == BATCH_MODELS)
		return &b->parts[b->n - 1];
	b->parts[b->n].model = arena_str(a, model);
	return &b->parts[b->n++];
}

/* An answer has as many lines as somebody likes. */
static void add(struct usage *to, const struct usage *u)
{
	usage_sum_plus(&to->input, u->input);
	usage_sum_plus(&to->cache_read, u->cache_read);
	usage_sum_plus(&to->cache_write, u->cache_write);
	usage_sum_plus(&to->cache_write_1h, u->cache_write_1h);
	usage_sum_plus(&to->output, u->output);
	usage_sum_plus(&to->reasoning, u->reasoning);
	usage_sum_plus(&to->searches, u->searches);
}

static void count(struct request *r, struct span model, const struct usage *u)
{
	const struct backend *b = request_backend(r);
	char name[NAME_MAX_SHOWN + 1];
	struct batch_part *part;
	const struct price *p;

	if (model.n > NAME_MAX_SHOWN)
		model.n = NAME_MAX_SHOWN;
	span_text(name, sizeof(name), model);
	part = part_of(r->batch, r->arena, model);
	add(&part->usage, u);
	if (!b->claude && cost_is_free(b))
		return;
	p = prices_find(r->config->prices, b, name, clock_wall_ms());
	if (cost_is_told(b, u))
		part->cost += u->cost;
	else if (p)
		part->cost += price_batch_cost(p, u);
	else
		part->unpriced = true;
}

/* {"custom_id":…,"result":{"type":"succeeded","message":{…}}} of Anthropic,
 * {"custom_id":…,"response":{"status_code":200,"body":{…}}} of OpenAI; what
 * failed has used nothing. False: it is no such line. */
static bool take_line(struct request *r, struct span line)
{
	struct span result = jwalk_get(line, "result");
	struct span response = jwalk_get(line, "response");
	struct span body = jwalk_get(result, "message"), usage;
	usage_fn *fn = usage_anthropic;
	const struct jval *o;
	struct usage u = { 0 };
	struct err unused;
	struct jdoc d;

	if (!jwalk_get(line, "custom_id").n || (!result.n && !response.n))
		return false;
	if (!result.n) {
		body = jwalk_get(response, "body");
		fn = usage_openai;
	}
	usage = jwalk_get(body, "usage");
	if (!jwalk_is_object(usage))
		return true;
	jdoc_init(&d);
	o = jdoc_read(&d, usage, &unused);
	if (o) {
		struct arena names;

		arena_init(&names);
		fn(&u, o);
		count(r, jwalk_text(&names, jwalk_get(body, "model")), &u);
		arena_release(&names);
	}
	jdoc_release(&d);
	return true;
}

static void end_line(struct request *r)
{
	struct batch_usage *b = r->batch;
	struct span line = span_trim(buf_get(&b->line));

	if (line.n && !b->skip && !take_line(r, line))
		b->no = true;
	b->skip = false;
	buf_reset(&b->line);
}

static void take_piece(struct batch_usage *b, struct span piece)
{
	if (b->skip)
		return;
	if (!b->line.n && piece.n && *piece.p != '{' && *piece.p != '\r') {
		b->no = true;
		return;
	}
	buf_span(&b->line, piece);
	if (b->line.full) {
		b->skip = b->unread = true;
		buf_release(&b->line);
		buf_init(&b->line, LINE_HELD);
	}
}

static void feed_lines(struct request *r, struct span in)
{
	struct batch_usage *b = r->batch;

	if (!b) {
		b = r->batch = arena_take(r->arena, sizeof(*b));
		memset(b, 0, sizeof(*b));
		buf_init(&b->line, LINE_HELD);
	}
	while (in.n && !b->no) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t n = end ? (size_t)(end - in.p) : in.n;

		take_piece(b, (struct span){ in.p, n });
		if (end && !b->no)
			end_line(r);
		in = span_skip(in, end ? n + 1 : n);
	}
}

/* --- the end of an answer ------------------------------------------------ */

static void keep_end(struct request *r, struct span in)
{
	if (!r->answer.max)
		buf_init(&r->answer, 2 * END_KEPT);
	if (in.n > END_KEPT)
		in = span_skip(in, in.n - END_KEPT);
	if (r->answer.n + in.n > 2 * END_KEPT)
		buf_splice(&r->answer, 0,
			   r->answer.n > END_KEPT ? r->answer.n - END_KEPT : 0,
			   SPAN(""));
	buf_span(&r->answer, in);
}

static bool is_text(const char *type)
{
	return strcasestr(type, "json") || strcasestr(type, "event-stream");
}

void passage_usage_feed(struct request *r, int status, const char *type,
			struct span in)
{
	if (!r->passage || (status / 100 == 2 && makes(r) && is_text(type)))
		keep_end(r, in);
	else if (status == 200 && batch_of(r).n)
		feed_lines(r, in);
}

void passage_usage_end(struct request *r)
{
	if (r->answer.n) {
		r->has_usage = usage_scan(r->dialect->usage,
					  buf_get(&r->answer), &r->usage);
		if (!r->passage)
			hosted_note(r, buf_get(&r->answer));
		buf_release(&r->answer);
	}
	if (!r->batch || r->batch->no)
		return;
	end_line(r);
	r->batch->over = true;
}

/* --- and after ----------------------------------------------------------- */

static bool looks(const struct request *r)
{
	return strcmp(r->vars.method, "POST") &&
	       (strncmp(r->path, "/responses/", 11) == 0 ||
		strncmp(r->path, "/chat/completions/", 18) == 0);
}

bool passage_counts(const struct request *r)
{
	/* It has none yet when it is refused early. */
	const char *path = r->passage->path;

	return path && !r->passage->to &&
	       (strcmp(path, "/responses/input_tokens") == 0 || looks(r));
}

void passage_usage_settle(struct request *r)
{
	const char *home = snapshot_home(r->app->config);
	struct span id = r->batch ? batch_of(r) : SPAN("");
	struct batch_usage *b = r->batch;
	struct object_place at;
	struct err unused;

	media_settle(r);
	if (r->passage && passage_counts(r))
		r->has_usage = true;
	if (!b)
		return;
	buf_release(&b->line);
	if (!b->over || b->no || (!b->n && !b->unread) ||
	    !objects_once(home, id)) {
		r->batch = NULL;
		return;
	}
	b->who = objects_find(home, id, &at, &unused) == 0
		       ? arena_str(r->arena, span_of(at.who))
		       : owned_by(r);
	for (size_t i = 0; i < b->n; i++)
		add(&r->usage, &b->parts[i].usage);
	r->has_usage = true;
}
