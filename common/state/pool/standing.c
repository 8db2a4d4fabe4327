/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/standing.h"

#include "base/json.h"
#include "base/jw.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS 512

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of standings */
static pthread_mutex_t chains_lock = PTHREAD_MUTEX_INITIALIZER;
static struct known {
	struct known *next;
	char *home, *name;
	struct standing standing;
} * chains[CHAINS];

static size_t chain_of(const char *name)
{
	size_t h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h % CHAINS;
}

struct standing *standing_of(const char *home, const char *name)
{
	char entry[SHARED_NAME_MAX];
	size_t i = chain_of(name);
	struct known *k;

	pthread_mutex_lock(&chains_lock);
	for (k = chains[i]; k; k = k->next)
		if (strcmp(k->name, name) == 0 && strcmp(k->home, home) == 0)
			break;
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->home = xstrdup(home);
		k->name = xstrdup(name);
		snprintf(entry, sizeof(entry), "limits-%.140s", name);
		k->standing.entry = shared_entry(home, entry);
		snprintf(entry, sizeof(entry), "trial-%.140s", name);
		k->standing.trial = shared_entry(home, entry);
		k->next = chains[i];
		chains[i] = k;
	}
	pthread_mutex_unlock(&chains_lock);
	return &k->standing;
}

void standing_forget(const char *home)
{
	pthread_mutex_lock(&chains_lock);
	for (size_t i = 0; i < CHAINS; i++)
		for (struct known **p = &chains[i], *k; (k = *p);) {
			if (strcmp(k->home, home)) {
				p = &k->next;
				continue;
			}
			*p = k->next;
			free(k->home);
			free(k->name);
			free(k);
		}
	pthread_mutex_unlock(&chains_lock);
}

void standing_hold(void)
{
	pthread_mutex_lock(&lock);
}

void standing_release(void)
{
	pthread_mutex_unlock(&lock);
}

/* --- as text ------------------------------------------------------------- */

static const char *const meter_names[METER_KINDS] = {
	[METER_REQUESTS] = "requests",
	[METER_TOKENS] = "tokens",
	[METER_INPUT] = "input-tokens",
	[METER_OUTPUT] = "output-tokens",
};

static void put_window(struct jw *w, const struct window *v)
{
	jw_name(w, span_of(v->name));
	jw_obj(w);
	jw_key(w, "used");
	jw_double(w, v->used);
	jw_kint(w, "reset", v->reset);
	jw_obj_end(w);
}

static void put_meter(struct jw *w, const struct meter *m)
{
	jw_obj(w);
	jw_kcstr(w, "family", m->family);
	jw_kint(w, "updatedAt", m->updated_at);
	for (size_t k = 0; k < METER_KINDS; k++) {
		if (!m->of[k].limit)
			continue;
		jw_key(w, meter_names[k]);
		jw_obj(w);
		jw_kint(w, "limit", m->of[k].limit);
		jw_kint(w, "remaining", m->of[k].remaining);
		jw_kint(w, "reset", m->of[k].reset);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static void put_lists(struct jw *w, const struct limits *l)
{
	jw_key(w, "meters");
	jw_arr(w);
	for (size_t i = 0; i < METERS_MAX; i++)
		if (l->meters[i].updated_at)
			put_meter(w, &l->meters[i]);
	jw_arr_end(w);
	jw_key(w, "links");
	jw_arr(w);
	for (size_t i = 0; i < LINKS_MAX && l->links[i].window[0]; i++) {
		jw_obj(w);
		jw_kcstr(w, "window", l->links[i].window);
		jw_kcstr(w, "family", l->links[i].family);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_key(w, "rests");
	jw_arr(w);
	for (size_t i = 0; i < RESTS_MAX; i++) {
		if (!l->rests[i].cause)
			continue;
		jw_obj(w);
		jw_kcstr(w, "what", l->rests[i].what);
		jw_kcstr(w, "cause", limit_cause_name(l->rests[i].cause));
		jw_kint(w, "until", l->rests[i].until);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static enum limit_cause cause_of(struct span name)
{
	for (int i = 0; i < CAUSES; i++)
		if (span_is(name, limit_cause_name((enum limit_cause)i)))
			return (enum limit_cause)i;
	return CAUSE_NONE;
}

/* Hosts may have different versions: what only a newer one knows stays. A
 * window is known by its "used". */
static bool is_ours(const char *name, struct json_object *value)
{
	static const char *const names[] = {
		"updatedAt", "sign",  "status", "claim",  "overage",
		"cause",     "until", "cost",   "meters", "refreshAfter",
		"failures",  "links", "rests",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return json_get(value, "used");
}

static void put_others(struct jw *w, struct json_object *was)
{
	if (!json_object_is_type(was, json_type_object))
		return;
	json_object_object_foreach(was, name, value)
	{
		if (is_ours(name, value))
			continue;
		jw_name(w, span_of(name));
		jw_raw(w, json_text(value));
	}
}

/* The windows stand among the other keys, by their names. */
static void write_text(const struct limits *l, struct json_object *was,
		       struct buf *out)
{
	struct jw w = jw_to(out);

	jw_obj(&w);
	jw_kint(&w, "updatedAt", l->updated_at);
	jw_kcstr(&w, "sign", l->sign);
	jw_kcstr(&w, "status", l->status);
	jw_kcstr(&w, "claim", l->claim);
	jw_kbool(&w, "overage", l->overage);
	jw_kcstr(&w, "cause", limit_cause_name(l->cause));
	jw_kint(&w, "until", l->until);
	jw_kint(&w, "refreshAfter", l->refresh_after);
	jw_kint(&w, "failures", l->failures);
	jw_key(&w, "cost");
	jw_double(&w, l->cost);
	for (size_t i = 0; i < WINDOWS_MAX && l->windows[i].name[0]; i++)
		put_window(&w, &l->windows[i]);
	put_lists(&w, l);
	put_others(&w, was);
	jw_obj_end(&w);
	buf_byte(out, '\n');
}

static void read_windows(struct limits *l, struct json_object *o)
{
	/* A text of before windows were learnt has them by name. */
	bool by_name = !json_get(o, "links");

	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, name, v)
	{
		struct window w = { .used = json_amount(v, "used", 0),
				    .reset = json_count(v, "reset", 0) };

		if (!json_get(v, "used") || !*name ||
		    strlen(name) >= LIMIT_NAME_MAX)
			continue;
		strcpy(w.name, name);
		limits_put_window(l, &w);
		if (by_name && strncmp(name, "7d_", 3) == 0)
			limits_link(l, name, name + 3);
	}
}

static void read_meters(struct limits *l, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list) && i < METERS_MAX; i++) {
		struct json_object *o = json_at(list, i);
		struct meter *m = &l->meters[i];

		span_text(m->family, sizeof(m->family), json_str(o, "family"));
		m->updated_at = json_count(o, "updatedAt", 0);
		for (size_t k = 0; k < METER_KINDS; k++) {
			struct json_object *v = json_get(o, meter_names[k]);

			m->of[k].limit = json_count(v, "limit", 0);
			m->of[k].remaining = json_count(v, "remaining", 0);
			m->of[k].reset = json_count(v, "reset", 0);
		}
	}
}

static void read_rests(struct limits *l, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list) && i < RESTS_MAX; i++) {
		struct json_object *o = json_at(list, i);
		struct rest *r = &l->rests[i];

		span_text(r->what, sizeof(r->what), json_str(o, "what"));
		r->cause = cause_of(json_str(o, "cause"));
		r->until = json_count(o, "until", 0);
	}
}

static void read_limits(struct limits *l, struct json_object *o)
{
	struct json_object *links = json_get(o, "links");

	memset(l, 0, sizeof(*l));
	if (!o)
		return;
	l->updated_at = json_count(o, "updatedAt", 0);
	l->until = json_count(o, "until", 0);
	l->refresh_after = json_count(o, "refreshAfter", 0);
	l->failures = json_count(o, "failures", 0);
	limits_spent(l, json_amount(o, "cost", 0));
	l->overage = json_flag(o, "overage", false);
	l->cause = cause_of(json_str(o, "cause"));
	span_text(l->sign, sizeof(l->sign), json_str(o, "sign"));
	span_text(l->status, sizeof(l->status), json_str(o, "status"));
	span_text(l->claim, sizeof(l->claim), json_str(o, "claim"));
	read_windows(l, o);
	read_meters(l, json_get(o, "meters"));
	read_rests(l, json_get(o, "rests"));
	for (size_t i = 0; i < json_length(links) && i < LINKS_MAX; i++) {
		char window[LIMIT_NAME_MAX], family[LIMIT_MODEL_MAX];

		span_text(window, sizeof(window),
			  json_str(json_at(links, i), "window"));
		span_text(family, sizeof(family),
			  json_str(json_at(links, i), "family"));
		if (*window)
			limits_link(l, window, family);
	}
}

/* What cannot be read is as good as nothing. The tree is the caller's. */
static struct json_object *read_text(struct limits *l, struct span text)
{
	struct err unused;
	struct json_object *o = text.n ? json_read(text, &unused) : NULL;

	read_limits(l, o);
	return o;
}

/* --- reading and changing ------------------------------------------------ */

const struct limits *standing_limits(struct standing *s)
{
	uint64_t version = shared_version(s->entry);
	struct err unused;
	struct buf text;
	int rc;

	if (version == s->version)
		return &s->limits;
	buf_init(&text, SHARED_TEXT_MAX);
	rc = shared_read(s->entry, &text, &unused);
	if (rc < 0) {
		buf_release(&text);
		return &s->limits; /* as they were: they are read anew */
	}
	if (rc)
		buf_reset(&text); /* as good as nothing */
	json_object_put(read_text(&s->limits, buf_get(&text)));
	buf_release(&text);
	s->version = version;
	return &s->limits;
}

void limits_read(const char *home, const char *name, struct limits *out)
{
	shared_sync(home);
	limits_seen(home, name, out);
}

void limits_seen(const char *home, const char *name, struct limits *out)
{
	struct standing *s = standing_of(home, name);

	standing_hold();
	*out = *standing_limits(s);
	standing_release();
}

struct change {
	limits_change_fn *fn;
	void *arg;
};

static bool change_text(void *arg, struct span was, struct buf *now)
{
	struct change *c = arg;
	struct limits l;
	struct json_object *o = read_text(&l, was);
	bool any = c->fn(&l, c->arg);

	if (any)
		write_text(&l, o, now);
	json_object_put(o);
	return any;
}

bool limits_merge(void *arg, struct span was, struct buf *now)
{
	struct span other = *(struct span *)arg;
	struct limits ours, theirs;

	json_object_put(read_text(&ours, was));
	json_object_put(read_text(&theirs, other));
	if (was.n && ours.updated_at >= theirs.updated_at)
		return false;
	buf_span(now, other);
	return true;
}

int limits_update(const char *home, const char *name, limits_change_fn *change,
		  void *arg, struct err *e)
{
	struct change c = { change, arg };

	return shared_update(standing_of(home, name)->entry, change_text, &c,
			     e);
}

int limits_note(const char *home, const char *name, struct limits *view,
		limits_change_fn *change, void *arg, struct err *e)
{
	struct change c = { change, arg };
	struct limits was = *view;
	struct standing *s;

	if (!change(view, arg))
		return 0;
	s = standing_of(home, name);
	if (limits_is_turn(&was, view))
		return shared_update(s->entry, change_text, &c, e);
	return shared_try_update(s->entry, change_text, &c, e);
}

static bool forget(struct limits *l, void *arg)
{
	(void)arg;
	limits_clear(l);
	return true;
}

void limits_remove(const char *home, const char *name)
{
	shared_remove(standing_of(home, name)->entry);
}

int limits_forget(const char *home, const char *name, struct err *e)
{
	return limits_update(home, name, forget, NULL, e);
}
