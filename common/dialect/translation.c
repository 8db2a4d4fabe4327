/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/translation.h"

#include "base/json-source.h"

#include <stdio.h>
#include <string.h>

int translate_request(struct chat *c, const struct dialect *from,
		      const struct dialect *to, const struct upstream_model *t,
		      struct span body, struct buf *out, const char **dropped,
		      struct err *e)
{
	struct json_object *tree = json_read_located(body, e);
	int rc = -1;

	if (tree) {
		c->source = body;
		rc = from->read(c, tree, e);
	}
	if (rc == 0 && c->arena->full)
		rc = err_memory(e);
	if (rc == 0)
		rc = to->request(t, c, out, e);
	if (rc == 0 && dropped && c->dropped.n)
		*dropped = arena_str(c->arena, buf_get(&c->dropped));
	/* They are held as long as the upstream works: no more than has to
	 * be. */
	chat_keep_for_answer(c);
	json_object_put(tree);
	buf_fit(out);
	if (rc == 0 && c->arena->full)
		rc = err_memory(e);
	if (rc == 0 && out->full)
		rc = err_full(e, out, ERR_TOO_BIG,
			      "the translated request is larger than %zu MiB",
			      out->max >> 20);
	return rc;
}

/* Something to show, not only the beginning of it. */
static bool is_content(const struct ev *v)
{
	switch (v->kind) {
	case EV_OPEN:
	case EV_DELTA:
		return v->text.n > 0;
	case EV_CLOSE:
	case EV_CITE:
	case EV_SEARCH:
	case EV_FINISH:
		return true;
	case EV_START:
	case EV_PING:
	case EV_ERROR:
		break;
	}
	return false;
}

static void look(struct translation *t, const struct ev *v)
{
	if (v->kind == EV_START || v->kind == EV_FINISH) {
		t->usage = v->usage;
		t->has_usage = true;
	}
	reader_unsaid(&t->reader, t->writer.dialect, v);
	t->content |= is_content(v);
	if (t->seen)
		t->seen(t->arg, v);
}

/* The end of the chain for a client that wants a stream. */
static int to_client(void *arg, const struct ev *v, struct err *e)
{
	struct translation *t = arg;

	if (v->kind == EV_ERROR) {
		*e = *v->err;
		return -1;
	}
	look(t, v);
	if (v->kind == EV_START && v->name.n)
		span_text(t->writer.model, sizeof(t->writer.model), v->name);
	if (v->kind == EV_PING && !t->begun)
		return 0;
	return writer_event(&t->writer, v, e);
}

static int to_fold(void *arg, const struct ev *v, struct err *e)
{
	struct translation *t = arg;

	look(t, v);
	return fold_feed(&t->fold, v, e);
}

void translation_init(struct translation *t, const struct chat *c,
		      enum dialect_id upstream, const struct dialect *client,
		      size_t max)
{
	ev_fn *sink = c->stream ? to_client : to_fold;

	memset(t, 0, sizeof(*t));
	t->stream = c->stream;
	buf_init(&t->out, max);
	writer_init(&t->writer, client, &t->out);
	t->writer.usage_wanted = c->usage_wanted;
	t->writer.legacy = c->legacy;
	fold_init(&t->fold, c->arena);
	answer_seal_init(&t->seal, c->origin, c->arena, span_of(t->writer.id),
			 sink, t);
	if (upstream != DIALECT_OPENAI)
		answer_seal_items(&t->seal, upstream == DIALECT_ANTHROPIC);
	/* In its own dialect nothing has to be sealed. */
	if (c->origin)
		answer_restore_init(&t->restore, c, upstream, answer_seal_event,
				    &t->seal);
	else
		answer_restore_init(&t->restore, c, upstream, sink, t);
	reader_init(&t->reader, &dialects[upstream], c->arena,
		    answer_restore_event, &t->restore);
	t->reader.own = !c->origin && client == &dialects[upstream];
}

void translation_release(struct translation *t)
{
	reader_release(&t->reader);
	answer_restore_release(&t->restore);
	answer_seal_release(&t->seal);
	fold_release(&t->fold);
	writer_release(&t->writer);
	buf_release(&t->out);
}

int translation_event(void *arg, struct span name, struct span data,
		      struct err *e)
{
	struct translation *t = arg;

	return reader_event(&t->reader, name, data, e);
}

/* All of it, for a client that wants no stream. */
static int finish(struct translation *t, struct err *e)
{
	if (!t->stream) {
		if (*t->fold.answer.model)
			snprintf(t->writer.model, sizeof(t->writer.model), "%s",
				 t->fold.answer.model);
		t->writer.dialect->whole(&t->writer, &t->fold.answer);
	}
	if (t->out.full)
		return err_full(e, &t->out, ERR_UPSTREAM,
				"the answer is larger than %zu bytes",
				t->out.max);
	return t->reader.arena->full ? err_memory(e) : 0;
}

int translation_end(struct translation *t, struct err *e)
{
	return reader_end(&t->reader, e) ? -1 : finish(t, e);
}

int translation_body(struct translation *t, struct span body, struct err *e)
{
	return reader_whole(&t->reader, body, e) ? -1 : finish(t, e);
}
