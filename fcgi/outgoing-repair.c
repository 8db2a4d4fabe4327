/* SPDX-License-Identifier: MIT */
/* What only a refusal shows: values that another provider or key has made. */
#include "config.h"

#include "fcgi/outgoing.h"
#include "state/pool/apart.h"

#include <string.h>

/* Of values that another provider made the one that is refused goes first, then
 * that and the next, then all behind it: many of them cost four calls. */
#define OPAQUE_MAX 3
#define REPAIRS_MAX 4

/* Without what was refused. */
static bool leave_out(struct outgoing *o, struct request *r,
		      const struct mend_refusal *f,
		      const struct upstream_model *t)
{
	struct conversion_refusal refusal = { *f, t, o->refused_at };
	bool any = conversion_leave_out(&o->made, o->plain, &refusal);

	o->refused_at = refusal.at;
	if (!any)
		return false;
	o->body = o->plain = buf_get(&o->made.text);
	r->mended = o->made.mended;
	r->dropped = o->made.dropped;
	outgoing_expect(o, r);
	return true;
}

/* Without what our seals say that the provider gave by another key. */
static bool set_apart(struct outgoing *o, struct request *r)
{
	struct span was = arena_span(r->arena, o->plain);
	struct err unused;

	if (o->made.origin.apart || !(o->peek->marks & MARK_SEAL))
		return false;
	o->made.origin.apart = true;
	if (outgoing_remake(o, r, &unused) || span_eq(was, o->plain))
		return false;
	apart_note(snapshot_home(r->app->config), o->backend->name);
	return true;
}

static bool is_opaque(enum refused what)
{
	return what != REFUSED_NOTHING && what != REFUSED_SWITCH;
}

/* Templates of local servers complain with a 500, errors in a stream with a
 * status that was guessed. */
static bool may_be_mended(int status)
{
	return status != 401 && status != 403 && status != 413 && status != 429;
}

bool outgoing_repair(struct outgoing *o, struct request *r)
{
	const struct outcome *c = &r->outcome;
	struct upstream_model t = o->made.target;
	struct mend_refusal f;

	if (outcome_is_final(c) || !outcome_refused(c) ||
	    o->repairs == REPAIRS_MAX || outgoing_is_left(o, r) ||
	    !may_be_mended(c->status))
		return false;
	f = mend_refusal(o->dialect, c->body, &t.quirks);
	if (f.what == REFUSED_NOTHING && *c->error.type)
		f = mend_refusal(o->dialect, span_of(c->error.type), &t.quirks);
	if (f.what == REFUSED_NOTHING)
		return false;
	o->repairs++;
	if (!is_opaque(f.what))
		return leave_out(o, r, &f, &t);
	if (o->opaque++ == OPAQUE_MAX)
		return false;
	if (o->opaque == 1 && set_apart(o, r))
		return true;
	f.rest = o->opaque == OPAQUE_MAX;
	if (leave_out(o, r, &f, &t))
		return true;
	f.all = true;
	f.rest = false;
	return leave_out(o, r, &f, &t);
}

/* Anthropic refuses before a stream begins. */
bool outgoing_may_be_refused(const struct outgoing *o, const struct request *r)
{
	return o->dialect != DIALECT_ANTHROPIC &&
	       o->peek->marks & MARK_OPAQUE && !outgoing_is_left(o, r);
}
