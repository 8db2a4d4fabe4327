/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/meter-move.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/store.h"
#include "state/keys/key.h"
#include "state/keys/meter.h"
#include "state/shared/redis-move.h"

#include <stdlib.h>
#include <string.h>

#define ENDS "store-moved.json"
#define RING (METER_SLICES + 1)
#define SPENT QUOTA_PERIODS
#define RATE 9
#define TOKENS (RATE + 2 + RING)

/* --- images -------------------------------------------------------------- */

struct image {
	int64_t v[METER_IMAGE];
};

static int64_t slice_at(int64_t ms, int64_t now)
{
	return now / (ms / METER_SLICES);
}

static int64_t *slice(int64_t *window, int64_t number)
{
	return &window[2 + number % RING];
}

static void window_of(int64_t *to, const struct meter_window *w, int64_t now)
{
	if (w->ms < METER_SLICES)
		return;
	to[0] = w->ms;
	to[1] = slice_at(w->ms, now);
	for (int k = 0; k < RING; k++)
		*slice(to,
		       to[1] + RING - k) = w->n[(w->newest + RING - k) % RING];
}

/* Of sums that were brought up to `now`. */
static struct image image_of(const struct meter_sums *s, int64_t now)
{
	struct image m = { { 0 } };

	for (int p = 0; p < QUOTA_PERIODS; p++) {
		m.v[p] = s->period[p];
		m.v[SPENT + p] = s->spent[p];
	}
	window_of(m.v + RATE, &s->rate, now);
	window_of(m.v + TOKENS, &s->tokens, now);
	return m;
}

static void roll_window(int64_t *w, int64_t now)
{
	int64_t last, gone;

	if (w[0] < METER_SLICES)
		return;
	last = slice_at(w[0], now);
	gone = last - w[1];
	if (gone < -RING || gone > RING)
		gone = RING;
	for (int64_t i = 0; i < gone; i++)
		*slice(w, last + RING - i) = 0;
	if (gone > 0)
		w[1] = last;
}

static void roll(struct image *m, int64_t now)
{
	for (int p = 0; p < QUOTA_PERIODS; p++) {
		int64_t number = quota_period_at((enum quota_period)p, now);

		if (number > m->v[p]) {
			m->v[p] = number;
			m->v[SPENT + p] = 0;
		}
	}
	roll_window(m->v + RATE, now);
	roll_window(m->v + TOKENS, now);
}

static int64_t less(int64_t a, int64_t b)
{
	return a > b ? a - b : 0;
}

static void subtract_window(int64_t *a, const int64_t *b)
{
	for (int i = 2; a[0] == b[0] && i < RING + 2; i++)
		a[i] = less(a[i], b[i]);
}

/* Of the same moment. */
static struct image subtract(struct image a, const struct image *b)
{
	for (int p = 0; p < QUOTA_PERIODS; p++)
		if (a.v[p] == b->v[p])
			a.v[SPENT + p] = less(a.v[SPENT + p], b->v[SPENT + p]);
	subtract_window(a.v + RATE, b->v + RATE);
	subtract_window(a.v + TOKENS, b->v + TOKENS);
	return a;
}

static bool is_empty(const struct image *m)
{
	int64_t any = 0;

	for (int p = 0; p < QUOTA_PERIODS; p++)
		any |= m->v[SPENT + p];
	for (int i = 2; i < RING + 2; i++)
		any |= m->v[RATE + i] | m->v[TOKENS + i];
	return !any;
}

/* --- the home's sums ----------------------------------------------------- */

static int read_sums(const char *home, const char *name, int64_t now,
		     struct image *out, struct err *e)
{
	struct meter_sums s;

	if (meter_table_read(home, name, &s, e))
		return -1;
	meter_pass(&s, now);
	*out = image_of(&s, now);
	return 0;
}

/* What of a key's sums came from the store has a slot of its own. */
#define MARK_NAME_MAX 200

static const char *mark_name(const char *name, char out[MARK_NAME_MAX])
{
	meter_table_mark(name, out, MARK_NAME_MAX);
	return out;
}

struct adding {
	const struct image *more;
	int64_t now;
	/* the slot of the mark, or NULL: this is it */
	struct meter_table *t;
	struct meter_flight *mark;
};

static void add_window(struct meter_window *w, const int64_t *more)
{
	if (more[0] < METER_SLICES || (w->ms && w->ms != more[0]))
		return;
	w->ms = more[0];
	for (int k = 0; k < RING; k++)
		w->n[(w->newest + RING - k) % RING] +=
			more[2 + (more[1] + RING - k) % RING];
}

/* The mark first, and then, with the next instructions, the sums: whoever is
 * killed leaves both or none. */
static bool add(void *arg, struct meter_sums *s)
{
	struct adding *a = arg;
	const int64_t *more = a->more->v;
	struct adding mark = { .more = a->more, .now = a->now };
	struct err unused;
	bool done = true;

	meter_pass(s, a->now);
	for (int p = 0; p < QUOTA_PERIODS; p++)
		if (s->period[p] == more[p])
			s->spent[p] += more[SPENT + p];
	add_window(&s->rate, more + RATE);
	add_window(&s->tokens, more + TOKENS);
	if (a->mark &&
	    meter_change(a->t, a->mark, METER_NONE, add, &mark, &done, &unused))
		return false;
	return done;
}

static int add_sums(const char *home, const char *name,
		    const struct image *more, int64_t now, struct err *e)
{
	struct adding a = { .more = more, .now = now };
	struct meter_flight *f = NULL;
	char mark[MARK_NAME_MAX];
	bool done = false;
	int rc = -1;

	a.t = meter_table(home, e);
	if (!a.t || !(f = meter_flight(a.t, home, name, e)) ||
	    !(a.mark = meter_flight(a.t, home, mark_name(name, mark), e)))
		goto out;
	rc = meter_change(a.t, f, METER_NONE, add, &a, &done, e);
	if (rc == 0 && !done)
		rc = err_set(e, ERR_BUSY,
			     "the counters of key %s are busy: run it again",
			     name);
out:
	if (f)
		meter_flight_free(f);
	if (a.mark)
		meter_flight_free(a.mark);
	return rc;
}

/* --- whose store, whose home --------------------------------------------- */

/* {"home":"ID","store":"ID"}: the marks are those of that store. */
struct ends {
	const char *home;
	struct json_object *o;
	int64_t now;
	int lock;
};

typedef int each_fn(struct ends *x, const char *name, struct meter_moved *out,
		    struct err *e);

static int each_key(struct ends *x, each_fn *fn, struct meter_moved *out,
		    struct err *e)
{
	struct notes notes = { 0 };
	struct keys all = { 0 };
	int rc = keys_load(&all, x->home, NULL, NULL, &notes, e);

	for (size_t i = 0; rc == 0 && i < all.n; i++)
		rc = fn(x, all.list[i].name, out, e);
	keys_release(&all);
	notes_release(&notes);
	return rc;
}

static int forget_mark(struct ends *x, const char *name,
		       struct meter_moved *out, struct err *e)
{
	char mark[MARK_NAME_MAX];

	(void)out;
	(void)e;
	meter_table_forget(x->home, mark_name(name, mark));
	return 0;
}

/* Another store, or this one is empty: nothing here came from it. */
static int know_store(struct ends *x, struct err *e)
{
	const char *was = json_cstr(x->o, "store");
	char fresh[64], id[80];

	digest_random_id(fresh, sizeof(fresh), "");
	if (redis_move_id(fresh, id, sizeof(id), e))
		return -1;
	if (was && strcmp(was, id) == 0)
		return 0;
	if (each_key(x, forget_mark, NULL, e))
		return -1;
	json_set_str(x->o, "store", id);
	return store_replace(x->home, ENDS, json_text(x->o), e);
}

/* Nothing else takes its lock, so that others may be taken within it. */
static int open_ends(struct ends *x, const char *home, struct err *e)
{
	char fresh[64];

	memset(x, 0, sizeof(*x));
	x->home = home;
	x->now = clock_wall_ms();
	x->lock = store_lock(home, ENDS, e);
	if (x->lock < 0 || json_load_object(home, ENDS, &x->o, e))
		return -1;
	if (!json_cstr(x->o, "home")) {
		digest_random_id(fresh, sizeof(fresh), "");
		json_set_str(x->o, "home", fresh);
	}
	return know_store(x, e);
}

static void close_ends(struct ends *x)
{
	json_object_put(x->o);
	store_unlock(x->lock);
}

static const char *id_of_home(const struct ends *x)
{
	return json_cstr(x->o, "home");
}

/* --- both ways ----------------------------------------------------------- */

/* What is counted here, and what of it came from the store. */
static int read_both(const struct ends *x, const char *name, struct image *is,
		     struct image *mark, struct err *e)
{
	char other[MARK_NAME_MAX];

	return read_sums(x->home, name, x->now, is, e) ||
			       read_sums(x->home, mark_name(name, other),
					 x->now, mark, e)
		     ? -1
		     : 0;
}

static int move_out(struct ends *x, const char *name, struct meter_moved *out,
		    struct err *e)
{
	struct image mark, is;
	int64_t money = 0;

	if (read_both(x, name, &is, &mark, e))
		return -1;
	is = subtract(is, &mark);
	if (is_empty(&is))
		return 0;
	if (redis_move_put(name, id_of_home(x), is.v, &money, e))
		return -1;
	out->keys += money > 0;
	out->money += money;
	return 0;
}

static int move_back(struct ends *x, const char *name, struct meter_moved *out,
		     struct err *e)
{
	struct image theirs, ours, more, is, mark;

	if (redis_move_get(name, id_of_home(x), theirs.v, ours.v, e) ||
	    read_both(x, name, &is, &mark, e))
		return -1;
	roll(&theirs, x->now);
	roll(&ours, x->now);
	more = subtract(theirs, &ours);
	more = subtract(more, &mark);
	if (is_empty(&more))
		return 0;
	out->keys++;
	out->money += more.v[SPENT + QUOTA_MONTH];
	return add_sums(x->home, name, &more, x->now, e);
}

static int move(const char *home, each_fn *fn, struct meter_moved *out,
		struct err *e)
{
	struct ends x;
	int rc = open_ends(&x, home, e);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = each_key(&x, fn, out, e);
	close_ends(&x);
	return rc;
}

int meter_move_out(const char *home, struct meter_moved *out, struct err *e)
{
	return move(home, move_out, out, e);
}

int meter_move_back(const char *home, struct meter_moved *out, struct err *e)
{
	return move(home, move_back, out, e);
}
