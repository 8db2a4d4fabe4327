/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jwalk.h"
#include "dialect/anew.h"
#include "dialect/error.h"
#include "dialect/mend.h"
#include "dialect/tap.h"
#include "dialect/translation.h"
#include "lib/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (64u << 20)   /* bytes of a request */
#define ANSWER_MAX (64u << 20) /* made and not yet taken */
#define ERROR_MAX (64u << 10)
#define NO_ID NULL

struct dario_exchange {
	struct dario_translator *of;
	struct arena arena;
	const char *model; /* the provider is asked for */
	struct seal_origin origin;
	struct upstream_model target;
	struct chat chat;
	bool same; /* one dialect on both sides: answers pass */
	bool stream;
	struct buf request;
	const char *asked; /* what of the request was dropped, or NULL */

	/* of the answer */
	bool begun, over;
	bool given; /* what lies in t.out */
	struct sse sse;
	unsigned seen; /* the same dialect: enum tap */
	struct usage usage;
	bool has_usage;
	struct buf text; /* an error, or what was dropped */
	/* Not cleared before it begins: it is large. */
	struct translation t;
};

static const struct dialect *client_of(const struct dario_exchange *x)
{
	return &dialects[x->of->client];
}

/* --- the request --------------------------------------------------------- */

struct request {
	struct dario_exchange *x;
	const char *model;
	struct span body;
	struct peek peek;
	struct peek_seen seen;
};

static void aim(struct dario_exchange *x)
{
	const struct dario_translator *t = x->of;

	x->origin = seal_origin_for(&t->backend.origin, x->model);
	x->target = (struct upstream_model){
		.model = x->model,
		.family = models_family(t->models, x->model),
		.quirks = providers_quirks(t->providers, &t->backend,
					   t->provider, x->model),
		.origin = &x->origin,
	};
	/* Nobody here would take the event out again. */
	x->target.quirks.ask_usage = false;
}

/* In its own dialect it stays as it is, but for the model's name and what the
 * provider is known to refuse. */
static int pass(struct dario_exchange *x, const struct request *r,
		struct err *e)
{
	struct span name = { r->body.p + r->peek.model_at, r->peek.model_len };
	struct mend m;
	int rc = 0;

	mend_init(&m, &x->arena, r->body, &x->target);
	if (mend_wanted(&r->peek, r->body, x->of->provider, &x->target))
		client_of(x)->mend(&m);
	if (strcmp(x->model, r->peek.model))
		mend_rename(&m, name, x->model);
	if (mend_any(&m))
		rc = mend_apply(&m, &x->request, e);
	else
		buf_span(&x->request, r->body);
	if (m.retooled) { /* their calls come back as what they were */
		anew_tools(&x->chat, x->of->client, r->body);
		anew_chat(&x->chat, x->of->client, r->body, x->stream);
		x->same = false;
	}
	if (m.dropped.n)
		x->asked = arena_str(&x->arena, buf_get(&m.dropped));
	mend_release(&m);
	if (rc == 0 && x->request.full)
		rc = err_full(e, &x->request, ERR_TOO_BIG,
			      "the request is larger than %u MiB",
			      BODY_MAX >> 20);
	return rc;
}

static int read_request(void *arg, struct err *e)
{
	struct request *r = arg;
	struct dario_exchange *x = r->x;
	const struct dario_translator *t = x->of;

	arena_init(&x->arena);
	chat_init(&x->chat, &x->arena);
	x->chat.origin = &x->origin;
	buf_init(&x->request, BODY_MAX);
	buf_init(&x->text, ERROR_MAX);
	x->same = t->client == t->provider;
	peek_init(&r->peek, &r->seen);
	if (peek_feed(&r->peek, r->body, e) || peek_end(&r->peek, e))
		return -1;
	x->model = arena_str(&x->arena,
			     span_of(r->model ? r->model : r->peek.model));
	x->stream = r->peek.stream;
	aim(x);
	if (x->same)
		return pass(x, r, e);
	if (translate_request(&x->chat, client_of(x), &dialects[t->provider],
			      &x->target, r->body, &x->request, &x->asked, e))
		return -1;
	x->stream = x->chat.stream;
	return 0;
}

struct dario_exchange *dario_exchange_new(struct dario_translator *t,
					  const char *model, const void *body,
					  size_t n, struct dario_error *e)
{
	struct request r; /* peek_init clears the largest part */
	struct err err = { 0 };

	if (!t || !body ||
	    (model && (!*model || strlen(model) > PEEK_MODEL_MAX))) {
		lib_misuse(e, "a translator, a body and a model of at most "
			      "256 bytes are needed");
		return NULL;
	}
	if (n > BODY_MAX) {
		err_set(&err, ERR_TOO_BIG, "the request is larger than %u MiB",
			BODY_MAX >> 20);
		lib_error(e, &err);
		return NULL;
	}
	r.model = model;
	r.body = (struct span){ body, n };
	r.x = malloc(sizeof(*r.x));
	if (!r.x) {
		err_memory(&err);
		lib_error(e, &err);
		return NULL;
	}
	memset(r.x, 0, offsetof(struct dario_exchange, t));
	r.x->of = t;
	atomic_fetch_add_explicit(&t->users, 1, memory_order_relaxed);
	if (lib_call(t->of, read_request, &r, e)) {
		dario_exchange_free(r.x);
		return NULL;
	}
	return r.x;
}

void dario_exchange_free(struct dario_exchange *x)
{
	if (!x)
		return;
	if (x->begun) {
		sse_release(&x->sse);
		if (!x->same)
			translation_release(&x->t);
	}
	chat_release(&x->chat);
	buf_release(&x->request);
	buf_release(&x->text);
	arena_release(&x->arena);
	dario_translator_free(x->of);
	free(x);
}

static void give(struct dario_bytes *out, struct span s)
{
	if (!out)
		return;
	*out = (struct dario_bytes){ s.p ? s.p : "", s.n };
}

void dario_exchange_request(const struct dario_exchange *x,
			    struct dario_bytes *out)
{
	give(out, x ? buf_get(&x->request) : SPAN(""));
}

int dario_exchange_streams(const struct dario_exchange *x)
{
	return x && x->stream;
}

/* --- the answer ---------------------------------------------------------- */

struct answering {
	struct dario_exchange *x;
	struct span in;
	int status;
	struct dario_bytes *out;
};

/* In its own dialect the stream is only looked at. */
static int watch(void *arg, struct span name, struct span data, struct err *e)
{
	struct dario_exchange *x = arg;
	const struct dialect *d = client_of(x);
	unsigned seen = d->tap(name, data);

	(void)e;
	if (seen & TAP_USAGE && usage_scan(d->usage, data, &x->usage))
		x->has_usage = true;
	x->seen |= seen;
	return 0;
}

static void begin(struct dario_exchange *x)
{
	if (x->begun)
		return;
	x->begun = true;
	if (x->same) {
		sse_init(&x->sse, watch, x);
		return;
	}
	translation_init(&x->t, &x->chat, x->of->provider, client_of(x),
			 ANSWER_MAX);
	snprintf(x->t.writer.model, sizeof(x->t.writer.model), "%s", x->model);
	sse_init(&x->sse, translation_event, &x->t);
}

/* What was given goes; what is still held back stays. */
static void drop_given(struct dario_exchange *x)
{
	if (x->given)
		buf_reset(&x->t.out);
	x->given = false;
}

/* What the writer has made, once there is content. */
static void take(struct dario_exchange *x, struct dario_bytes *out)
{
	struct translation *t = &x->t;

	if (!t->content || !t->stream || !t->out.n)
		return;
	give(out, buf_get(&t->out));
	t->begun = x->given = true;
}

/* The stream ends with the event of this error, if it has begun. */
static void tell(struct dario_exchange *x, struct err *e,
		 struct dario_bytes *out)
{
	struct err unused;

	if (!x->t.stream || !(x->t.begun || (x->t.content && x->t.out.n)))
		return;
	writer_event(&x->t.writer, &(struct ev){ .kind = EV_ERROR, .err = e },
		     &unused);
	take(x, out);
}

static int feed(void *arg, struct err *e)
{
	struct answering *a = arg;
	struct dario_exchange *x = a->x;
	int rc;

	begin(x);
	if (x->same) {
		rc = sse_feed(&x->sse, a->in, e);
		give(a->out, a->in);
		return rc;
	}
	drop_given(x);
	rc = sse_feed(&x->sse, a->in, e);
	if (rc == 0 && x->t.out.full)
		rc = err_full(e, &x->t.out, ERR_UPSTREAM,
			      "an event is larger than %zu bytes",
			      x->t.out.max);
	if (rc)
		tell(x, e, a->out);
	else
		take(x, a->out);
	return rc;
}

static bool has_ended(const struct dario_exchange *x)
{
	unsigned chat = x->of->client == DIALECT_OPENAI ? TAP_FINISH : 0;

	return x->seen & (TAP_END | TAP_ERROR | chat);
}

static int end(void *arg, struct err *e)
{
	struct answering *a = arg;
	struct dario_exchange *x = a->x;

	begin(x);
	if (x->same) {
		if ((sse_end(&x->sse, e) == 0 || has_ended(x)) && has_ended(x))
			return 0;
		return err_set(e, ERR_RESET,
			       "the stream ended early, without its final "
			       "event");
	}
	drop_given(x);
	if ((sse_end(&x->sse, e) && !x->t.reader.finished) ||
	    translation_end(&x->t, e)) {
		tell(x, e, a->out);
		return -1;
	}
	give(a->out, buf_get(&x->t.out));
	return 0;
}

static int whole(void *arg, struct err *e)
{
	struct answering *a = arg;
	struct dario_exchange *x = a->x;
	const struct dialect *d = client_of(x);
	struct err said = { 0 };

	begin(x);
	if (x->same) {
		x->has_usage = usage_scan(d->usage, a->in, &x->usage);
		give(a->out, a->in);
		return 0;
	}
	if (a->status >= 400) {
		error_read_body(a->in, a->status, &said);
		buf_reset(&x->text);
		d->error_body(&x->text, &said, NO_ID);
		give(a->out, buf_get(&x->text));
		return 0;
	}
	if (translation_body(&x->t, a->in, e))
		return -1;
	give(a->out, buf_get(&x->t.out));
	return 0;
}

static int answer(struct answering *a, lib_fn *fn, bool last,
		  struct dario_error *e)
{
	struct dario_exchange *x = a->x;

	if (!x || !a->out)
		return lib_misuse(e, "an exchange and a place for the bytes "
				     "are needed");
	*a->out = (struct dario_bytes){ "", 0 };
	if (!a->in.p && a->in.n)
		return lib_misuse(e, "bytes are needed");
	if (x->over)
		return lib_misuse(e, "the answer is over");
	x->over = last;
	if (lib_call(x->of->of, fn, a, e) == 0)
		return 0;
	x->over = true;
	return -1;
}

int dario_exchange_answer(struct dario_exchange *x, int status,
			  const void *body, size_t n, struct dario_bytes *out,
			  struct dario_error *e)
{
	struct answering a = { x, { body, n }, status, out };

	if (x && x->begun)
		return lib_misuse(e, "the answer has begun as a stream");
	return answer(&a, whole, true, e);
}

int dario_exchange_feed(struct dario_exchange *x, const void *piece, size_t n,
			struct dario_bytes *out, struct dario_error *e)
{
	struct answering a = { x, { piece, n }, 200, out };

	return answer(&a, feed, false, e);
}

int dario_exchange_end(struct dario_exchange *x, struct dario_bytes *out,
		       struct dario_error *e)
{
	struct answering a = { .x = x, .out = out };

	return answer(&a, end, true, e);
}

/* --- what else is known of it -------------------------------------------- */

static int join_dropped(void *arg, struct err *e)
{
	struct dario_exchange *x = arg;

	(void)e;
	buf_reset(&x->text);
	if (x->asked)
		buf_fmt(&x->text, "%s, ", x->asked);
	buf_span(&x->text, buf_get(&x->t.reader.dropped));
	buf_cstr(&x->text);
	return x->text.full ? -1 : 0;
}

const char *dario_exchange_dropped(struct dario_exchange *x)
{
	const char *asked = x && x->asked ? x->asked : "";

	if (!x || !x->begun || x->same || !x->t.reader.dropped.n)
		return asked;
	return lib_call(x->of->of, join_dropped, x, NULL) ? asked : x->text.p;
}

int dario_exchange_usage(const struct dario_exchange *x, struct dario_usage *u)
{
	bool known = x && (x->same ? x->has_usage : x->begun && x->t.has_usage);

	if (known && u)
		lib_usage(u, x->same ? &x->usage : &x->t.usage);
	return known;
}

struct telling {
	struct dario_exchange *x;
	struct err err;
};

static int write_error(void *arg, struct err *e)
{
	struct telling *t = arg;

	(void)e;
	buf_reset(&t->x->text);
	client_of(t->x)->error_body(&t->x->text, &t->err, NO_ID);
	return 0;
}

void dario_exchange_error(struct dario_exchange *x,
			  const struct dario_error *what,
			  struct dario_bytes *out)
{
	static const struct dario_error unknown = {
		.code = DARIO_INTERNAL, .message = "the error is not known"
	};
	struct telling t = { .x = x };

	give(out, SPAN(""));
	if (!x)
		return;
	lib_error_back(&t.err, what ? what : &unknown);
	lib_call(x->of->of, write_error, &t, NULL);
	give(out, buf_get(&x->text));
}
