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

/* NULL: too many. */
static struct block *add_part(struct fold *f, enum part_kind kind,
			      struct err *e)
{
	struct block *p;

	if (f->parts++ == FOLD_PARTS_MAX) {
		err_set(e, ERR_UPSTREAM, "the answer has more than %d parts",
			FOLD_PARTS_MAX);
		return NULL;
	}
	p = arena_take(f->arena, sizeof(*p));
	p->kind = kind;
	p->id = p->name = p->space = p->item = p->phase = "";
	p->cites_tail = &p->cites;
	buf_init(&p->text, FOLD_TEXT_MAX);
	*f->tail = p;
	f->tail = &p->next;
	return p;
}

static int open_part(struct fold *f, const struct ev *v, struct err *e)
{
	struct block *p = add_part(f, v->part, e);

	if (!p)
		return -1;
	p->custom = v->custom;
	p->id = arena_str(f->arena, v->id);
	p->name = arena_str(f->arena, v->name);
	p->space = arena_str(f->arena, v->space);
	p->shape = v->shape;
	p->item = arena_str(f->arena, v->item);
	p->google = arena_str(f->arena, v->google);
	f->open = p;
	return 0;
}

static int add_search(struct fold *f, const struct ev *v, struct err *e)
{
	struct block *p = add_part(f, PART_SEARCH, e);

	if (p)
		p->search = v->search;
	return p ? 0 : -1;
}

static void add_citation(struct fold *f, const struct citation *cite)
{
	struct citation *c = arena_take(f->arena, sizeof(*c));
	struct block *p = f->open;

	*c = *cite;
	c->next = NULL;
	*p->cites_tail = c;
	p->cites_tail = &c->next;
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
		f->open->phase = arena_str(f->arena, v->phase);
		if (v->google.n)
			f->open->google = arena_str(f->arena, v->google);
		f->open = NULL;
		break;
	case EV_CITE:
		add_citation(f, v->cite);
		break;
	case EV_SEARCH:
		return add_search(f, v, e);
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
