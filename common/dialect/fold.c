/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/fold.h"

#include <string.h>

void fold_init(struct fold *f, struct arena *a)
{
	memset(f, 0, sizeof(*f));
	f->arena = a;
	f->tail = &f->answer.parts;
	f->answer.id = f->answer.model = "";
}

void fold_release(struct fold *f)
{
	for (struct block *p = f->answer.parts; p; p = p->next)
		buf_release(&p->text);
	f->answer.parts = NULL;
}

static int open_part(struct fold *f, const struct ev *v, struct err *e)
{
	struct block *p;

	if (f->parts++ == FOLD_PARTS_MAX)
		return err_set(e, ERR_UPSTREAM,
			       "the answer has more than %d "
			       "parts",
			       FOLD_PARTS_MAX);
	p = arena_take(f->arena, sizeof(*p));
	p->kind = v->part;
	p->custom = v->custom;
	p->id = arena_str(f->arena, v->id);
	p->name = arena_str(f->arena, v->name);
	p->space = arena_str(f->arena, v->space);
	p->shape = v->shape;
	buf_init(&p->text, FOLD_TEXT_MAX);
	*f->tail = p;
	f->tail = &p->next;
	f->open = p;
	return 0;
}

int fold_feed(void *fold, const struct ev *v, struct err *e)
{
	struct fold *f = fold;

	switch (v->kind) {
	case EV_START:
		f->answer.id = arena_str(f->arena, v->id);
		f->answer.model = arena_str(f->arena, v->name);
		f->answer.usage = v->usage;
		break;
	case EV_OPEN:
		return open_part(f, v, e);
	case EV_DELTA:
		buf_span(&f->open->text, v->text);
		if (f->open->text.full)
			return err_full(e, &f->open->text, ERR_UPSTREAM,
					"the answer is larger than %u bytes",
					FOLD_TEXT_MAX);
		break;
	case EV_CLOSE:
		f->open->signature = arena_str(f->arena, v->text);
		f->open = NULL;
		break;
	case EV_FINISH:
		f->answer.stop = v->stop;
		if (v->text.n)
			f->answer.stop_text = arena_str(f->arena, v->text);
		f->answer.usage = v->usage;
		f->finished = true;
		break;
	case EV_PING:
		break;
	case EV_ERROR:
		*e = *v->err;
		return -1;
	}
	return 0;
}
