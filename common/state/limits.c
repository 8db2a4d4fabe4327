/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/limits.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "base/jw.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UNIFIED "anthropic-ratelimit-unified-"
#define PER_KEY "anthropic-ratelimit-"
#define EXHAUSTED 1e-6 /* headroom below this is none */
#define WINDOW_GUESS_MS (5 * 3600 * 1000)
#define KEY_GUESS_MS 60000
#define RESET_MAX_MS ((int64_t)32 * 24 * 3600 * 1000)
#define STEP 0.005 /* of headroom: below it is no news */
#define RESET_JITTER_MS 60000
#define FRESH_MS 30000
#define CACHE_MAX 64

static const struct {
	const char *name, *text;
} causes[CAUSES] = {
	[CAUSE_NONE] = { "none", "ready" },
	[CAUSE_WINDOW] = { "window", "its limit is used up" },
	[CAUSE_BURST] = { "burst", "too many requests at a time" },
	[CAUSE_OVERLOAD] = { "overloaded", "the provider is overloaded" },
	[CAUSE_CREDIT] = { "credit", "it has no credit left" },
	[CAUSE_AUTH] = { "auth", "its credential was refused" },
	[CAUSE_OVERAGE] = { "overage", "an answer was billed beyond the plan" },
	[CAUSE_FAULT] = { "fault", "the provider failed" },
};

const char *limit_cause_name(enum limit_cause c)
{
	return causes[c].name;
}

const char *limit_cause_text(enum limit_cause c)
{
	return causes[c].text;
}

/* --- header fields ------------------------------------------------------- */

static const struct {
	const char *name; /* behind UNIFIED */
	size_t at;
} windows[] = {
	{ "5h", offsetof(struct limits, h5) },
	{ "7d", offsetof(struct limits, d7) },
	{ "7d_opus", offsetof(struct limits, opus) },
	{ "7d_sonnet", offsetof(struct limits, sonnet) },
};

static const struct {
	const char *name; /* behind PER_KEY */
	size_t at;
} allowances[] = {
	{ "requests", offsetof(struct limits, requests) },
	{ "tokens", offsetof(struct limits, tokens) },
	{ "input-tokens", offsetof(struct limits, input) },
	{ "output-tokens", offsetof(struct limits, output) },
};

#define WINDOWS (sizeof(windows) / sizeof(windows[0]))
#define ALLOWANCES (sizeof(allowances) / sizeof(allowances[0]))
#define BUCKETS (WINDOWS + ALLOWANCES)

static struct window *window_at(const struct limits *l, size_t i)
{
	return (struct window *)((char *)l + windows[i].at);
}

static struct allowance *allowance_at(const struct limits *l, size_t i)
{
	return (struct allowance *)((char *)l + allowances[i].at);
}

struct source {
	limits_field_fn *field;
	const void *arg;
	char text[64]; /* of the last field */
};

/* A field's value as text, or NULL. */
static const char *get(struct source *s, const char *prefix, const char *name,
		       const char *ending)
{
	char full[96];
	struct span v;

	snprintf(full, sizeof(full), "%s%s%s", prefix, name, ending);
	v = s->field(s->arg, full);
	if (!v.n || v.n >= sizeof(s->text))
		return NULL;
	memcpy(s->text, v.p, v.n);
	s->text[v.n] = '\0';
	return s->text;
}

static bool get_number(struct source *s, const char *prefix, const char *name,
		       const char *ending, double *out)
{
	const char *v = get(s, prefix, name, ending);
	char *end;
	double d = v ? strtod(v, &end) : 0;

	if (!v || end == v || *end || !isfinite(d) || d < 0 || d > 1e15)
		return false;
	*out = d;
	return true;
}

/* Seconds since 1970, or a date as RFC 3339 has it. Without one, or with one
 * that nobody lives to see, it is reset some time, too. */
static int64_t get_time(struct source *s, const char *prefix, const char *name,
			int64_t otherwise)
{
	const char *v = get(s, prefix, name, "-reset");
	int64_t now = clock_wall_ms();
	int64_t then = v ? http_date_read(span_of(v)) : 0;

	return then && then < now + RESET_MAX_MS ? then : now + otherwise;
}

static bool take_windows(struct limits *l, struct source *s)
{
	bool any = false;
	double used;

	for (size_t i = 0; i < WINDOWS; i++) {
		struct window *w = window_at(l, i);

		if (!get_number(s, UNIFIED, windows[i].name, "-utilization",
				&used))
			continue;
		w->used = used;
		w->reset = get_time(s, UNIFIED, windows[i].name,
				    WINDOW_GUESS_MS);
		any = true;
	}
	return any;
}

static bool take_allowances(struct limits *l, struct source *s)
{
	bool any = false;
	double limit, remaining;

	for (size_t i = 0; i < ALLOWANCES; i++) {
		const char *name = allowances[i].name;

		if (!get_number(s, PER_KEY, name, "-limit", &limit) ||
		    !get_number(s, PER_KEY, name, "-remaining", &remaining))
			continue;
		*allowance_at(l, i) = (struct allowance){
			.limit = (int64_t)limit,
			.remaining = (int64_t)remaining,
			.reset = get_time(s, PER_KEY, name, KEY_GUESS_MS),
		};
		any = true;
	}
	return any;
}

static void take_word(char *out, size_t n, const char *v)
{
	if (v)
		snprintf(out, n, "%s", v);
}

bool limits_take(struct limits *l, limits_field_fn *field, const void *arg)
{
	struct source s = { .field = field, .arg = arg };
	bool any = take_windows(l, &s);
	const char *v;

	any |= take_allowances(l, &s);
	v = get(&s, UNIFIED, "", "status");
	any |= v != NULL;
	take_word(l->status, sizeof(l->status), v);
	take_word(l->claim, sizeof(l->claim),
		  get(&s, UNIFIED, "", "representative-claim"));
	v = get(&s, UNIFIED, "", "overage-in-use");
	l->overage = (v && strcasecmp(v, "true") == 0) ||
		     strcmp(l->claim, "overage") == 0;
	/* Beyond the plan, and let through all the same. */
	v = get(&s, UNIFIED, "", "overage-status");
	if (v && strncmp(v, "allowed", 7) == 0)
		l->overage |= strcmp(l->status, "rejected") == 0;
	if (any)
		l->updated_at = clock_wall_ms();
	return any;
}

/* --- what it means ------------------------------------------------------- */

enum family_kind family_of(const char *model)
{
	static const struct {
		const char *part;
		enum family_kind kind;
	} names[] = {
		{ "opus", FAMILY_OPUS },
		{ "sonnet", FAMILY_SONNET },
		{ "haiku", FAMILY_HAIKU },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(model, names[i].part))
			return names[i].kind;
	return FAMILY_OTHER;
}

/* One thing that may run out: how much is left, and when it is whole again. */
struct bucket {
	double left;
	int64_t reset;
};

double limits_used(const struct window *w, int64_t now)
{
	return w->reset > now ? w->used : 0;
}

static struct bucket window_left(const struct window *w, int64_t now)
{
	if (w->reset <= now)
		return (struct bucket){ 1, 0 };
	return (struct bucket){ w->used < 1 ? 1 - w->used : 0, w->reset };
}

static double share(const struct allowance *a)
{
	return a->limit ? (double)a->remaining / (double)a->limit : 1;
}

static struct bucket allowance_left(const struct allowance *a, int64_t now)
{
	if (!a->limit || a->reset <= now)
		return (struct bucket){ 1, 0 };
	return (struct bucket){ share(a), a->reset };
}

static struct bucket tightest(const struct limits *l, enum family_kind f,
			      int64_t now)
{
	struct bucket all[BUCKETS], least = { 1, 0 };
	size_t n = 0;

	all[n++] = window_left(&l->h5, now);
	all[n++] = window_left(&l->d7, now);
	if (f == FAMILY_OPUS)
		all[n++] = window_left(&l->opus, now);
	if (f == FAMILY_SONNET)
		all[n++] = window_left(&l->sonnet, now);
	for (size_t i = 0; i < ALLOWANCES; i++)
		all[n++] = allowance_left(allowance_at(l, i), now);
	for (size_t i = 0; i < n; i++)
		if (all[i].left < least.left ||
		    (all[i].left < EXHAUSTED && all[i].reset > least.reset))
			least = all[i];
	return least;
}

double limits_headroom(const struct limits *l, enum family_kind f, int64_t now)
{
	double left = tightest(l, f, now).left;

	return left < EXHAUSTED ? 0 : left;
}

int64_t limits_reset(const struct limits *l, enum family_kind f, int64_t now)
{
	int64_t reset = tightest(l, f, now).reset;

	return reset > now ? reset : 0;
}

enum limit_cause limits_cause(const struct limits *l, enum family_kind f,
			      int64_t now)
{
	if (l->cause && (!l->until || l->until > now))
		return l->cause;
	return limits_headroom(l, f, now) > 0 ? CAUSE_NONE : CAUSE_WINDOW;
}

/* What ends by itself soon does not take the place of what ends late, or not
 * by itself. */
static int rank(enum limit_cause c)
{
	switch (c) {
	case CAUSE_OVERAGE:
		return 3;
	case CAUSE_AUTH:
	case CAUSE_CREDIT:
		return 2;
	case CAUSE_NONE:
		return 0;
	default:
		return 1;
	}
}

bool limits_rest(struct limits *l, enum limit_cause cause, int64_t until,
		 int64_t now)
{
	bool stands = l->cause && (!l->until || l->until > now);
	bool longer = !l->until || (until && l->until > until);

	if (stands && (rank(l->cause) > rank(cause) ||
		       (rank(l->cause) == rank(cause) && longer)))
		return false;
	l->cause = cause;
	l->until = until;
	return true;
}

int64_t limits_until(const struct limits *l, enum family_kind f, int64_t now)
{
	int64_t reset = limits_headroom(l, f, now) > 0
			      ? 0
			      : limits_reset(l, f, now);

	if (l->cause && (!l->until || l->until > now))
		return l->until && l->until < reset ? reset : l->until;
	return reset;
}

/* --- the stored state ---------------------------------------------------- */

static void put_window(struct jw *w, const char *key, const struct window *v)
{
	if (!v->reset && v->used <= 0)
		return;
	jw_key(w, key);
	jw_obj(w);
	jw_key(w, "used");
	jw_double(w, v->used);
	jw_kint(w, "reset", v->reset);
	jw_obj_end(w);
}

static void put_allowance(struct jw *w, const char *key,
			  const struct allowance *v)
{
	if (!v->limit)
		return;
	jw_key(w, key);
	jw_obj(w);
	jw_kint(w, "limit", v->limit);
	jw_kint(w, "remaining", v->remaining);
	jw_kint(w, "reset", v->reset);
	jw_obj_end(w);
}

static void write_text(const struct limits *l, struct buf *out)
{
	struct jw w = jw_to(out);

	jw_obj(&w);
	jw_kint(&w, "updatedAt", l->updated_at);
	for (size_t i = 0; i < WINDOWS; i++)
		put_window(&w, windows[i].name, window_at(l, i));
	for (size_t i = 0; i < ALLOWANCES; i++)
		put_allowance(&w, allowances[i].name, allowance_at(l, i));
	jw_kcstr(&w, "status", l->status);
	jw_kcstr(&w, "claim", l->claim);
	jw_kbool(&w, "overage", l->overage);
	jw_kcstr(&w, "cause", causes[l->cause].name);
	jw_kint(&w, "until", l->until);
	jw_kcstr(&w, "sign", l->sign);
	jw_kint(&w, "refreshAfter", l->refresh_after);
	jw_obj_end(&w);
	buf_byte(out, '\n');
}

static void read_words(struct limits *l, struct json_object *o)
{
	static const struct {
		const char *key;
		size_t at, size;
	} words[] = {
		{ "status", offsetof(struct limits, status),
		  sizeof(l->status) },
		{ "claim", offsetof(struct limits, claim), sizeof(l->claim) },
		{ "sign", offsetof(struct limits, sign), sizeof(l->sign) },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		snprintf((char *)l + words[i].at, words[i].size, "%.*s",
			 SPAN_FMT(json_str(o, words[i].key)));
}

static void read_text(struct limits *l, struct json_object *o)
{
	struct span cause = json_str(o, "cause");

	memset(l, 0, sizeof(*l));
	l->updated_at = json_count(o, "updatedAt", 0);
	l->until = json_count(o, "until", 0);
	l->refresh_after = json_count(o, "refreshAfter", 0);
	l->overage = json_flag(o, "overage", false);
	for (size_t i = 0; i < WINDOWS; i++) {
		struct json_object *v = json_get(o, windows[i].name);

		window_at(l, i)->used = json_amount(v, "used", 0);
		window_at(l, i)->reset = json_count(v, "reset", 0);
	}
	for (size_t i = 0; i < ALLOWANCES; i++) {
		struct json_object *v = json_get(o, allowances[i].name);
		struct allowance *a = allowance_at(l, i);

		a->limit = json_count(v, "limit", 0);
		a->remaining = json_count(v, "remaining", 0);
		a->reset = json_count(v, "reset", 0);
	}
	for (int i = 0; i < CAUSES; i++)
		if (span_is(cause, causes[i].name))
			l->cause = (enum limit_cause)i;
	read_words(l, o);
}

static bool far(int64_t a, int64_t b, int64_t by)
{
	return a - b > by || b - a > by;
}

/* What was told of each, whatever the time. */
static void all_told(const struct limits *l, struct bucket out[BUCKETS])
{
	size_t n = 0;

	for (size_t i = 0; i < WINDOWS; i++) {
		const struct window *w = window_at(l, i);

		out[n++] = (struct bucket){ 1 - w->used, w->reset };
	}
	for (size_t i = 0; i < ALLOWANCES; i++) {
		const struct allowance *a = allowance_at(l, i);

		out[n++] = (struct bucket){ share(a), a->reset };
	}
}

/* More than shares that move: others must not miss it. */
static bool is_turn(const struct limits *was, const struct limits *now)
{
	struct bucket a[BUCKETS], b[BUCKETS];

	if (was->cause != now->cause || was->until != now->until ||
	    was->refresh_after != now->refresh_after ||
	    was->overage != now->overage || strcmp(was->status, now->status) ||
	    strcmp(was->sign, now->sign) || strcmp(was->claim, now->claim))
		return true;
	all_told(was, a);
	all_told(now, b);
	for (size_t i = 0; i < BUCKETS; i++)
		if ((a[i].left < EXHAUSTED) != (b[i].left < EXHAUSTED) ||
		    far(a[i].reset, b[i].reset, RESET_JITTER_MS))
			return true;
	return false;
}

bool limits_news(const struct limits *was, const struct limits *now)
{
	struct bucket a[BUCKETS], b[BUCKETS];

	if (far(was->updated_at, now->updated_at, FRESH_MS) ||
	    is_turn(was, now))
		return true;
	all_told(was, a);
	all_told(now, b);
	for (size_t i = 0; i < BUCKETS; i++)
		if (fabs(b[i].left - a[i].left) >= STEP)
			return true;
	return false;
}

/* The last version read of each account's file, by this process. */
static struct {
	char name[112];
	struct store_held version;
	struct limits limits;
} cache[CACHE_MAX];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t slot_of(const char *name)
{
	size_t h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h % CACHE_MAX;
}

static void file_of(const char *alias, char *out, size_t n)
{
	snprintf(out, n, "state/limits-%s.json", alias);
}

/* With the lock of the cache. What cannot be read is as good as nothing. */
static void read_cached(const char *home, const char *name, struct limits *out)
{
	size_t i = slot_of(name);
	bool same = strcmp(cache[i].name, name) == 0, fresh;
	struct json_object *o;
	struct err unused;
	struct buf text;

	if (!same)
		store_let_go(&cache[i].version);
	buf_init(&text, STORE_FILE_MAX);
	store_follow(home, name, &cache[i].version, &fresh, &text, &unused);
	if (fresh || !same) {
		o = json_read(buf_get(&text), &unused);
		read_text(&cache[i].limits, o);
		json_object_put(o);
	}
	snprintf(cache[i].name, sizeof(cache[i].name), "%s", name);
	*out = cache[i].limits;
	buf_release(&text);
}

void limits_read(const char *home, const char *alias, struct limits *out)
{
	char name[112];

	file_of(alias, name, sizeof(name));
	pthread_mutex_lock(&cache_lock);
	read_cached(home, name, out);
	pthread_mutex_unlock(&cache_lock);
}

/* `wait`: for the lock. Without it nothing is done while another has it. */
static int update(const char *home, const char *alias, bool wait,
		  limits_change_fn *change, void *arg, struct err *e)
{
	char name[112], mem[2048];
	struct buf text = { .p = mem,
			    .cap = sizeof(mem),
			    .max = sizeof(mem) - 1 };
	bool busy = false;
	struct limits l;
	int lock, rc = 0;

	file_of(alias, name, sizeof(name));
	lock = wait ? store_lock(home, name, e)
		    : store_try_lock(home, name, &busy, e);
	if (busy)
		return 0;
	if (lock < 0 && store_folder(home, "state", e) == 0)
		lock = store_lock(home, name, e);
	if (lock < 0)
		return -1;
	limits_read(home, alias, &l);
	if (change(&l, arg)) {
		write_text(&l, &text);
		rc = store_put(home, name, buf_get(&text), e);
	}
	store_unlock(lock);
	return rc;
}

int limits_update(const char *home, const char *alias, limits_change_fn *change,
		  void *arg, struct err *e)
{
	return update(home, alias, true, change, arg, e);
}

int limits_note(const char *home, const char *alias, struct limits *view,
		limits_change_fn *change, void *arg, struct err *e)
{
	struct limits was = *view;

	if (!change(view, arg))
		return 0;
	return update(home, alias, is_turn(&was, view), change, arg, e);
}
