/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/late-model.h"

#include <string.h>

#define STEP (16u << 10)    /* bytes that are read at a time */
#define KEPT_MAX (4u << 10) /* a value, and the delimiter behind it */

void late_model_init(struct late_model *l)
{
	buf_init(&l->out, STEP + KEPT_MAX + FORM_MODEL_MAX);
	buf_init(&l->kept, KEPT_MAX);
}

void late_model_release(struct late_model *l)
{
	buf_release(&l->out);
	buf_release(&l->kept);
}

/* What came from `at` on waits for more of the value. */
static int keep(struct late_model *l, size_t at, struct err *e)
{
	struct span tail = span_skip(buf_get(&l->out), at);

	buf_span(&l->kept, tail);
	buf_splice(&l->out, at, tail.n, SPAN(""));
	return l->kept.full ? err_full(e, &l->kept, ERR_BAD_REQUEST,
				       "the field model is too large")
			    : 0;
}

static int rename_at(struct late_model *l, size_t at, struct err *e)
{
	struct span name = span_of(l->name(l->arg, l->form->model));
	size_t was = l->form->model_len;

	if (l->fixed && name.n > was)
		return err_set(e, ERR_BAD_REQUEST,
			       "model %.*s is %.*s at its backend, and stands "
			       "behind what is sent already: put the field "
			       "model before the file",
			       (int)was, l->form->model, SPAN_FMT(name));
	buf_splice(&l->out, at, was, name);
	l->pad = l->fixed ? was - name.n : 0;
	return l->out.full ? err_memory(e) : 0;
}

/* `got` bytes more are in l->out. */
static int look(struct late_model *l, size_t got, struct err *e)
{
	struct form *f = l->form;
	size_t start = f->at, at;
	bool had = f->has_model;

	if (form_feed(f, (struct span){ l->out.p, got }, e))
		return -1;
	if (had || (!f->has_model && !f->in_model && !l->kept.n))
		return 0;
	at = l->kept.n ? 0 : f->model_at - start;
	if (f->in_model)
		return keep(l, at, e);
	buf_splice(&l->out, 0, 0, buf_get(&l->kept));
	buf_reset(&l->kept);
	return rename_at(l, at, e);
}

/* Behind the last byte. */
static void put_end(struct late_model *l)
{
	buf_span(&l->out, buf_get(&l->kept));
	buf_reset(&l->kept);
	for (; l->pad > 1; l->pad -= 2)
		buf_str(&l->out, "\r\n");
	if (l->pad)
		buf_byte(&l->out, '\n');
	l->pad = 0;
}

/* 1, 0 at the end, or as request_rest_of_body. */
static long fill(struct late_model *l, struct err *e)
{
	char *to;
	long got;

	l->at = 0;
	buf_reset(&l->out);
	to = buf_room(&l->out, STEP);
	if (!to)
		return err_memory(e);
	got = request_rest_of_body(l->r, to, STEP, e);
	if (got < 0)
		return got;
	if (got == 0) {
		put_end(l);
		return l->out.n > 0;
	}
	buf_took(&l->out, (size_t)got);
	return look(l, (size_t)got, e) ? -1 : 1;
}

long late_model_read(struct late_model *l, char *p, size_t n, struct err *e)
{
	while (l->at == l->out.n) {
		long rc = fill(l, e);

		if (rc <= 0)
			return rc;
	}
	if (n > l->out.n - l->at)
		n = l->out.n - l->at;
	memcpy(p, l->out.p + l->at, n);
	l->at += n;
	return (long)n;
}
