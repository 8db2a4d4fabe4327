/* SPDX-License-Identifier: MIT */
/*
 * usage-redis: sums of usage in the store, so that each host can show all.
 *
 * One process of a home tells what stands in its files, as it stands there: a
 * row that is told again takes its own place, and is never counted twice. In
 * the store there is a table for each hour of some days ("h"), for each day
 * ("d") and for all time ("t"), with a field for each host and row.
 */
#include "config.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fnv.h"
#include "base/json.h"
#include "base/store.h"
#include "state/shared/redis-mirror.h"
#include "state/usage/usage-table.h"
#include "state/usage/usage.h"

#include <stdio.h>
#include <stdlib.h>

#define HOST_FILE USAGE_FOLDER "/host"
#define LOCK USAGE_FOLDER "/told"
#define HOST_BYTES 32
#define TOLD 32768 /* rows whose last text is known; a power of two */
#define BATCH 64
#define HOSTS_MAX 64
#define ROW_MAX 4096
#define HOURS_TOLD_MS (5 * USAGE_DAY_MS)
#define DAYS_TOLD_MS ((USAGE_DAYS_KEPT + 1) * USAGE_DAY_MS)
#define ALL_MS USAGE_HOUR_MS /* between looks at all that there is */
#define TELL_MS 2000
#define ALL_DIMS ((1u << USAGE_DIMS) - 1)

/* Of this process, when it is the one that tells: for the keeper's thread. */
static struct {
	int lock;
	char host[HOST_BYTES];
	char data[sizeof(redis_mirror.data)]; /* of the store that was told */
	unsigned lost;                        /* how often it had lost any */
	int64_t told_at, all_at;              /* clock_ms */
	struct told {
		uint64_t row, text;
	} rows[TOLD];
	size_t n;
} mine = { .lock = -1 };

/* 1: it has no name yet. -1: that cannot be known; under another name its own
 * sums would be taken for another host's. */
static int read_host(const char *home, char out[HOST_BYTES])
{
	struct err unused;
	struct buf text;
	int rc;

	buf_init(&text, HOST_BYTES - 1);
	rc = store_read(home, HOST_FILE, &text, &unused);
	if (rc == 0)
		span_text(out, HOST_BYTES, buf_get(&text));
	if (rc == 0 && !text.n)
		rc = 1;
	buf_release(&text);
	return rc;
}

/* --- telling ------------------------------------------------------------- */

/* One table of the store, and what is to go into it. */
struct telling {
	char unit[32];
	int64_t keep_ms;
	size_t n;
	struct buf fields[BATCH], texts[BATCH];
	uint64_t rows[BATCH], hashes[BATCH];
	bool failed;
};

static struct told *told(uint64_t row)
{
	struct told *t;

	for (size_t i = row;; i++) {
		t = &mine.rows[i & (TOLD - 1)];
		if (!t->row || t->row == row)
			return t;
	}
}

static void forget_told(void)
{
	memset(mine.rows, 0, sizeof(mine.rows));
	mine.n = 0;
	mine.all_at = 0;
}

static void note_told(uint64_t row, uint64_t text)
{
	struct told *t = told(row);

	mine.n += !t->row;
	*t = (struct told){ row, text };
}

static void heard(void *arg, const redisReply *answer)
{
	*(bool *)arg = answer;
}

static void send_rows(struct telling *g)
{
	struct redis_args a;
	struct err unused;
	bool ok = false;

	if (!g->n)
		return;
	redis_args(&a, "uput", shared_redis_self(), shared_redis_since());
	redis_word(&a, g->unit);
	redis_int(&a, g->keep_ms);
	for (size_t i = 0; i < g->n; i++) {
		redis_text(&a, buf_get(&g->fields[i]));
		redis_text(&a, buf_get(&g->texts[i]));
	}
	redis_ask(&a, heard, &ok, &unused);
	g->failed |= !ok;
	for (size_t i = 0; i < g->n; i++) {
		if (ok)
			note_told(g->rows[i], g->hashes[i]);
		buf_release(&g->fields[i]);
		buf_release(&g->texts[i]);
	}
	g->n = 0;
}

static void write_row(const struct usage_table_row *r, struct buf *out)
{
	struct jw w = jw_to(out);

	jw_obj(&w);
	jw_key(&w, "names");
	jw_arr(&w);
	for (int i = 0; i < USAGE_DIMS; i++)
		jw_str(&w, span_of(r->id.names[i]));
	jw_arr_end(&w);
	usage_sum_write(&w, &r->sum);
	jw_obj_end(&w);
}

static void tell_row(struct telling *g, const char *unit, int64_t keep_ms,
		     const struct usage_table_row *r)
{
	struct buf text;
	uint64_t name, row, hash;

	if (g->failed)
		return;
	buf_init(&text, ROW_MAX);
	write_row(r, &text);
	name = usage_hash(FNV_START, &r->id, 0, USAGE_DIMS);
	row = fnv(name, span_of(unit)) | 1;
	hash = fnv(FNV_START, buf_get(&text));
	if (text.full || told(row)->text == hash) {
		buf_release(&text);
		return;
	}
	if (g->n == BATCH || (g->n && strcmp(g->unit, unit)))
		send_rows(g);
	snprintf(g->unit, sizeof(g->unit), "%s", unit);
	g->keep_ms = keep_ms;
	g->rows[g->n] = row;
	g->hashes[g->n] = hash;
	g->texts[g->n] = text;
	buf_init(&g->fields[g->n], 64);
	buf_fmt(&g->fields[g->n++], "%s/%016llx", mine.host,
		(unsigned long long)name);
}

/* A day's time is odd. */
static void take_part(void *arg, const struct usage_part *p)
{
	if (p->id->kind == USAGE_SUM)
		usage_table_add(arg, p->time + p->day, p->id->names,
				&p->cell->sum);
}

static void take_total(void *arg, const struct usage_id *id,
		       const union usage_cell *cell)
{
	if (id->kind == USAGE_SUM)
		usage_table_add(arg, 0, id->names, &cell->sum);
}

static void unit_of(int64_t time, char out[32])
{
	if (time % 2)
		snprintf(out, 32, "d%lld", (long long)time - 1);
	else if (time)
		snprintf(out, 32, "h%lld", (long long)time);
	else
		snprintf(out, 32, "t");
}

/* What has changed; of all that there is once an hour. */
static bool tell(const char *home, bool all)
{
	int64_t now = clock_wall_ms();
	int64_t since = now - now % USAGE_HOUR_MS - USAGE_HOUR_MS;
	struct telling *g = xcalloc(1, sizeof(*g));
	struct usage_table t;
	char unit[32];
	bool ok;

	usage_table_init(&t, ALL_DIMS, SIZE_MAX / 4);
	usage_walk(home, all ? now - DAYS_TOLD_MS : since, take_part, &t);
	usage_walk_total(home, take_total, &t);
	usage_table_sort(&t); /* by time */
	for (size_t i = 0; i < t.n; i++) {
		const struct usage_table_row *r = t.rows[i];
		bool hour = r->time && r->time % 2 == 0;

		if (hour && r->time < now - HOURS_TOLD_MS)
			continue;
		unit_of(r->time, unit);
		tell_row(g, unit, hour ? HOURS_TOLD_MS : DAYS_TOLD_MS, r);
	}
	send_rows(g);
	ok = !g->failed;
	usage_table_release(&t);
	free(g);
	return ok;
}

/* One process of a home does; another one when that has ended. */
static bool is_teller(const char *home)
{
	struct err unused;
	bool busy;
	int rc;

	if (mine.lock >= 0)
		return true;
	mine.lock = store_try_lock(home, LOCK, &busy, &unused);
	if (mine.lock < 0)
		return false;
	rc = read_host(home, mine.host);
	if (rc > 0) {
		digest_random_id(mine.host, sizeof(mine.host), "");
		rc = store_put(home, HOST_FILE, span_of(mine.host), &unused);
	}
	if (rc == 0)
		return true;
	store_unlock(mine.lock);
	mine.lock = -1;
	return false;
}

/* The store may have lost what it was told. */
static void look_at_store(void)
{
	pthread_mutex_lock(&redis_mirror.lock);
	if (strcmp(mine.data, redis_mirror.data) ||
	    mine.lost != atomic_load(&redis_mirror.lost) || mine.n > TOLD / 2)
		forget_told();
	mine.lost = atomic_load(&redis_mirror.lost);
	memcpy(mine.data, redis_mirror.data, sizeof(mine.data));
	pthread_mutex_unlock(&redis_mirror.lock);
}

void usage_redis_tell(const char *home, bool last)
{
	int64_t now = clock_ms();
	bool all;

	if ((!last && mine.told_at && now - mine.told_at < TELL_MS) ||
	    !redis_link_up() || !is_teller(home))
		return;
	mine.told_at = now;
	look_at_store();
	all = !mine.all_at || now - mine.all_at > ALL_MS;
	if (tell(home, all) && all)
		mine.all_at = now;
	if (last) {
		store_unlock(mine.lock);
		mine.lock = -1;
	}
}

/* --- reading ------------------------------------------------------------- */

struct reading {
	char self[HOST_BYTES];
	usage_part_fn *fn; /* or */
	usage_row_fn *row_fn;
	void *arg;
	struct usage_part part;
	/* of one day: the hosts that have told it whole */
	char hosts[HOSTS_MAX][HOST_BYTES];
	size_t n_hosts;
};

static bool has_day(const struct reading *g, struct span host)
{
	for (size_t i = 0; i < g->n_hosts; i++)
		if (span_is(host, g->hosts[i]))
			return true;
	return false;
}

/* False: it cannot be read. The names live as long as `o`. */
static bool read_row(struct json_object *o, struct usage_id *id,
		     union usage_cell *cell)
{
	struct json_object *names = json_get(o, "names");

	if (json_length(names) < USAGE_DIMS)
		return false;
	for (size_t i = 0; i < USAGE_DIMS; i++) {
		struct json_object *name = json_at(names, i);

		if (!json_object_is_type(name, json_type_string))
			return false;
		id->names[i] = json_object_get_string(name);
	}
	usage_sum_read(o, &cell->sum);
	return true;
}

static void pass_row(struct reading *g, struct span text)
{
	struct usage_id id = { .kind = USAGE_SUM };
	union usage_cell cell;
	struct err unused;
	struct json_object *o = json_read(text, &unused);

	memset(&cell, 0, sizeof(cell));
	if (o && read_row(o, &id, &cell)) {
		g->part.id = &id;
		g->part.cell = &cell;
		if (g->row_fn)
			g->row_fn(g->arg, &id, &cell);
		else
			g->fn(g->arg, &g->part);
	}
	json_object_put(o);
}

static void pass_table(void *arg, const redisReply *answer)
{
	struct reading *g = arg;
	const redisReply *list;

	list = answer ? answer->element[REDIS_RESULT] : NULL;
	for (size_t i = 0; list && i + 1 < list->elements; i += 2) {
		struct span host = redis_text_at(answer, i);
		struct span text = redis_text_at(answer, i + 1);

		host = span_cut(&host, '/');
		if (span_is(host, g->self) || !text.n || text.n > ROW_MAX ||
		    (!g->part.day && has_day(g, host)))
			continue;
		if (g->part.day && !has_day(g, host) &&
		    g->n_hosts < HOSTS_MAX && host.n < HOST_BYTES)
			span_text(g->hosts[g->n_hosts++], HOST_BYTES, host);
		pass_row(g, text);
	}
}

static bool read_table(struct reading *g, int64_t time, bool day)
{
	struct redis_args a;
	struct err unused;
	char unit[32];

	g->part.time = time;
	g->part.day = day;
	unit_of(time + day, unit);
	redis_args(&a, "uget", shared_redis_self(), shared_redis_since());
	redis_word(&a, unit);
	return redis_ask(&a, pass_table, g, &unused) == 0;
}

static void walk(const char *home, int64_t since, usage_part_fn *fn, void *arg)
{
	struct reading *g = xcalloc(1, sizeof(*g));
	int64_t now = clock_wall_ms(), day = since - since % USAGE_DAY_MS;
	bool ok = read_host(home, g->self) >= 0;

	g->fn = fn;
	g->arg = arg;
	if (day < now - DAYS_TOLD_MS)
		day = (now - DAYS_TOLD_MS) / USAGE_DAY_MS * USAGE_DAY_MS;
	for (; ok && day <= now; day += USAGE_DAY_MS) {
		g->n_hosts = 0;
		ok = read_table(g, day, true);
		for (int64_t h = day;
		     ok && h < day + USAGE_DAY_MS && h <= now + USAGE_HOUR_MS &&
		     day > now - HOURS_TOLD_MS - USAGE_DAY_MS;
		     h += USAGE_HOUR_MS)
			if (h >= since)
				ok = read_table(g, h, false);
	}
	free(g);
}

static void walk_total(const char *home, usage_row_fn *fn, void *arg)
{
	struct reading *g = xcalloc(1, sizeof(*g));

	g->row_fn = fn;
	g->arg = arg;
	if (read_host(home, g->self) >= 0)
		read_table(g, 0, false);
	free(g);
}

const struct usage_others usage_redis = { walk, walk_total };
