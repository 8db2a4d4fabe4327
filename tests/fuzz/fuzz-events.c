/* SPDX-License-Identifier: MIT */
/* Answers: the first byte chooses the dialects; blocks come in order, a whole
 * answer is valid JSON. */
#include "config.h"

#include "base/json.h"
#include "dialect/reader.h"
#include "dialect/sse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct writer w;
	struct fold fold;
	struct reader *reader;
	bool started, open, finished;
};

/* The promise of the neutral events. */
static int sink(void *arg, const struct ev *v, struct err *e)
{
	struct run *r = arg;

	if (r->finished ||
	    (v->kind != EV_START && v->kind != EV_ERROR && !r->started))
		abort();
	if (v->kind == EV_START && r->started)
		abort();
	r->started |= v->kind == EV_START;
	if ((v->kind == EV_OPEN && r->open) ||
	    ((v->kind == EV_DELTA || v->kind == EV_CLOSE ||
	      v->kind == EV_CITE) &&
	     !r->open) ||
	    ((v->kind == EV_FINISH || v->kind == EV_SEARCH) && r->open))
		abort();
	r->open = v->kind == EV_OPEN || (r->open && v->kind != EV_CLOSE);
	r->finished = v->kind == EV_FINISH || v->kind == EV_ERROR;
	reader_unsaid(r->reader, r->w.dialect, v);
	if (writer_event(&r->w, v, e))
		return -1;
	return fold_feed(&r->fold, v, e);
}

static void check_whole(struct run *r)
{
	struct json_object *o;
	struct err e;

	buf_reset(r->w.out);
	buf_reset(&r->w.items);
	r->w.dialect->whole(&r->w, &r->fold.answer);
	o = json_read(buf_get(r->w.out), &e);
	if (!o)
		abort();
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct run r;
	struct reader rd;
	struct arena a;
	struct buf out;
	struct sse s;
	struct err e;

	if (n < 1)
		return 0;
	memset(&r, 0, sizeof(r));
	arena_init(&a);
	buf_init(&out, 1u << 26);
	writer_init(&r.w, &dialects[data[0] / 3 % DIALECTS], &out);
	fold_init(&r.fold, &a);
	reader_init(&rd, &dialects[data[0] % DIALECTS], &a, sink, &r);
	r.reader = &rd;
	sse_init(&s, reader_event, &rd);
	if (sse_feed(&s, (struct span){ (const char *)data + 1, n - 1 }, &e) ==
		    0 &&
	    sse_end(&s, &e) == 0 && reader_end(&rd, &e) == 0 && r.finished)
		check_whole(&r);
	sse_release(&s);
	reader_release(&rd);
	fold_release(&r.fold);
	writer_release(&r.w);
	buf_release(&out);
	arena_release(&a);
	return 0;
}
