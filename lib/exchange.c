/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/error.h"
#include "lib/answering.h"
#include "lib/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (64u << 20)   /* bytes of a request */
#define ANSWER_MAX (64u << 20) /* made and not yet taken */
#define ERROR_MAX (64u << 10)
#define NO_ID NULL

struct dario_exchange {
	/* What stays for the next: its arena, and what is known of the model,
	 * which mostly is the same; "": nothing is. */
	struct arena arena;
	char model[PEEK_MODEL_MAX + 1];
	struct upstream_model known;

	struct dario_translator *of;
	struct conversion request;
	bool stream;

	/* of the answer */
	bool begun, over;
	struct sse sse;
	unsigned seen; /* where it passes: enum tap */
	struct usage usage;
	bool has_usage;
	struct buf named; /* the same: a piece with the client's names */
	struct buf text;  /* an error, or what was dropped */
	/* Where it is written anew. Not cleared before it begins: it is
	 * large. */
	struct answering answer;
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

/* In its own dialect it stays as it is, but for the model's name and what the
 * provider is known to refuse. */
static int pass(struct conversion *v, struct request *r, struct err *e)
{
	int rc = conversion_mend(v, r->body, &r->peek, e);

	if (rc == 0) {
		buf_span(&v->text, r->body);
		if (strcmp(v->model, r->peek.model))
			rc = conversion_rename(&v->text, &r->peek, v->model, e);
	}
	if (rc < 0)
		return -1;
	conversion_expect(v, r->body, r->x->stream);
	return v->text.full ? err_full(e, &v->text, ERR_TOO_BIG,
				       "the request is larger than %u MiB",
				       BODY_MAX >> 20)
			    : 0;
}

static void begin_request(struct dario_exchange *x)
{
	const struct dario_translator *t = x->of;
	struct conversion *v = &x->request;

	buf_init(&x->text, ERROR_MAX);
	v->arena = &x->arena;
	v->models = t->models;
	v->providers = t->providers;
	v->backend = &t->backend;
	v->client = t->client;
	conversion_init(v, BODY_MAX);
}

static void aim(struct dario_exchange *x)
{
	struct conversion *v = &x->request;

	if (*x->model && strcmp(x->model, v->model) == 0) {
		v->provider = x->of->provider;
		v->target = x->known;
		v->target.model = v->model;
	} else {
		conversion_aim(v, x->of->provider);
		x->known = v->target;
		snprintf(x->model, sizeof(x->model), "%s", v->model);
	}
	/* Nobody here would take the event out again. */
	v->target.quirks.ask_usage = false;
}

static int read_request(void *arg, struct err *e)
{
	struct request *r = arg;
	struct dario_exchange *x = r->x;
	struct conversion *v = &x->request;

	begin_request(x);
	peek_init(&r->peek, &r->seen);
	if (peek_feed(&r->peek, r->body, e) || peek_end(&r->peek, e))
		return -1;
	v->model = arena_str(&x->arena,
			     span_of(r->model ? r->model : r->peek.model));
	v->origin = seal_origin_for(&x->of->backend.origin, v->model);
	aim(x);
	x->stream = r->peek.stream;
	if (v->client == v->provider)
		return pass(v, r, e);
	if (conversion_translate(v, r->body, e))
		return -1;
	x->stream = v->chat.stream;
	return 0;
}

/* NULL: there is no memory. */
static struct dario_exchange *take(struct dario_translator *t)
{
	const size_t from = offsetof(struct dario_exchange, of);
	struct dario_exchange *x = atomic_exchange(&t->spare, NULL);

	if (!x) {
		x = malloc(sizeof(*x));
		if (!x)
			return NULL;
		memset(x, 0, from);
		arena_init(&x->arena);
	}
	memset((char *)x + from, 0,
	       offsetof(struct dario_exchange, answer) - from);
	x->of = t;
	atomic_fetch_add_explicit(&t->users, 1, memory_order_relaxed);
	return x;
}

void exchange_release(struct dario_exchange *x)
{
	if (!x)
		return;
	arena_release(&x->arena);
	free(x);
}

static void give_back(struct dario_exchange *x)
{
	struct dario_translator *t = x->of;

	arena_reset(&x->arena);
	exchange_release(atomic_exchange(&t->spare, x));
	dario_translator_free(t);
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
	r.x = take(t);
	if (!r.x) {
		err_memory(&err);
		lib_error(e, &err);
		return NULL;
	}
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
		if (x->request.anew)
			answering_release(&x->answer);
		else
			buf_release(&x->named);
	}
	conversion_release(&x->request);
	buf_release(&x->text);
	give_back(x);
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
	give(out, x ? buf_get(&x->request.text) : SPAN(""));
}

int dario_exchange_streams(const struct dario_exchange *x)
{
	return x && x->stream;
}

/* --- the answer ---------------------------------------------------------- */

struct piece {
	struct dario_exchange *x;
	struct span in;
	int status;
	struct dario_bytes *out;
};

/* The event with the client's own names of tools. */
static int give_named(struct dario_exchange *x, struct span name,
		      struct span data, struct err *e)
{
	if (answering_pass(x->request.names, name, data, &x->named, e))
		return -1;
	return x->named.full ? err_full(e, &x->named, ERR_UPSTREAM,
					"the answer is larger than %zu bytes",
					x->named.max)
			     : 0;
}

/* In its own dialect the stream is only looked at, but for such names. */
static int watch(void *arg, struct span name, struct span data, struct err *e)
{
	struct dario_exchange *x = arg;
	const struct dialect *d = client_of(x);
	unsigned seen = d->tap(name, data);

	if (seen & TAP_USAGE && usage_scan(d->usage, data, &x->usage))
		x->has_usage = true;
	x->seen |= seen;
	return x->request.names ? give_named(x, name, data, e) : 0;
}

static void begin(struct dario_exchange *x)
{
	const struct conversion *v = &x->request;
	struct answering_of how = { .chat = &v->chat,
				    .upstream = v->provider,
				    .client = client_of(x),
				    .model = v->model,
				    .max = ANSWER_MAX };

	if (x->begun)
		return;
	x->begun = true;
	if (v->anew) {
		answering_init(&x->answer, &how, &x->sse);
		return;
	}
	buf_init(&x->named, ANSWER_MAX);
	sse_init(&x->sse, watch, x);
}

/* It failed, with what came before. The stream ends with the event of this
 * error, if it has begun. */
static int fail(struct dario_exchange *x, struct err *e,
		struct dario_bytes *out)
{
	struct translation *t = &x->answer.t;

	if (!t->stream)
		return -1;
	if (t->out.full)
		buf_reset(&t->out); /* a torn event */
	if (t->begun || (t->content && t->out.n))
		answering_error(&x->answer, e, &t->out);
	give(out, answering_take(&x->answer));
	return -1;
}

static int pass_piece(struct dario_exchange *x, struct piece *p, struct err *e)
{
	int rc;

	buf_reset(&x->named);
	rc = sse_feed(&x->sse, p->in, e);
	give(p->out, x->request.names ? buf_get(&x->named) : p->in);
	return rc;
}

static int feed(void *arg, struct err *e)
{
	struct piece *p = arg;
	struct dario_exchange *x = p->x;

	begin(x);
	if (!x->request.anew)
		return pass_piece(x, p, e);
	if (answering_feed(&x->answer, p->in, e))
		return fail(x, e, p->out);
	if (x->answer.t.stream)
		give(p->out, answering_take(&x->answer));
	return 0;
}

static bool may_end(const struct dario_exchange *x)
{
	return answering_may_end(x->of->client, x->seen);
}

static int end(void *arg, struct err *e)
{
	struct piece *p = arg;
	struct dario_exchange *x = p->x;

	begin(x);
	if (!x->request.anew) {
		buf_reset(&x->named);
		sse_end(&x->sse, e); /* what is torn may be behind the end */
		give(p->out, buf_get(&x->named));
		return may_end(x) ? 0 : answering_ended_early(e);
	}
	if (answering_end(&x->answer, e))
		return fail(x, e, p->out);
	give(p->out, answering_take(&x->answer));
	return 0;
}

static int pass_whole(struct dario_exchange *x, struct piece *p, struct err *e)
{
	if (x->request.names && name_back(x->request.names, p->in, &x->named))
		p->in = buf_get(&x->named);
	if (x->named.full)
		return err_full(e, &x->named, ERR_UPSTREAM,
				"the answer is larger than %zu bytes",
				x->named.max);
	give(p->out, p->in);
	return 0;
}

static int whole(void *arg, struct err *e)
{
	struct piece *p = arg;
	struct dario_exchange *x = p->x;
	const struct dialect *d = client_of(x);
	struct err said = { 0 };

	begin(x);
	if (!x->request.anew) {
		x->has_usage = usage_scan(d->usage, p->in, &x->usage);
		return pass_whole(x, p, e);
	}
	if (p->status >= 400) {
		error_read_body(p->in, p->status, &said);
		buf_reset(&x->text);
		d->error_body(&x->text, &said, NO_ID);
		give(p->out, buf_get(&x->text));
		return 0;
	}
	if (answering_whole(&x->answer, p->in, e))
		return -1;
	give(p->out, answering_take(&x->answer));
	return 0;
}

static int answer(struct piece *a, lib_fn *fn, bool last, struct dario_error *e)
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
	struct piece a = { x, { body, n }, status, out };

	if (x && x->begun)
		return lib_misuse(e, "the answer has begun as a stream");
	return answer(&a, whole, true, e);
}

int dario_exchange_feed(struct dario_exchange *x, const void *piece, size_t n,
			struct dario_bytes *out, struct dario_error *e)
{
	struct piece a = { x, { piece, n }, 200, out };

	return answer(&a, feed, false, e);
}

int dario_exchange_end(struct dario_exchange *x, struct dario_bytes *out,
		       struct dario_error *e)
{
	struct piece a = { .x = x, .out = out };

	return answer(&a, end, true, e);
}

/* --- what else is known of it -------------------------------------------- */

static int join_dropped(void *arg, struct err *e)
{
	struct dario_exchange *x = arg;

	(void)e;
	buf_reset(&x->text);
	answering_all_dropped(&x->answer, x->request.dropped, &x->text);
	buf_cstr(&x->text);
	return x->text.full ? -1 : 0;
}

static bool is_anew(const struct dario_exchange *x)
{
	return x->begun && x->request.anew;
}

const char *dario_exchange_dropped(struct dario_exchange *x)
{
	const char *asked = x && x->request.dropped ? x->request.dropped : "";

	if (!x || !is_anew(x) || !answering_dropped(&x->answer).n)
		return asked;
	return lib_call(x->of->of, join_dropped, x, NULL) ? asked : x->text.p;
}

/* NULL: it has not told. */
static const struct usage *usage_of(const struct dario_exchange *x)
{
	if (is_anew(x))
		return x->answer.t.has_usage ? &x->answer.t.usage : NULL;
	return x->has_usage ? &x->usage : NULL;
}

int dario_exchange_usage(const struct dario_exchange *x, struct dario_usage *u)
{
	const struct usage *known = x ? usage_of(x) : NULL;

	if (known && u)
		lib_usage(u, known);
	return known ? 1 : 0;
}

int dario_exchange_price(const struct dario_exchange *x, int64_t when,
			 double *dollars, struct dario_error *e)
{
	struct lib_cost c = { .when = when, .dollars = dollars };

	if (!x || !dollars || when < 0)
		return lib_misuse(e, "an exchange and a place for the price "
				     "are needed");
	c.d = x->of->of;
	c.backend = &x->of->backend;
	c.model = x->request.model;
	c.usage = usage_of(x);
	return c.usage ? lib_cost(&c, e) : 0;
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
