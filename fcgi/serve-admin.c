/* SPDX-License-Identifier: MIT */
/*
 * serve-admin: spend limits over HTTP, as Anthropic's Admin API has them, for
 * the owner. They are those of `dario key`: each sum in a key's file is one
 * limit, and so is each period that is said to have none, of the person whose
 * name is its user_id; its id is a hash of both.
 * Money is in cents, as decimal text.
 */
#include "config.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/jw.h"
#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/keys/key-audit.h"
#include "state/keys/key-edit.h"
#include "state/keys/meter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "/organizations/spend_limits/"
#define ANSWER_MAX (16u << 20)
#define BODY_MAX (64u << 10)
#define CENT (QUOTA_DOLLAR / 100)
#define ID_BYTES 29 /* spl_ and 24 characters */
#define USERS_MAX 100
#define LIMIT_MAX 1000

static const char *home_of(const struct request *r)
{
	return snapshot_home(r->app->config);
}

static int bad(struct err *e, const char *param, const char *what)
{
	err_set(e, ERR_BAD_REQUEST, "%s: %s", param, what);
	snprintf(e->param, sizeof(e->param), "%s", param);
	return -1;
}

static int done(struct request *r, struct buf *out)
{
	reply_field(r, r->dialect->request_id_header, span_of(r->id));
	reply_field(r, "Cache-Control", SPAN("no-store"));
	reply_json(r, 200, buf_get(out));
	buf_release(out);
	return 0;
}

/* --- one limit ----------------------------------------------------------- */

static void make_id(const char *name, enum quota_period p, char out[ID_BYTES])
{
	char text[KEY_NAME_MAX + 32];

	snprintf(text, sizeof(text), "spend limit %s %s", quota_period_name(p),
		 name);
	memcpy(out, "spl_", 4);
	digest_base62(span_of(text), out + 4, ID_BYTES - 4);
}

static bool read_period(const char *text, enum quota_period *out)
{
	for (int p = 0; p < QUOTA_PERIODS; p++)
		if (strcmp(text, quota_period_adverb((enum quota_period)p)) ==
		    0) {
			*out = (enum quota_period)p;
			return true;
		}
	return false;
}

static void put_cents(struct jw *w, const char *name, int64_t nano)
{
	char text[40];
	size_t n;

	if (nano < 0) {
		jw_knull(w, name);
		return;
	}
	n = (size_t)snprintf(text, sizeof(text), "%lld.%07lld",
			     (long long)(nano / CENT),
			     (long long)(nano % CENT));
	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	jw_kstr(w, name, (struct span){ text, n });
}

static void put_date(struct jw *w, const char *name, int64_t ms)
{
	char text[24];

	quota_write_date(ms, text);
	jw_kcstr(w, name, text);
}

static void put_scope(struct jw *w, const char *member, const char *user)
{
	jw_key(w, member);
	jw_obj(w);
	jw_kcstr(w, "type", "user");
	jw_kcstr(w, "user_id", user);
	jw_obj_end(w);
}

static void put_limit(struct jw *w, const char *home, const struct key *k,
		      enum quota_period p, int64_t most)
{
	char id[ID_BYTES], file[KEY_FILE_BYTES];
	struct store_sign sign;

	make_id(k->name, p, id);
	key_file(k->name, file);
	store_sign(home, file, &sign);
	jw_obj(w);
	jw_kcstr(w, "type", "spend_limit");
	jw_kcstr(w, "id", id);
	put_date(w, "created_at", k->created ? k->created : sign.sec * 1000);
	put_date(w, "updated_at", sign.sec * 1000);
	put_scope(w, "scope", k->name);
	put_cents(w, "amount", most);
	jw_kcstr(w, "currency", "USD");
	jw_kcstr(w, "period", quota_period_adverb(p));
	jw_obj_end(w);
}

/* --- all of them --------------------------------------------------------- */

struct limit {
	const struct key *key;
	enum quota_period period;
	char id[ID_BYTES];
};

/* A limit that is null is one, too. */
static bool is_set(const struct key *k, int p)
{
	return !k->wrong && (k->quota.spend[p] >= 0 || k->unlimited[p]);
}

/* By name of the key, then by period; room for all is there. */
static size_t all_limits(const struct keys *all, struct limit *out)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		for (int p = 0; p < QUOTA_PERIODS; p++) {
			if (!is_set(&all->list[i], p))
				continue;
			out[n].key = &all->list[i];
			out[n].period = (enum quota_period)p;
			make_id(all->list[i].name, out[n].period, out[n].id);
			n++;
		}
	return n;
}

static struct limit *limits_of(struct request *r, size_t *n)
{
	const struct keys *all = &r->config->keys;
	struct limit *list = arena_take(r->arena, (all->n * QUOTA_PERIODS + 1) *
							  sizeof(*list));

	*n = all_limits(all, list);
	return list;
}

static const struct limit *find(const struct limit *list, size_t n,
				const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].id, id) == 0)
			return &list[i];
	return NULL;
}

static int read_count(struct request *r, long preset, long *out, struct err *e)
{
	char text[16], *end;

	*out = preset;
	if (!query_get(r->vars.query, "limit", text, sizeof(text)))
		return 0;
	*out = strtol(text, &end, 10);
	if (end == text || *end || *out < 1 || *out > LIMIT_MAX)
		return bad(e, "limit", "must be between 1 and 1000");
	return 0;
}

/* The window [*from, *to) that the cursors ask for. */
static int page_of(struct request *r, const struct limit *list, size_t n,
		   size_t *from, size_t *to, struct err *e)
{
	char after[64] = "", before[64] = "", page[64] = "";
	const struct limit *at;
	long count;

	query_get(r->vars.query, "after_id", after, sizeof(after));
	query_get(r->vars.query, "before_id", before, sizeof(before));
	query_get(r->vars.query, "page", page, sizeof(page));
	if (read_count(r, 20, &count, e))
		return -1;
	if (*after && *before)
		return bad(e, "after_id", "not together with before_id");
	if (*page && (*after || *before))
		return bad(e, "page", "not together with an id");
	if (*page && !find(list, n, page))
		return bad(e, "page", "this is none that was given out");
	if (*page)
		memcpy(after, page, sizeof(after));
	at = find(list, n, *after ? after : before);
	if ((*after || *before) && !at)
		return bad(e, *after ? "after_id" : "before_id",
			   "no spend limit has this id");
	*from = *after ? (size_t)(at - list) + 1 : 0;
	*to = *before ? (size_t)(at - list) : n;
	if (*to - *from > (size_t)count) {
		if (*before)
			*from = *to - (size_t)count;
		else
			*to = *from + (size_t)count;
	}
	return 0;
}

/* scope_type, once or as a list: users, or nothing, is among them. */
static bool wants_users(const char *query)
{
	struct span rest = span_of(query);
	bool any = false;

	while (rest.n) {
		struct span value = span_cut(&rest, '&');
		struct span key = span_cut(&value, '=');

		if (!span_starts(key, "scope_type"))
			continue;
		if (span_is(value, "user"))
			return true;
		any = true;
	}
	return !any;
}

static int list_limits(struct request *r, struct err *e)
{
	char before[64] = "";
	size_t n, from = 0, to = 0;
	struct limit *list = limits_of(r, &n);
	struct buf out;
	struct jw w = jw_to(&out);

	query_get(r->vars.query, "before_id", before, sizeof(before));
	if (!wants_users(r->vars.query))
		n = 0; /* of groups and all together there are none */
	if (page_of(r, list, n, &from, &to, e))
		return -1;
	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_key(&w, "data");
	jw_arr(&w);
	for (size_t i = from; i < to; i++)
		put_limit(&w, home_of(r), list[i].key, list[i].period,
			  list[i].key->quota.spend[list[i].period]);
	jw_arr_end(&w);
	jw_kbool(&w, "has_more", *before ? from > 0 : to < n);
	jw_kcstr(&w, "first_id", from < to ? list[from].id : NULL);
	jw_kcstr(&w, "last_id", from < to ? list[to - 1].id : NULL);
	/* Clients that know pages by this alone. */
	jw_kcstr(&w, "next_page", from < to && to < n ? list[to - 1].id : NULL);
	jw_obj_end(&w);
	return done(r, &out);
}

/* --- changes ------------------------------------------------------------- */

struct wish {
	const char *user;
	enum quota_period period;
	int64_t most; /* -1: none; or KEY_EDIT_NULL */
};

static int read_amount(struct json_object *body, int64_t *out, struct err *e)
{
	struct span text = json_str(body, "amount");

	*out = KEY_EDIT_NULL;
	/* Who leaves it out has not asked for a limit to go. */
	if (json_object_is_type(body, json_type_object) &&
	    json_object_object_get_ex(body, "amount", NULL) &&
	    !json_get(body, "amount"))
		return 0;
	for (size_t i = 0; i < text.n; i++)
		if (!isdigit((unsigned char)text.p[i]))
			text.n = 0;
	if (!text.n || text.n > 11)
		return bad(e, "amount",
			   "must be cents as text, such as \"500\", or null");
	*out = strtoll(text.p, NULL, 10) * CENT;
	return 0;
}

static int read_wish(struct json_object *body, struct wish *out, struct err *e)
{
	struct json_object *scope = json_get(body, "scope");
	struct span type = json_str(scope, "type");
	const char *period = json_cstr(body, "period");

	out->user = json_cstr(scope, "user_id");
	if (out->user && strlen(out->user) != json_str(scope, "user_id").n)
		out->user = ""; /* there is a NUL in it */
	out->period = QUOTA_MONTH;
	if (span_is(type, "organization") || span_is(type, "rbac_group"))
		return bad(e, "scope.type",
			   "this router keeps limits of single keys: use "
			   "user, with a name of dario key list as user_id");
	if (!span_is(type, "user") || !out->user)
		return bad(e, "scope",
			   "must be {\"type\":\"user\",\"user_id\":NAME}");
	if (json_get(body, "period") &&
	    !(period && read_period(period, &out->period)))
		return bad(e, "period", "must be daily, weekly or monthly");
	if (json_get(body, "currency") &&
	    !span_is(json_str(body, "currency"), "USD"))
		return bad(e, "currency", "must be USD");
	return read_amount(body, &out->most, e);
}

static int change(struct request *r, const struct wish *wish, struct err *e)
{
	struct key_edit x;
	int rc = key_edit_begin(&x, home_of(r), wish->user, "owner", e);

	if (rc == 0)
		rc = key_edit_load(&x, e);
	if (rc == 0)
		rc = key_edit_spend(&x, wish->period, wish->most, e);
	if (rc == 0)
		rc = key_edit_save(&x, e);
	return key_edit_end(&x, "change", rc, e);
}

static int create_limit(struct request *r, struct json_object *body,
			struct err *e)
{
	const struct key *k;
	struct wish wish;
	struct buf out;
	struct jw w = jw_to(&out);

	if (read_wish(body, &wish, e))
		return -1;
	k = key_good_name(wish.user) ? keys_named(&r->config->keys, wish.user)
				     : NULL;
	if (!k)
		return err_set(
			e, ERR_NOT_FOUND,
			"scope.user_id: there is no key %.80s: dario key "
			"add makes one",
			wish.user);
	if (change(r, &wish, e))
		return -1;
	buf_init(&out, ANSWER_MAX);
	put_limit(&w, home_of(r), k, wish.period, wish.most);
	return done(r, &out);
}

int serve_spend_limits(struct request *r, struct err *e)
{
	struct json_object *body;
	bool whole;
	int rc;

	if (strcmp(r->vars.method, "POST"))
		return list_limits(r, e);
	if (request_hold_body(r, BODY_MAX, &whole, e))
		return -1;
	if (!whole)
		return err_set(e, ERR_TOO_BIG, "the body is larger than %u KiB",
			       BODY_MAX >> 10);
	body = json_read(buf_get(&r->body), e);
	if (!body)
		return -1;
	rc = create_limit(r, body, e);
	json_object_put(body);
	return rc;
}

int serve_spend_limit(struct request *r, struct err *e)
{
	const char *id = r->path + strlen(PATH);
	size_t n;
	struct limit *list = limits_of(r, &n);
	const struct limit *l = find(list, n, id);
	struct wish wish = { .most = -1 };
	struct buf out;
	struct jw w = jw_to(&out);

	if (!l)
		return err_set(e, ERR_NOT_FOUND,
			       "there is no spend limit %.40s", id);
	wish.user = l->key->name;
	wish.period = l->period;
	if (strcmp(r->vars.method, "DELETE") == 0) {
		if (change(r, &wish, e))
			return -1;
		buf_init(&out, ANSWER_MAX);
		jw_obj(&w);
		jw_kcstr(&w, "type", "spend_limit_deleted");
		jw_kcstr(&w, "id", l->id);
		jw_obj_end(&w);
	} else {
		buf_init(&out, ANSWER_MAX);
		put_limit(&w, home_of(r), l->key, l->period,
			  l->key->quota.spend[l->period]);
	}
	return done(r, &out);
}

/* --- what is in force, and what is spent --------------------------------- */

struct row {
	const struct key *key;
	struct meter_use use;
};

struct effective {
	bool periods[QUOTA_PERIODS], any_period;
	const char *users[USERS_MAX];
	size_t n_users;
	char part[257];
	bool by_spend;
	long count;
	size_t from;
};

/* Each value of a member such as period[], whose brackets may be encoded. */
typedef int value_fn(struct effective *q, const char *value, struct err *e);

static int each_value(struct request *r, struct effective *q, const char *name,
		      value_fn *fn, struct err *e)
{
	struct span rest = span_of(r->vars.query);
	char value[KEY_NAME_MAX + 2];

	while (rest.n) {
		struct span piece = span_cut(&rest, '&');
		struct span key = span_cut(&piece, '=');
		const char *one;

		if (!span_starts(key, name))
			continue;
		key = span_skip(key, strlen(name));
		if (!span_is(key, "[]") && !span_ieq(key, "%5b%5d"))
			continue;
		one = arena_fmt(r->arena, "v=%.*s", SPAN_FMT(piece));
		if (!query_get(one, "v", value, sizeof(value)))
			return bad(e, name, "a value is too long");
		if (fn(q, arena_str(r->arena, span_of(value)), e))
			return -1;
	}
	return 0;
}

static int take_period(struct effective *q, const char *value, struct err *e)
{
	enum quota_period p;

	if (!read_period(value, &p))
		return bad(e, "period[]",
			   "must be one of daily, weekly, monthly");
	q->any_period = q->periods[p] = true;
	return 0;
}

static int take_user(struct effective *q, const char *value, struct err *e)
{
	if (q->n_users == USERS_MAX)
		return bad(e, "user_ids[]", "at most 100 a request");
	q->users[q->n_users++] = value;
	return 0;
}

static int read_effective(struct request *r, struct effective *q, struct err *e)
{
	const char *query = r->vars.query;
	char text[32] = "", page[24] = "0", *end;
	size_t wanted = 0;

	memset(q, 0, sizeof(*q));
	if (read_count(r, 20, &q->count, e) ||
	    each_value(r, q, "period", take_period, e) ||
	    each_value(r, q, "user_ids", take_user, e))
		return -1;
	for (int p = 0; p < QUOTA_PERIODS; p++) {
		q->periods[p] |= !q->any_period;
		wanted += q->periods[p];
	}
	query_get(query, "q", q->part, sizeof(q->part));
	query_get(query, "page", page, sizeof(page));
	q->from = strtoul(page, &end, 10);
	if (*end || !isdigit((unsigned char)*page) || q->from > KEYS_MAX)
		return bad(e, "page", "this is none that was given out");
	q->by_spend = query_get(query, "sort", text, sizeof(text));
	if (q->by_spend && strcmp(text, "spend_desc"))
		return bad(e, "sort", "must be spend_desc");
	if (q->by_spend && wanted != 1)
		return bad(e, "sort", "spend_desc needs exactly one period[]");
	return 0;
}

static bool is_wanted(const struct effective *q, const struct key *k)
{
	bool named = !q->n_users;

	for (size_t i = 0; i < q->n_users; i++)
		named |= strcmp(q->users[i], k->name) == 0;
	return named && strcasestr(k->name, q->part);
}

static int64_t spent(const struct row *row, const struct effective *q)
{
	for (int p = 0; p < QUOTA_PERIODS; p++)
		if (q->periods[p])
			return row->use.spent[p];
	return 0;
}

/* Few hundred: each goes to its place. */
static void sort_rows(struct row *rows, size_t n, const struct effective *q)
{
	for (size_t i = 1; i < n; i++) {
		struct row one = rows[i];
		size_t at = i;

		for (; at && spent(&rows[at - 1], q) < spent(&one, q); at--)
			rows[at] = rows[at - 1];
		rows[at] = one;
	}
}

static int find_rows(struct request *r, const struct effective *q,
		     struct row *rows, size_t *n, struct err *e)
{
	const struct keys *all = &r->config->keys;

	for (size_t i = 0; i < all->n; i++) {
		const struct key *k = &all->list[i];

		if (!is_wanted(q, k))
			continue;
		rows[*n].key = k;
		if (meter_use(home_of(r), k->name, &k->quota, &rows[*n].use, e))
			return -1;
		++*n;
	}
	if (q->by_spend)
		sort_rows(rows, *n, q);
	return 0;
}

static void put_row(struct jw *w, const struct row *row, enum quota_period p)
{
	const char *name = row->key->name;
	bool set = is_set(row->key, p);
	char id[ID_BYTES];

	make_id(name, p, id);
	jw_obj(w);
	put_scope(w, "scope", name);
	jw_key(w, "groups");
	jw_raw(w, SPAN("[]"));
	jw_key(w, "actor");
	jw_obj(w);
	jw_kcstr(w, "type", "user_actor");
	jw_kcstr(w, "user_id", name);
	jw_kcstr(w, "name", name);
	jw_knull(w, "email_address");
	jw_kbool(w, "deleted", false);
	jw_obj_end(w);
	put_cents(w, "amount", set ? row->key->quota.spend[p] : -1);
	jw_kcstr(w, "currency", "USD");
	jw_kcstr(w, "period", quota_period_adverb(p));
	if (set)
		put_scope(w, "source", name);
	else
		jw_knull(w, "source");
	jw_kcstr(w, "spend_limit_id", set ? id : NULL);
	put_cents(w, "period_to_date_spend", row->use.spent[p]);
	jw_obj_end(w);
}

int serve_spend_effective(struct request *r, struct err *e)
{
	size_t n = 0, room = r->config->keys.n + 1, to;
	struct row *rows = arena_take(r->arena, room * sizeof(*rows));
	struct effective q;
	struct buf out;
	struct jw w = jw_to(&out);

	if (read_effective(r, &q, e) || find_rows(r, &q, rows, &n, e))
		return -1;
	to = q.from + (size_t)q.count < n ? q.from + (size_t)q.count : n;
	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_key(&w, "data");
	jw_arr(&w);
	for (size_t i = q.from; i < to; i++)
		for (int p = 0; p < QUOTA_PERIODS; p++)
			if (q.periods[p])
				put_row(&w, &rows[i], (enum quota_period)p);
	jw_arr_end(&w);
	jw_kcstr(&w, "next_page",
		 to < n ? arena_fmt(r->arena, "%zu", to) : NULL);
	jw_obj_end(&w);
	return done(r, &out);
}
