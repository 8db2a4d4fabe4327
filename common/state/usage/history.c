/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/history.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/store.h"
#include "base/wait.h"
#include "state/shared/shared.h"
#include "state/usage/usage.h"

#include <dirent.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG "history"
#define CURRENT "state/" LOG ".jsonl"
#define OLDER LOG "-" /* and when it begins, and .jsonl */
#define DAY_MS INT64_C(86400000)
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
	if (r->first_ms >= 0)
		jw_kint(&w, "fb", r->first_ms);
	if (r->partial)
		jw_kbool(&w, "p", true);
	if (r->estimated)
		jw_kbool(&w, "e", true);
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
		.first_ms = json_count(o, "fb", -1),
		.account = json_str(o, "a").p,
		.backend = json_str(o, "b").p,
		.model = json_str(o, "m").p,
		.key = json_str(o, "k").p,
		.status = status <= 999 ? (int)status : 0,
		.has_usage = json_length(u) == 6,
		.estimated = json_flag(o, "e", false),
		.partial = json_flag(o, "p", false),
		.fallback = json_flag(o, "f", false),
		.h5 = json_amount(o, "h5", -1),
		.d7 = json_amount(o, "d7", -1),
		.cost = -1,
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

/* --- its files ----------------------------------------------------------- */

struct files {
	int64_t starts[64]; /* of the older ones, oldest first */
	size_t n;
};

static void name_of(int64_t start, char out[64])
{
	snprintf(out, 64, "state/" OLDER "%lld.jsonl", (long long)start);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void list_files(const char *home, struct files *out)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir;

	out->n = 0;
	snprintf(path, sizeof(path), "%s/state", home);
	dir = opendir(path);
	while (dir && out->n < 64 && (d = readdir(dir))) {
		const char *number = d->d_name + sizeof(OLDER) - 1;
		char *end;

		if (strncmp(d->d_name, OLDER, sizeof(OLDER) - 1) ||
		    *number < '0' || *number > '9')
			continue;
		out->starts[out->n] = strtoll(number, &end, 10);
		out->n += strcmp(end, ".jsonl") == 0;
	}
	if (dir)
		closedir(dir);
	qsort(out->starts, out->n, sizeof(*out->starts), compare);
}

/* Until fn says that it is enough. A line that was cut by a process that died
 * is passed over. */
typedef bool line_fn(void *arg, const struct history_record *r);

static void read_file(const char *home, const char *name, line_fn *fn,
		      void *arg)
{
	char *line = NULL;
	struct err unused;
	size_t cap = 0;
	bool more = true;
	ssize_t n;
	int fd = store_open(home, name, &unused);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (more && (n = getline(&line, &cap, f)) > 0) {
		struct history_record r;
		struct json_object *o =
			json_read((struct span){ line, (size_t)n }, &unused);

		if (o && read_line(o, &r))
			more = fn(arg, &r);
		json_object_put(o);
	}
	free(line);
	fclose(f);
}

struct walk {
	int64_t since;
	history_fn *fn;
	void *arg;
};

static bool pass_on(void *arg, const struct history_record *r)
{
	struct walk *w = arg;

	if (r->time >= w->since)
		w->fn(w->arg, r);
	return true;
}

void history_walk_file(const char *home, const char *name, history_fn *fn,
		       void *arg)
{
	struct walk w = { 0, fn, arg };

	read_file(home, name, pass_on, &w);
}

void history_walk(const char *home, int64_t since, history_fn *fn, void *arg)
{
	struct walk w = { since, fn, arg };
	struct files files;
	char name[64];

	list_files(home, &files);
	for (size_t i = 0; i < files.n; i++) {
		/* It ends when the next one begins. */
		if (i + 1 < files.n && files.starts[i + 1] < since)
			continue;
		name_of(files.starts[i], name);
		read_file(home, name, pass_on, &w);
	}
	read_file(home, CURRENT, pass_on, &w);
}

/* --- when the file is of yesterday, or has grown ------------------------- */

static bool take_time(void *arg, const struct history_record *r)
{
	*(int64_t *)arg = r->time;
	return false;
}

static void forget_files(const char *home, int64_t now)
{
	struct files files;
	struct err unused;
	char name[64];

	list_files(home, &files);
	for (size_t i = 0; i < files.n; i++) {
		/* The last one may hold what is a week old less a day. */
		if (files.starts[i] > now - (HISTORY_DAYS + 1) * DAY_MS &&
		    i + HISTORY_FILES_MAX >= files.n)
			break;
		name_of(files.starts[i], name);
		store_remove(home, name, &unused);
	}
}

/* Others may write to the renamed file for a moment. */
static void turn_over(void *arg)
{
	const char *home = arg;
	int64_t now = clock_wall_ms(), start = 0;
	struct store_sign s;
	struct err unused;
	char name[64];
	bool busy;
	int lock = store_try_lock(home, CURRENT, &busy, &unused);

	if (lock < 0)
		return;
	store_sign(home, CURRENT, &s);
	read_file(home, CURRENT, take_time, &start);
	if (s.size >= HISTORY_FILE_MAX ||
	    (start && start / DAY_MS != now / DAY_MS)) {
		name_of(start ? start : now, name);
		if (store_exists(home, name))
			name_of(now, name);
		store_rename(home, CURRENT, name, &unused);
	}
	forget_files(home, now);
	store_unlock(lock);
}

/* --- writing ------------------------------------------------------------- */

static _Thread_local struct {
	bool on;
	const char *home; /* of the lines; it outlives them */
	struct buf lines;
} held;

static void tidy_usage(void *home)
{
	usage_tidy(home);
}

/* Once a day of each process. */
static bool is_another_day(void)
{
	static _Atomic int64_t seen;
	int64_t day = clock_wall_ms() / DAY_MS;

	return atomic_exchange(&seen, day) != day;
}

static void put_out(const char *home, struct span lines)
{
	int64_t size = 0;
	bool turn = is_another_day();

	/* That takes a while: meanwhile the others go on. */
	if (turn)
		wait_work(turn_over, (void *)home);
	shared_append(home, LOG, lines, &size);
	if (size >= (int64_t)HISTORY_FILE_MAX)
		wait_work(turn_over, (void *)home);
	if (usage_is_due())
		wait_work(tidy_usage, (void *)home);
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
