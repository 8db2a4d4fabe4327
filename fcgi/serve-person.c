/* SPDX-License-Identifier: MIT */
/*
 * serve-person: what Claude Code asks a gateway about the person who is signed
 * in: how much of the money is used, and the settings that the owner has made
 * for all (managed-settings.json, as Claude Code has it).
 */
#include "config.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/jw.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/keys/meter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (16u << 10)
#define SETTINGS_FILE "managed-settings.json"
#define SETTINGS_MAX (4u << 20) /* bytes, with the keys sorted */
#define DEPTH_MAX 64
#define DECIMALS 25
#define CENT (QUOTA_DOLLAR / 100)
#define CAPS_MAX (2 * QUOTA_PERIODS) /* the device's and the person's */

/* --- money --------------------------------------------------------------- */

struct cap {
	enum quota_period period;
	int64_t most, spent, reset;
};

static bool is_over(const struct cap *c)
{
	return c->spent >= c->most;
}

/* As in the header fields (metered.h): what was let in is not at 100 %. */
static int64_t percent(const struct cap *c)
{
	double used = c->most ? (double)c->spent / (double)c->most : 1;
	int64_t whole = (int64_t)(used * 100 + 0.5);

	return is_over(c) || whole < 99 ? whole : 99;
}

static bool comes_first(const struct cap *a, const struct cap *b)
{
	if (is_over(a) != is_over(b))
		return is_over(a);
	if (is_over(a))
		return a->reset > b->reset;
	return (double)a->spent * (double)b->most >
	       (double)b->spent * (double)a->most;
}

static int look(const char *home, const struct key *k, struct cap *caps,
		size_t *n, struct meter_use *u, struct err *e)
{
	int64_t now = clock_wall_ms();

	if (meter_use(home, k->name, &k->quota, u, e))
		return -1;
	for (int i = 0; i < QUOTA_PERIODS; i++) {
		enum quota_period p = (enum quota_period)i;

		if (k->quota.spend[p] >= 0)
			caps[(*n)++] = (struct cap){ p, k->quota.spend[p],
						     u->spent[p],
						     quota_period_end(p, now) };
	}
	return 0;
}

static void put_cap(struct jw *w, const struct cap *c, bool active)
{
	char reset[24], iso[32];
	int64_t used = percent(c);

	quota_write_date(c->reset, reset);
	snprintf(iso, sizeof(iso), "%.19s.000Z", reset);
	jw_obj(w);
	jw_kcstr(w, "kind", "spend");
	jw_kcstr(w, "group", quota_period_adverb(c->period));
	jw_kint(w, "percent", used);
	jw_kcstr(w, "resets_at", iso);
	jw_kcstr(w, "severity",
		 used >= 95   ? "critical"
		 : used >= 75 ? "warning"
			      : "normal");
	jw_kbool(w, "is_active", active);
	jw_obj_end(w);
}

static void put_uncapped(struct jw *w, const char *name, int64_t spent)
{
	jw_key(w, name);
	jw_obj(w);
	jw_knull(w, "limit");
	jw_kint(w, "used_credits", spent / CENT);
	jw_knull(w, "utilization");
	jw_obj_end(w);
}

static void put_usage(struct jw *w, const struct cap *caps, size_t n,
		      const struct meter_use *u)
{
	const struct cap *first = n ? &caps[0] : NULL;

	for (size_t i = 1; i < n; i++)
		if (comes_first(&caps[i], first))
			first = &caps[i];
	jw_obj(w);
	jw_key(w, "extra_usage");
	jw_obj(w);
	jw_kbool(w, "is_enabled", true);
	if (first) {
		jw_kint(w, "monthly_limit", first->most / CENT);
		jw_kint(w, "used_credits", first->spent / CENT);
		jw_kint(w, "utilization", percent(first));
	} else {
		jw_knull(w, "monthly_limit");
		jw_kint(w, "used_credits", u->spent[QUOTA_MONTH] / CENT);
		jw_knull(w, "utilization");
	}
	jw_kcstr(w, "currency", "USD");
	if (!first) {
		put_uncapped(w, "daily", u->spent[QUOTA_DAY]);
		put_uncapped(w, "weekly", u->spent[QUOTA_WEEK]);
	}
	jw_obj_end(w);
	jw_key(w, "limits");
	jw_arr(w);
	for (size_t i = 0; i < n; i++)
		put_cap(w, &caps[i], &caps[i] == first);
	jw_arr_end(w);
	jw_obj_end(w);
}

int serve_usage(struct request *r, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	struct meter_use used = { .spent = { 0 } }, persons;
	struct cap caps[CAPS_MAX];
	size_t n = 0;
	struct buf out;
	struct jw w = jw_to(&out);

	if (r->key && look(home, r->key, caps, &n, &used, e))
		return -1;
	if (r->key && r->key->person &&
	    look(home, r->key->person, caps, &n, &persons, e))
		return -1;
	buf_init(&out, ANSWER_MAX);
	put_usage(&w, caps, n, &used);
	reply_field(r, "Cache-Control", SPAN("no-store"));
	reply_json(r, 200, buf_get(&out));
	buf_release(&out);
	return 0;
}

/* --- settings ------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_sorted(struct buf *out, struct json_object *v, int depth);

static void put_members(struct buf *out, struct json_object *o, int depth)
{
	size_t n = (size_t)json_object_object_length(o), i = 0;
	const char **names = xcalloc(n + 1, sizeof(*names));

	json_object_object_foreach(o, name, value)
	{
		(void)value;
		names[i++] = name;
	}
	qsort(names, n, sizeof(*names), by_name);
	buf_byte(out, '{');
	for (i = 0; i < n; i++) {
		struct json_object *text = json_object_new_string(names[i]);

		buf_str(out, i ? "," : "");
		put_sorted(out, text, depth);
		buf_byte(out, ':');
		put_sorted(out, json_get(o, names[i]), depth);
		json_object_put(text);
	}
	buf_byte(out, '}');
	free(names);
}

/* As JavaScript has it, whichever way it stands in the file: 1.0 is 1, 1.50 is
 * 1.5, 1e3 is 1000. False: beyond what it writes without an exponent. */
static bool put_number(struct buf *out, double v)
{
	double size = fabs(v);
	char text[64];

	if (size != 0 && !(size >= 1e-6 && size < 1e21))
		return false;
	for (int places = 0; places <= DECIMALS; places++) {
		snprintf(text, sizeof(text), "%.*f", places, size);
		if (strtod(text, NULL) >= size && strtod(text, NULL) <= size)
			break;
	}
	buf_fmt(out, "%s%s", v < 0 ? "-" : "", text);
	return true;
}

/* As the client writes it to take its hash: no blanks, no escaped slashes. */
static void put_sorted(struct buf *out, struct json_object *v, int depth)
{
	const int flags = JSON_C_TO_STRING_PLAIN |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	if (depth == DEPTH_MAX) {
		buf_starve(out);
	} else if (json_object_is_type(v, json_type_object)) {
		put_members(out, v, depth + 1);
	} else if (json_object_is_type(v, json_type_array)) {
		buf_byte(out, '[');
		for (size_t i = 0; i < json_length(v); i++) {
			buf_str(out, i ? "," : "");
			put_sorted(out, json_at(v, i), depth + 1);
		}
		buf_byte(out, ']');
	} else if (!json_object_is_type(v, json_type_double) ||
		   !put_number(out, json_object_get_double(v))) {
		const char *text = json_object_to_json_string_ext(v, flags);

		if (text)
			buf_str(out, text);
		else
			buf_starve(out);
	}
}

/* A list of entity tags, as it came: it has ours or an asterisk in it. */
static bool matches(const char *list, const char *tag)
{
	return list && (strstr(list, tag) || strcmp(list, "*") == 0);
}

static int show_settings(struct request *r, const struct buf *settings,
			 struct err *e)
{
	char hex[2 * DIGEST_SHA256_BYTES + 1];
	const char *sum, *tag;
	struct buf out;
	struct jw w = jw_to(&out);

	if (settings->full)
		return err_set(e, ERR_CONFIG,
			       SETTINGS_FILE ": too large, or nested deeper "
					     "than %d levels",
			       DEPTH_MAX);
	digest_hex(buf_get(settings), hex, sizeof(hex));
	sum = arena_fmt(r->arena, "sha256:%s", hex);
	tag = arena_fmt(r->arena, "\"%s\"", sum);
	reply_field(r, "ETag", span_of(tag));
	if (matches(r->vars.if_none_match, tag)) {
		reply_head(r, 304);
		return 0;
	}
	buf_init(&out, SETTINGS_MAX + ANSWER_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "uuid", sum);
	jw_kcstr(&w, "checksum", sum);
	jw_key(&w, "settings");
	jw_raw(&w, buf_get(settings));
	jw_obj_end(&w);
	reply_json(r, 200, buf_get(&out));
	buf_release(&out);
	return 0;
}

int serve_managed_settings(struct request *r, struct err *e)
{
	struct json_object *file;
	struct buf settings;
	int rc = json_load(snapshot_home(r->app->config), SETTINGS_FILE, &file,
			   e);

	if (rc < 0)
		return -1;
	if (rc > 0)
		return err_set(e, ERR_NOT_FOUND,
			       "the owner of this router has made no settings "
			       "for Claude Code: they would be in "
			       "~/.dario/" SETTINGS_FILE);
	buf_init(&settings, SETTINGS_MAX);
	if (json_object_is_type(file, json_type_object))
		put_sorted(&settings, file, 0);
	if (settings.n)
		rc = show_settings(r, &settings, e);
	else
		rc = err_set(e, ERR_CONFIG,
			     SETTINGS_FILE ": not a JSON object");
	buf_release(&settings);
	json_object_put(file);
	return rc;
}
