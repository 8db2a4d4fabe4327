/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/anew.h"
#include "dialect/translation.h"
#include "lib/conversion.h"

#include <string.h>

void conversion_init(struct conversion *v, size_t max)
{
	v->mended = v->dropped = NULL; /* of another try, if at all */
	v->usage_asked = v->limited = v->anew = false;
	v->renamed = v->retooled = false;
	v->names = NULL;
	buf_init(&v->text, max);
	chat_init(&v->chat, v->arena);
}

void conversion_release(struct conversion *v)
{
	chat_release(&v->chat);
	buf_release(&v->text);
}

void conversion_aim(struct conversion *v, enum dialect_id provider)
{
	v->provider = provider;
	v->target = (struct upstream_model){
		.model = v->model,
		.family = models_family(v->models, v->model),
		.quirks = providers_quirks(v->providers, v->backend, provider,
					   v->model),
		.origin = &v->origin,
	};
}

/* --- its own dialect ------------------------------------------------------ */

/* What was told before, and what is told now. */
static const char *both(struct conversion *v, const char *before,
			struct span now)
{
	if (!now.n || (before && span_has(span_of(before), now)))
		return before;
	return before ? arena_fmt(v->arena, "%s, %.*s", before, SPAN_FMT(now))
		      : arena_str(v->arena, now);
}

static void note(struct conversion *v, const struct mend *m)
{
	v->mended = both(v, v->mended, buf_get(&m->names));
	v->dropped = both(v, v->dropped, buf_get(&m->dropped));
	v->renamed |= m->renamed;
	v->retooled |= m->retooled;
}

static int apply(struct conversion *v, struct mend *m, const struct peek *k,
		 struct err *e)
{
	struct span name = { m->text.p + k->model_at, k->model_len };

	if (strcmp(v->model, k->model))
		mend_rename(m, name, v->model);
	if (mend_apply(m, &v->text, e))
		return -1;
	note(v, m);
	v->usage_asked = m->usage_asked;
	return 1;
}

int conversion_mend(struct conversion *v, struct span body,
		    const struct peek *k, struct err *e)
{
	struct mend m;
	int rc = 0;

	if (v->target.quirks.no_mend ||
	    !mend_wanted(k, body, v->provider, &v->target))
		return 0;
	mend_init(&m, v->arena, body, &v->target);
	dialects[v->provider].mend(&m);
	v->limited = m.limited;
	if (mend_any(&m))
		rc = apply(v, &m, k, e);
	mend_release(&m);
	return rc;
}

int conversion_rename(struct buf *body, struct peek *k, const char *model,
		      struct err *e)
{
	struct buf value;
	struct jw w = jw_to(&value);

	buf_init(&value, PEEK_MODEL_MAX * 8);
	jw_str(&w, span_of(model));
	buf_splice(body, k->model_at, k->model_len, buf_get(&value));
	peek_renamed(k, model, value.n);
	buf_release(&value);
	return body->full ? err_full(e, body, ERR_TOO_BIG,
				     "the body is too large to rename its "
				     "model")
			  : 0;
}

void conversion_expect(struct conversion *v, struct span body, bool stream)
{
	bool normalize = v->target.quirks.normalize && !anew_loses(body);

	v->names = NULL;
	if (v->provider != v->client) /* it is written anew anyway */
		return;
	if (!v->retooled && !normalize) {
		if (v->renamed)
			v->names = name_back_new(v->arena, v->client, body);
		return;
	}
	if ((v->renamed || v->retooled) && !v->chat.tools)
		anew_tools(&v->chat, v->client, body);
	anew_chat(&v->chat, v->client, body, stream);
	v->anew = true;
}

bool conversion_leave_out(struct conversion *v, struct span sent,
			  struct conversion_refusal *r)
{
	struct err unused;
	struct buf text;
	struct mend m;
	size_t before = r->at;
	bool any;

	mend_init(&m, v->arena, sent, r->target);
	m.refusal = r->what;
	dialects[v->provider].mend(&m);
	r->at = m.refused ? (size_t)(m.refused - m.text.p) : 0;
	buf_init(&text, v->text.max);
	any = (!r->what.rest || r->at >= before) && mend_any(&m) &&
	      mend_apply(&m, &text, &unused) == 0;
	if (any) {
		buf_release(&v->text); /* `sent` may lie in it */
		v->text = text;
		note(v, &m);
	} else {
		buf_release(&text);
	}
	mend_release(&m);
	return any;
}

/* --- another one ---------------------------------------------------------- */

int conversion_translate(struct conversion *v, struct span body, struct err *e)
{
	v->chat.origin = &v->origin;
	if (translate_request(&v->chat, &dialects[v->client],
			      &dialects[v->provider], &v->target, body,
			      &v->text, &v->dropped, e))
		return -1;
	v->anew = true;
	return 0;
}
