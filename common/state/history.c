/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/history.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/store.h"
#include "base/wait.h"
#include "state/shared.h"
#include "state/usage-sum.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG "history"
#define CURRENT "state/" LOG ".jsonl"
#define OLD "state/history-old.jsonl"
#define TOTALS "state/totals.json"
#define LINE_MAX_BYTES 1024
#define HELD_MAX 16384 /* bytes of lines that wait */

/* Keys are short: there are many lines. */
static void write_line(const struct history_record *r, struct buf *out)
{
	struct jw w = jw_to(out);
	const struct usage *u = &r->usage;

	jw_obj(&w);
	jw_kint(&w, "t", r->time);
	jw_kcstr(&w, "a", r->account);
	jw_kcstr(&w, "b", r->backend);
	jw_kcstr(&w, "m", r->model);
	if (r->key && *r->key)
		jw_kcstr(&w, "k", r->key);
	jw_kint(&w, "s", r->status);
	jw_kint(&w, "ms", r->took_ms);
	if (r->partial)
		jw_kbool(&w, "p", true);
	if (r->fallback)
		jw_kbool(&w, "f", true);
	if (r->h5 >= 0) {
		jw_key(&w, "h5");
		jw_double(&w, r->h5);
		jw_key(&w, "d7");
		jw_double(&w, r->d7);
	}
	if (r->has_usage) {
		jw_key(&w, "u");
		jw_arr(&w);
		jw_int(&w, u->input);
		jw_int(&w, u->cache_read);
		jw_int(&w, u->cache_write);
		jw_int(&w, u->cache_write_1h);
		jw_int(&w, u->output);
		jw_int(&w, u->reasoning);
		jw_arr_end(&w);
	}
	jw_obj_end(&w);
	buf_byte(out, '\n');
}

static bool read_line(struct json_object *o, struct history_record *r)
{
	struct json_object *u = json_get(o, "u");
	int64_t status = json_count(o, "s", 0);

	if (!json_object_is_type(o, json_type_object))
		return false;
	*r = (struct history_record){
		.time = json_count(o, "t", 0),
		.took_ms = json_count(o, "ms", 0),
		.account = json_str(o, "a").p,
		.backend = json_str(o, "b").p,
		.model = json_str(o, "m").p,
		.key = json_str(o, "k").p,
		.status = status <= 999 ? (int)status : 0,
		.has_usage = json_length(u) == 6,
		.partial = json_flag(o, "p", false),
		.fallback = json_flag(o, "f", false),
		.h5 = json_amount(o, "h5", -1),
		.d7 = json_amount(o, "d7", -1),
	};
	if (r->has_usage)
		r->usage = (struct usage){
			.input = json_count_at(u, 0),
			.cache_read = json_count_at(u, 1),
			.cache_write = json_count_at(u, 2),
			.cache_write_1h = json_count_at(u, 3),
			.output = json_count_at(u, 4),
			.reasoning = json_count_at(u, 5),
		};
	return true;
}

/* A line that was cut by a process that died is passed over. */
static void walk_file(const char *home, const char *name, history_fn *fn,
		      void *arg)
{
	char *line = NULL;
	struct err unused;
	size_t cap = 0;
	ssize_t n;
	int fd = store_open(home, name, &unused);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		struct history_record r;
		struct json_object *o =
			json_read((struct span){ line, (size_t)n }, &unused);

		if (o && read_line(o, &r))
			fn(arg, &r);
		json_object_put(o);
	}
	free(line);
	fclose(f);
}

struct json_object *history_totals(const char *home)
{
	struct json_object *o;
	struct err unused;

	json_load(home, TOTALS, &o, &unused);
	return o;
}

/* Is the old file in these totals already? It is until the current one takes
 * its place, which a process that dies may leave undone. */
static bool is_folded(const char *home, struct json_object *totals)
{
	struct store_sign s;

	store_sign(home, OLD, &s);
	return s.ino && json_int(totals, "folded", 0) == (int64_t)s.ino;
}

void history_walk(const char *home, struct json_object *totals, history_fn *fn,
		  void *arg)
{
	if (!is_folded(home, totals))
		walk_file(home, OLD, fn, arg);
	walk_file(home, CURRENT, fn, arg);
}

/* --- when the file has grown --------------------------------------------- */

struct folding {
	struct usage_sums sums;
	struct prices *prices;
};

static void fold(void *arg, const struct history_record *r)
{
	struct folding *f = arg;

	usage_sums_add(&f->sums, f->prices, r);
}

/* What is old goes into the sums, what is current becomes old. Others may
 * write to the renamed file for a moment: it is read when it is folded, and
 * that is far away. */
static void turn_over(void *arg)
{
	const char *home = arg;
	struct folding f = { 0 };
	struct json_object *totals;
	struct store_sign s, old;
	struct err unused;
	struct buf text;
	bool busy;
	int lock = store_try_lock(home, CURRENT, &busy, &unused);

	store_sign(home, CURRENT, &s);
	f.prices = lock < 0 || s.size < HISTORY_FILE_MAX
			 ? NULL
			 : prices_load(home, &unused);
	if (f.prices) {
		totals = history_totals(home);
		usage_sums_read(&f.sums, totals);
		if (!is_folded(home, totals))
			walk_file(home, OLD, fold, &f);
		json_object_put(totals);
		store_sign(home, OLD, &old);
		buf_init(&text, STORE_FILE_MAX);
		usage_sums_write(&f.sums, (int64_t)old.ino, &text);
		if (!text.full &&
		    store_put(home, TOTALS, buf_get(&text), &unused) == 0)
			store_rename(home, CURRENT, OLD, &unused);
		buf_release(&text);
	}
	usage_sums_release(&f.sums);
	prices_free(f.prices);
	store_unlock(lock);
}

/* --- writing ------------------------------------------------------------- */

static _Thread_local struct {
	bool on;
	const char *home; /* of the lines; it outlives them */
	struct buf lines;
} held;

static void put_out(const char *home, struct span lines)
{
	int64_t size = 0;

	shared_append(home, LOG, lines, &size);
	/* That takes a while: meanwhile the others go on. */
	if (size >= (int64_t)HISTORY_FILE_MAX)
		wait_work(turn_over, (void *)home);
}

void history_flush(void)
{
	struct buf lines = held.lines;

	/* Others may add lines while this waits. */
	buf_init(&held.lines, HELD_MAX);
	if (lines.n)
		put_out(held.home, buf_get(&lines));
	buf_release(&lines);
}

void history_hold(bool on)
{
	history_flush();
	held.on = on;
}

bool history_holds(void)
{
	return held.lines.n;
}

void history_add(const char *home, const struct history_record *r)
{
	char mem[LINE_MAX_BYTES];
	struct buf line = { .p = mem,
			    .cap = sizeof(mem),
			    .max = sizeof(mem) - 1 };

	write_line(r, &line);
	if (line.full)
		return;
	if (!held.on) {
		put_out(home, buf_get(&line));
		return;
	}
	while (held.lines.n &&
	       (held.lines.n + line.n > HELD_MAX || held.home != home))
		history_flush();
	held.home = home;
	buf_span(&held.lines, buf_get(&line));
}
