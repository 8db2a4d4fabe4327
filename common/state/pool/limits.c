/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/limits.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define FREE ":free"
#define EXHAUSTED 1e-6 /* headroom below this is none */
#define STEP 0.005     /* of headroom: below it is no news */
#define RESET_JITTER_MS 60000
#define FRESH_MS 30000
#define COST_MAX 0.25
#define FAILURES_MIN 2 /* in a row, before it rests */
#define FAILURES_MAX 16
#define FAILING_MIN_MS 10000
#define FAILING_MAX_MS 300000

/* `rank`: what ends by itself soon does not take the place of what ends late,
 * or not by itself. */
static const struct {
	const char *name, *text;
	int rank;
	bool lasting;
} causes[CAUSES] = {
	[CAUSE_NONE] = { "none", "ready", 0, false },
	[CAUSE_WINDOW] = { "window", "its limit is used up", 1, false },
	[CAUSE_BURST] = { "burst", "too many requests at a time", 1, false },
	[CAUSE_OVERLOAD] = { "overloaded", "the provider is overloaded", 1,
			     false },
	[CAUSE_FAILING] = { "failing", "its calls fail", 1, false },
	[CAUSE_GATEWAY] = { "gateway",
			    "it was refused on the way to the provider, or "
			    "without the provider's words: look at the base "
			    "URL and at proxies",
			    1, false },
	[CAUSE_MODEL] = { "model", "it does not have this model", 1, false },
	[CAUSE_CREDIT] = { "credit", "it has no credit left", 2, true },
	[CAUSE_TERMS] = { "terms", "somebody must accept the provider's terms",
			  2, true },
	[CAUSE_AUTH] = { "auth", "its credential was refused", 3, true },
	[CAUSE_DISABLED] = { "disabled", "its organisation is disabled", 3,
			     true },
	[CAUSE_OAUTH] = { "oauth",
			  "its organisation does not allow log-ins: use an API "
			  "key",
			  3, true },
	[CAUSE_OVERAGE] = { "overage", "an answer was billed beyond the plan",
			    4, false },
};

const char *limit_cause_name(enum limit_cause c)
{
	return causes[c].name;
}

const char *limit_cause_text(enum limit_cause c)
{
	return causes[c].text;
}

bool limit_cause_is_lasting(enum limit_cause c)
{
	return causes[c].lasting;
}

/* --- what is asked for --------------------------------------------------- */

/* "claude-3-5-sonnet-20241022", "opus1m", "claude-fable-5[1m]": the first word
 * that is no number and not the maker's name. */
void asked_claude(struct asked *a, const char *model)
{
	struct span rest = span_of(model), word;

	span_text(a->model, sizeof(a->model), rest);
	span_text(a->family, sizeof(a->family), rest);
	while (rest.n) {
		size_t n = 0;

		word = span_cut(&rest, '-');
		while (n < word.n && isalpha((unsigned char)word.p[n]))
			n++;
		word.n = n;
		if (!n || span_is(word, "claude") || span_is(word, "anthropic"))
			continue;
		span_text(a->family, sizeof(a->family), word);
		return;
	}
}

/* openrouter.ai/docs/guides/routing/model-variants/free: its limits on free
 * models are of the account as a whole, not of each model. */
void asked_other(struct asked *a, const char *model)
{
	size_t n = strlen(model), end = strlen(FREE);
	bool together = n > end && strcmp(model + n - end, FREE) == 0;

	span_text(a->model, sizeof(a->model), span_of(model));
	span_text(a->family, sizeof(a->family),
		  span_of(together ? "*" FREE : model));
}

static bool concerns(const char *what, const struct asked *a)
{
	return *what &&
	       (strcmp(what, a->family) == 0 || strcmp(what, a->model) == 0);
}

/* --- windows and allowances ---------------------------------------------- */

bool window_is_shared(const char *name)
{
	return strcmp(name, "5h") == 0 || strcmp(name, "7d") == 0 ||
	       strcmp(name, "overage") == 0;
}

const struct window *limits_known_window(const struct limits *l,
					 const char *name)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (*name && strcmp(l->windows[i].name, name) == 0)
			return &l->windows[i];
	return NULL;
}

static bool is_linked(const struct limits *l, const char *window,
		      const char *family)
{
	for (size_t i = 0; i < LINKS_MAX && l->links[i].window[0]; i++)
		if (strcmp(l->links[i].window, window) == 0 &&
		    (!family || strcmp(l->links[i].family, family) == 0))
			return true;
	return false;
}

/* What a full list parts with first. */
enum worth {
	PAST,    /* its reset was before the last answer */
	UNUSED,  /* it counts for nobody, as far as is known */
	WANTED,  /* it is full, or counts for somebody */
	EVERYONE /* it counts for all */
};

static enum worth worth_of(const struct limits *l, const struct window *w)
{
	if (window_is_shared(w->name))
		return EVERYONE;
	if (w->reset && w->reset <= l->updated_at)
		return PAST;
	return w->used >= 1 || is_linked(l, w->name, NULL) ? WANTED : UNUSED;
}

/* NULL: what is there is worth more. */
static struct window *in_place_of(struct limits *l, const struct window *new)
{
	struct window *least = &l->windows[0];
	enum worth is = worth_of(l, new);

	for (size_t i = 1; i < WINDOWS_MAX; i++) {
		struct window *w = &l->windows[i];
		enum worth a = worth_of(l, w), b = worth_of(l, least);

		if (a < b || (a == b && w->reset < least->reset))
			least = w;
	}
	return is < WANTED && is <= worth_of(l, least) ? NULL : least;
}

void limits_put_window(struct limits *l, const struct window *new)
{
	struct window *w = l->windows, *end = w + WINDOWS_MAX;

	while (w < end && w->name[0] && strcmp(w->name, new->name))
		w++;
	if (w == end)
		w = in_place_of(l, new);
	if (w)
		*w = *new;
}

double limits_used(const struct limits *l, const char *window, int64_t now)
{
	const struct window *w = limits_known_window(l, window);

	return w && w->reset > now ? w->used : 0;
}

int64_t limits_window_reset(const struct limits *l, const char *window)
{
	const struct window *w = limits_known_window(l, window);

	return w ? w->reset : 0;
}

void limits_link(struct limits *l, const char *window, const char *family)
{
	size_t i = 0;

	if (!*family || is_linked(l, window, family))
		return;
	while (i < LINKS_MAX && l->links[i].window[0])
		i++;
	if (i == LINKS_MAX) { /* the oldest goes */
		memmove(l->links, l->links + 1,
			(LINKS_MAX - 1) * sizeof(*l->links));
		i--;
	}
	span_text(l->links[i].window, LIMIT_NAME_MAX, span_of(window));
	span_text(l->links[i].family, LIMIT_MODEL_MAX, span_of(family));
}

/* --- what is left -------------------------------------------------------- */

/* One thing that may run out: how much is left, and when it is whole again. */
struct bucket {
	double left;
	int64_t reset;
};

static double share(const struct allowance *a)
{
	return a->limit ? (double)a->remaining / (double)a->limit : 1;
}

static void tighten(struct bucket *least, double left, int64_t reset,
		    int64_t now)
{
	if (reset <= now)
		return;
	if (left < 0)
		left = 0;
	if (left < least->left || (left < EXHAUSTED && reset > least->reset))
		*least = (struct bucket){ left, reset };
}

static bool counts(const struct limits *l, const struct window *w,
		   const struct asked *a)
{
	if (!w->name[0])
		return false;
	/* What is beyond the plan is not part of it. */
	if (strcmp(w->name, "overage") == 0)
		return false;
	return window_is_shared(w->name) || is_linked(l, w->name, a->family);
}

static struct bucket meter_left(const struct meter *m, int64_t now)
{
	struct bucket least = { 1, 0 };

	for (size_t k = 0; k < METER_KINDS; k++)
		if (m->of[k].limit)
			tighten(&least, share(&m->of[k]), m->of[k].reset, now);
	return least;
}

/* The oldest makes room; where nothing is left that is still to be known. */
static struct meter *new_meter(struct limits *l, const char *family,
			       int64_t now)
{
	struct meter *m = &l->meters[0];
	struct bucket was;

	for (size_t i = 1; i < METERS_MAX; i++)
		if (l->meters[i].updated_at < m->updated_at)
			m = &l->meters[i];
	was = meter_left(m, now);
	if (m->updated_at && was.left < EXHAUSTED)
		limits_rest_for(l, m->family, CAUSE_WINDOW, was.reset, now);
	*m = (struct meter){ .updated_at = now };
	span_text(m->family, sizeof(m->family), span_of(family));
	return m;
}

struct meter *limits_meter(struct limits *l, const char *family, int64_t now)
{
	for (size_t i = 0; i < METERS_MAX; i++) {
		struct meter *m = &l->meters[i];

		if (m->updated_at && strcmp(m->family, family) == 0) {
			m->updated_at = now;
			return m;
		}
	}
	return new_meter(l, family, now);
}

/* Of the family that is asked for; of none, the family that has most. */
static struct bucket allowed(const struct limits *l, const struct asked *a,
			     int64_t now)
{
	struct bucket most = { 1, 0 };
	bool any = false;

	for (size_t i = 0; i < METERS_MAX; i++) {
		const struct meter *m = &l->meters[i];
		struct bucket b;

		if (!m->updated_at ||
		    (*a->family && strcmp(m->family, a->family)))
			continue;
		b = meter_left(m, now);
		if (!any || b.left > most.left)
			most = b;
		any = true;
	}
	return most;
}

static struct bucket tightest(const struct limits *l, const struct asked *a,
			      int64_t now)
{
	struct bucket least = allowed(l, a, now);

	for (size_t i = 0; i < WINDOWS_MAX && l->windows[i].name[0]; i++)
		if (counts(l, &l->windows[i], a))
			tighten(&least, 1 - l->windows[i].used,
				l->windows[i].reset, now);
	return least;
}

double limits_headroom(const struct limits *l, const struct asked *a,
		       int64_t now)
{
	double left = tightest(l, a, now).left;

	return left < EXHAUSTED ? 0 : left;
}

double limits_shared_headroom(const struct limits *l, int64_t now)
{
	struct bucket least = { 1, 0 };

	for (size_t i = 0; i < WINDOWS_MAX && l->windows[i].name[0]; i++)
		if (window_is_shared(l->windows[i].name) &&
		    strcmp(l->windows[i].name, "overage"))
			tighten(&least, 1 - l->windows[i].used,
				l->windows[i].reset, now);
	return least.left < EXHAUSTED ? 0 : least.left;
}

int64_t limits_reset(const struct limits *l, const struct asked *a, int64_t now)
{
	return tightest(l, a, now).reset;
}

int64_t limits_first_reset(const struct limits *l, const struct asked *a,
			   int64_t now)
{
	int64_t first = 0;

	for (size_t i = 0; i < WINDOWS_MAX && l->windows[i].name[0]; i++) {
		const struct window *w = &l->windows[i];

		if (counts(l, w, a) && w->reset > now &&
		    (!first || w->reset < first))
			first = w->reset;
	}
	return first;
}

/* --- causes -------------------------------------------------------------- */

static bool stands(enum limit_cause c, int64_t until, int64_t now)
{
	return c && (!until || until > now);
}

/* The strongest rest of this family or model. */
static const struct rest *resting(const struct limits *l, const struct asked *a,
				  int64_t now)
{
	const struct rest *best = NULL;

	for (size_t i = 0; i < RESTS_MAX; i++) {
		const struct rest *r = &l->rests[i];

		if (stands(r->cause, r->until, now) && concerns(r->what, a) &&
		    (!best || r->until > best->until))
			best = r;
	}
	return best;
}

enum limit_cause limits_cause(const struct limits *l, const struct asked *a,
			      int64_t now)
{
	const struct rest *r;

	if (stands(l->cause, l->until, now))
		return l->cause;
	r = resting(l, a, now);
	if (r)
		return r->cause;
	return limits_headroom(l, a, now) > 0 ? CAUSE_NONE : CAUSE_WINDOW;
}

int64_t limits_until(const struct limits *l, const struct asked *a, int64_t now)
{
	int64_t until = limits_headroom(l, a, now) > 0
			      ? 0
			      : limits_reset(l, a, now);
	const struct rest *r = resting(l, a, now);

	if (r && r->until > until)
		until = r->until;
	if (stands(l->cause, l->until, now))
		return l->until && l->until < until ? until : l->until;
	return until;
}

static void sooner(int64_t *first, int64_t when, int64_t now)
{
	if (when > now && when < *first)
		*first = when;
}

int64_t limits_turn(const struct limits *l, int64_t now)
{
	int64_t first = INT64_MAX;

	sooner(&first, l->until, now);
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		sooner(&first, l->windows[i].reset, now);
	for (size_t i = 0; i < RESTS_MAX; i++)
		sooner(&first, l->rests[i].until, now);
	for (size_t i = 0; i < METERS_MAX; i++)
		for (size_t k = 0; k < METER_KINDS; k++)
			sooner(&first, l->meters[i].of[k].reset, now);
	return first;
}

bool limits_rest(struct limits *l, enum limit_cause cause, int64_t until,
		 int64_t now)
{
	bool longer = !l->until || (until && l->until > until);
	int was = causes[l->cause].rank, is = causes[cause].rank;

	if (stands(l->cause, l->until, now) &&
	    (was > is || (was == is && longer)))
		return false;
	l->cause = cause;
	l->until = until;
	return true;
}

void limits_rest_for(struct limits *l, const char *what, enum limit_cause cause,
		     int64_t until, int64_t now)
{
	struct rest *r = &l->rests[0];

	for (size_t i = 0; i < RESTS_MAX; i++) {
		struct rest *other = &l->rests[i];

		if (other->cause && strcmp(other->what, what) == 0) {
			r = other;
			break;
		}
		if (!stands(other->cause, other->until, now) ||
		    other->until < r->until)
			r = other;
	}
	*r = (struct rest){ .cause = cause, .until = until };
	span_text(r->what, sizeof(r->what), span_of(what));
}

/* Of many calls that break at a time the first counts: the others were under
 * way when it began to rest. */
void limits_failed(struct limits *l, int64_t least, int64_t now)
{
	int64_t rest = FAILING_MIN_MS;

	if (l->cause != CAUSE_FAILING || l->until <= now) {
		if (l->failures < FAILURES_MAX)
			l->failures++;
		for (int64_t i = FAILURES_MIN; i < l->failures; i++)
			rest *= 2;
		if (rest > FAILING_MAX_MS)
			rest = FAILING_MAX_MS;
		if (l->failures >= FAILURES_MIN && now + rest > least)
			least = now + rest;
	}
	if (least > now)
		limits_rest(l, CAUSE_FAILING, least, now);
}

void limits_spent(struct limits *l, double share)
{
	if (share <= 0)
		return;
	if (share > COST_MAX)
		share = COST_MAX;
	l->cost = l->cost > 0 ? l->cost * 0.75 + share * 0.25 : share;
}

void limits_clear(struct limits *l)
{
	struct limits kept = { .refresh_after = l->refresh_after };

	memcpy(kept.links, l->links, sizeof(kept.links));
	memcpy(kept.sign, l->sign, sizeof(kept.sign));
	*l = kept;
}

void limits_served(struct limits *l, const struct asked *a, bool full)
{
	for (size_t i = 0; i < RESTS_MAX; i++)
		if (l->rests[i].cause && concerns(l->rests[i].what, a))
			l->rests[i] = (struct rest){ .until = 0 };
	for (size_t i = 0; full && i < WINDOWS_MAX; i++)
		if (counts(l, &l->windows[i], a) && l->windows[i].used >= 1)
			l->windows[i].used = 0;
	for (size_t i = 0; full && i < METERS_MAX; i++)
		if (strcmp(l->meters[i].family, a->family) == 0)
			l->meters[i] = (struct meter){ .updated_at = 0 };
}

/* --- news ---------------------------------------------------------------- */

static bool far(int64_t a, int64_t b, int64_t by)
{
	return a - b > by || b - a > by;
}

static bool is_out(double left)
{
	return left < EXHAUSTED;
}

/* `turn`: only what others must not miss; else small steps count, too. */
static bool differs(double was, double now, int64_t was_reset,
		    int64_t now_reset, bool turn)
{
	if (is_out(was) != is_out(now) ||
	    far(was_reset, now_reset, RESET_JITTER_MS))
		return true;
	return !turn && fabs(was - now) >= STEP;
}

static bool any_differs(const struct limits *a, const struct limits *b,
			bool turn)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		const struct window *v = &a->windows[i], *w = &b->windows[i];

		if (strcmp(v->name, w->name) ||
		    differs(1 - v->used, 1 - w->used, v->reset, w->reset, turn))
			return true;
	}
	for (size_t i = 0; i < METERS_MAX; i++) {
		const struct meter *m = &a->meters[i], *n = &b->meters[i];

		if (strcmp(m->family, n->family))
			return true;
		for (size_t k = 0; k < METER_KINDS; k++)
			if (differs(share(&m->of[k]), share(&n->of[k]),
				    m->of[k].reset, n->of[k].reset, turn))
				return true;
	}
	return false;
}

bool limits_is_turn(const struct limits *was, const struct limits *now)
{
	return was->cause != now->cause || was->until != now->until ||
	       was->refresh_after != now->refresh_after ||
	       was->failures != now->failures || was->overage != now->overage ||
	       strcmp(was->status, now->status) ||
	       strcmp(was->sign, now->sign) || strcmp(was->claim, now->claim) ||
	       memcmp(was->links, now->links, sizeof(was->links)) ||
	       memcmp(was->rests, now->rests, sizeof(was->rests)) ||
	       any_differs(was, now, true);
}

bool limits_news(const struct limits *was, const struct limits *now)
{
	return far(was->updated_at, now->updated_at, FRESH_MS) ||
	       limits_is_turn(was, now) || any_differs(was, now, false);
}
