/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/key-show.h"

#include "base/clock.h"
#include "cli/say.h"
#include "state/keys/meter.h"

#include <stdio.h>

static const char *state_of(const struct key *k)
{
	if (k->wrong)
		return "wrong file";
	if (k->disabled)
		return "disabled";
	return k->expires && k->expires <= clock_wall_ms() ? "expired"
							   : "active";
}

static void put_date(struct jw *w, const char *name, int64_t ms)
{
	char text[24];

	quota_write_date(ms, text);
	jw_kcstr(w, name, ms ? text : NULL);
}

/* All nine places: it is money. */
static void put_dollars(struct jw *w, const char *name, int64_t v)
{
	char text[40];

	snprintf(text, sizeof(text), "%lld.%09lld",
		 (long long)(v / QUOTA_DOLLAR), (long long)(v % QUOTA_DOLLAR));
	jw_kcstr(w, name, text);
}

static void put_use(struct jw *w, const char *home, const struct key *k)
{
	struct meter_use u;
	struct err unused;

	jw_key(w, "used");
	if (meter_use(home, k->name, &k->quota, &u, &unused)) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	jw_key(w, "spend");
	jw_obj(w);
	for (int p = 0; p < QUOTA_PERIODS; p++)
		put_dollars(w, quota_period_name((enum quota_period)p),
			    u.spent[p]);
	jw_obj_end(w);
	put_dollars(w, "reserved", u.reserved);
	jw_kint(w, "running", u.running);
	jw_kint(w, "requests", u.requests);
	jw_kint(w, "tokens", u.tokens);
	jw_obj_end(w);
}

void key_show_json(struct jw *w, const char *home, const struct key *k)
{
	jw_obj(w);
	jw_kcstr(w, "name", k->name);
	jw_kcstr(w, "state", state_of(k));
	put_date(w, "created", k->created);
	put_date(w, "expires", k->expires);
	jw_key(w, "models");
	jw_arr(w);
	for (size_t i = 0; i < k->n_models; i++)
		jw_str(w, span_of(k->models[i]));
	jw_arr_end(w);
	quota_put(w, &k->quota);
	if (k->priority >= 0)
		jw_kint(w, "priority", k->priority);
	else
		jw_knull(w, "priority");
	jw_kbool(w, "to", k->to);
	put_use(w, home, k);
	jw_obj_end(w);
}

static void add_limit(struct buf *out, const char *what, struct buf *text)
{
	if (text->n)
		buf_fmt(out, "  %s %s", what, buf_cstr(text));
	buf_reset(text);
}

static bool has_spent(const struct meter_use *u)
{
	return u->spent[QUOTA_DAY] || u->spent[QUOTA_WEEK] ||
	       u->spent[QUOTA_MONTH];
}

void key_show_line(const char *home, const struct key *k)
{
	struct buf out, text;
	struct meter_use u;
	struct err unused;
	char date[24];

	buf_init(&out, 8192);
	buf_init(&text, 8192);
	quota_write_spend(&k->quota, &text);
	add_limit(&out, "spend", &text);
	quota_write_window(&k->quota.rate, &text);
	add_limit(&out, "rate", &text);
	quota_write_window(&k->quota.tokens, &text);
	add_limit(&out, "tokens", &text);
	if (k->quota.parallel)
		buf_fmt(&out, "  parallel %lld", (long long)k->quota.parallel);
	if (k->priority >= 0)
		buf_fmt(&out, "  priority %ld", k->priority);
	if (k->to)
		buf_str(&out, "  /to/");
	for (size_t i = 0; i < k->n_models; i++)
		buf_fmt(&out, "%s%s", i ? "," : "  models ", k->models[i]);
	if (meter_use(home, k->name, &k->quota, &u, &unused) == 0 &&
	    (quota_limits_spend(&k->quota) || has_spent(&u)))
		buf_fmt(&out,
			"  spent %.2f today, %.2f this week, %.2f this "
			"month",
			(double)u.spent[QUOTA_DAY] / QUOTA_DOLLAR,
			(double)u.spent[QUOTA_WEEK] / QUOTA_DOLLAR,
			(double)u.spent[QUOTA_MONTH] / QUOTA_DOLLAR);
	quota_write_date(k->expires, date);
	if (k->expires)
		buf_fmt(&out, "  expires %s", date);
	say_line(4, "%-24s %-10s%s", k->name, state_of(k), buf_cstr(&out));
	buf_release(&out);
	buf_release(&text);
}
