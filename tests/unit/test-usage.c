/* SPDX-License-Identifier: MIT */
/* Sums of usage: what is added is there, once, whatever dies meanwhile. */
#include "unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/store.h"
#include "state/usage/usage-folder.h"
#include "state/usage/usage-form.h"
#include "state/usage/usage-query.h"
#include "state/usage/usage.h"
#include "state/show/windows-show.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct history_record record(int64_t time)
{
	return (struct history_record){
		.time = time,
		.took_ms = 1500,
		.first_ms = 500,
		.account = "",
		.backend = "groq",
		.model = "m",
		.status = 200,
		.stream = true,
		.has_usage = true,
		.h5 = -1,
		.cost = 0.25,
		.usage = { .input = 10, .output = 100 },
	};
}

static int64_t hour_ago(int64_t hours)
{
	return clock_wall_ms() - hours * USAGE_HOUR_MS;
}

static struct usage_sum asked(const char *home, const char *by,
			      const char *since, size_t *rows)
{
	struct usage_query q;
	struct usage_answer a;
	struct usage_sum total;
	struct err e = { 0 };

	usage_query_init(&q);
	if ((*by && usage_query_by(&q, by, &e)) ||
	    usage_query_since(&q, since, &e))
		fail_msg("%s", e.msg);
	usage_query_run(&q, home, &a);
	total = a.total;
	if (rows)
		*rows = a.rows.n;
	usage_answer_release(&a);
	return total;
}

static void count_total(void *arg, const struct usage_id *id,
			const union usage_cell *cell)
{
	if (id->kind == USAGE_SUM)
		*(int64_t *)arg += cell->sum.requests;
}

static int64_t total(const char *home)
{
	int64_t n = 0;

	usage_walk_total(home, count_total, &n);
	return n;
}

static void sums_are_kept_apart(void **state)
{
	const char *home = *state;
	struct history_record r = record(clock_wall_ms());
	struct usage_sum s;
	size_t rows;

	usage_add(home, &r);
	r.key = "anna";
	r.session = "s1";
	usage_add(home, &r);
	r.session = "s2";
	r.agent = "a";
	r.status = 429;
	r.has_usage = false;
	usage_add(home, &r);
	s = asked(home, "key", "1h", &rows);
	assert_int_equal(rows, 2);
	assert_int_equal(s.requests, 3);
	assert_int_equal(usage_sum_errors(&s), 1);
	assert_int_equal(s.usage.output, 200);
	assert_int_equal(s.cost, 500000000);
	/* a hundred tokens in the second after the first byte */
	assert_int_equal(s.hists[USAGE_RATE].sum, 200000);
	assert_int_equal(usage_hist_count(&s.hists[USAGE_DURATION]), 3);
	asked(home, "session", "1h", &rows);
	assert_int_equal(rows, 3);
	asked(home, "session,agent,key", "1h", &rows);
	assert_int_equal(rows, 3);
	asked(home, "model,backend,account", "1h", &rows);
	assert_int_equal(rows, 1);
	assert_int_equal(total(home), 3);
}

/* The file as the version before wrote it: its cells lack `estimated`. */
static void make_older(const char *home, const char *name)
{
	char path[300];
	struct usage_head *h;
	struct stat st;
	char *text;
	size_t row;
	FILE *f;

	snprintf(path, sizeof(path), "%s/" USAGE_FOLDER "/%s", home, name);
	assert_int_equal(stat(path, &st), 0);
	text = calloc(1, (size_t)st.st_size);
	f = fopen(path, "r+");
	assert_true(f && fread(text, 1, (size_t)st.st_size, f) > 0);
	h = (struct usage_head *)text;
	row = sizeof(struct usage_row) + 2 * USAGE_CELL_1;
	for (size_t i = 0; i < h->rows; i++) {
		char *to = text + h->rows_at + i * row;
		const char *from = text + h->rows_at + i * usage_row_bytes(2);

		memmove(to, from, sizeof(struct usage_row) + USAGE_CELL_1);
		memmove(to + sizeof(struct usage_row) + USAGE_CELL_1,
			from + sizeof(struct usage_row) +
				sizeof(union usage_cell),
			USAGE_CELL_1);
	}
	atomic_store(&h->form, USAGE_FORM_1);
	rewind(f);
	assert_int_equal(fwrite(text, 1, (size_t)st.st_size, f), st.st_size);
	fclose(f);
	free(text);
}

static void older_sums_go_on(void **state)
{
	const char *home = *state;
	struct history_record r = record(hour_ago(0));
	char stem[USAGE_STEM_BYTES], name[64];
	struct usage_sum s;

	usage_add(home, &r);
	usage_add(home, &r);
	usage_hour_stem(r.time / USAGE_HOUR_MS * USAGE_HOUR_MS, stem);
	snprintf(name, sizeof(name), "%s.0", stem);
	/* Another home, so that this process lets go of them. */
	usage_add("/nonexistent", &r);
	make_older(home, name);
	make_older(home, USAGE_TOTAL_STEM ".0");
	assert_int_equal(total(home), 2);
	r.estimated = true;
	usage_add(home, &r);
	s = asked(home, "", "1h", NULL);
	assert_int_equal(s.requests, 3);
	assert_int_equal(s.usage.output, 300);
	assert_int_equal(s.estimated, 1);
	assert_int_equal(s.cost, 750000000);
	assert_int_equal(usage_hist_count(&s.hists[USAGE_RATE]), 3);
	assert_int_equal(total(home), 3);
}

static void put_old(const char *home, const char *name, const char *text)
{
	struct err e;

	store_folder(home, "state", &e);
	assert_int_equal(store_put(home, name, span_of(text), &e), 0);
}

static const char old_totals[] =
	"{\"folded\":1,\"all\":{\"requests\":12,\"errors\":3,\"output\":70},"
	"\"accounts\":{\"work\":{\"requests\":12}},\"models\":{\"gpt-4o\":{"
	"\"requests\":10,\"errors\":2,\"uncached\":100,\"output\":50,"
	"\"reasoning\":20,\"write5m\":3,\"write1h\":4,\"cost\":1.5},\"x\":{"
	"\"requests\":1,\"cost\":\"unknown\",\"costUnknown\":1}}}";
static const char old_line[] =
	"{\"t\":1765000000000,\"a\":\"\",\"b\":\"groq\",\"m\":\"gpt-4o\","
	"\"k\":\"anna\",\"s\":200,\"ms\":5,\"u\":[1000000,0,0,0,0,0]}\n";

static void sum_up(void *arg, const struct usage_id *id,
		   const union usage_cell *cell)
{
	if (id->kind == USAGE_SUM)
		usage_sum_merge(arg, &cell->sum);
}

/* What an older version has left is in the sums of all time, once. */
static void sums_from_before(void **state)
{
	const char *home = *state;
	struct history_record r = record(clock_wall_ms());
	struct usage_sum s = { 0 };

	put_old(home, "state/history-old.jsonl", old_line);
	put_old(home, "state/history.jsonl", old_line);
	usage_add(home, &r);
	for (int i = 0; i < 3; i++) { /* cut short before the end, at first */
		if (i < 2)
			put_old(home, "state/totals.json", old_totals);
		if (i < 1)
			put_old(home, "state/history-old.jsonl", old_line);
		usage_tidy(home);
		if (i == 0)
			put_old(home, "state/history-old.jsonl", old_line);
		assert_false(store_exists(home, "state/totals.json"));
	}
	usage_walk_total(home, sum_up, &s);
	assert_int_equal(s.requests, 12 + 2 + 1);
	assert_int_equal(usage_sum_errors(&s), 3);
	assert_int_equal(s.unpriced, 1);
	assert_int_equal(s.usage.input, 100 + 2000000 + 10);
	assert_int_equal(s.usage.output, 70 + 100);
	assert_int_equal(s.usage.reasoning, 20);
	assert_int_equal(s.usage.cache_write, 7);
	assert_int_equal(s.usage.cache_write_1h, 4);
	assert_int_equal(s.cost, 1500000000 + 2 * 2500000000 + 250000000);
	assert_false(store_exists(home, "state/history-old.jsonl"));
	assert_int_equal(asked(home, "", "1h", NULL).requests, 1);
}

/* Hours become a file, then days do; nothing is lost or there twice. */
static void files_are_put_together(void **state)
{
	const char *home = *state;
	static const int64_t ages[] = { 400 * 24, 100, 90, 60, 30, 5, 0 };
	size_t n = sizeof(ages) / sizeof(ages[0]), files, rows;
	struct usage_entry *list;

	for (size_t i = 0; i < n; i++) {
		struct history_record r = record(hour_ago(ages[i]));

		usage_add(home, &r);
		usage_add(home, &r);
	}
	assert_int_equal(asked(home, "day", "13M", &rows).requests, 14);
	assert_true(usage_is_due());
	for (int i = 0; i < 2; i++) {
		usage_tidy(home);
		assert_int_equal(asked(home, "day", "13M", NULL).requests, 12);
		assert_int_equal(asked(home, "hour", "13M", NULL).requests, 6);
	}
	list = usage_list(home, &files);
	for (size_t i = 0; i < files; i++)
		if (list[i].kind == USAGE_FILE_LIVE)
			assert_true(usage_file_is_held(home, list[i].name));
	free(list);
	assert_int_equal(total(home), 14);
}

/* As a process leaves it that dies between the two: the hour stands in the
 * day's file and by itself. */
static void nothing_counts_twice(void **state)
{
	const char *home = *state;
	struct history_record r = record(hour_ago(100)), now = record(0);
	struct usage_entry *list;
	char from[400], to[400];
	size_t n;

	usage_add(home, &r);
	now.time = clock_wall_ms();
	usage_add(home, &now); /* lets go of the other file */
	list = usage_list(home, &n);
	for (size_t i = 0; i < n && list[i].start < now.time - USAGE_DAY_MS;
	     i++) {
		snprintf(from, sizeof(from), "%s/%s", home, list[i].name);
		snprintf(to, sizeof(to), "%s/kept", home);
		if (list[i].kind == USAGE_FILE_LIVE)
			assert_int_equal(link(from, to), 0);
	}
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == USAGE_FILE_LIVE) {
			snprintf(from, sizeof(from), "%s/%s", home,
				 list[i].name);
			break;
		}
	free(list);
	usage_tidy(home);
	assert_int_equal(link(to, from), 0);
	assert_int_equal(asked(home, "day", "13M", NULL).requests, 2);
	usage_tidy(home);
	assert_int_not_equal(access(from, F_OK), 0);
	assert_int_equal(asked(home, "day", "13M", NULL).requests, 2);
}

/* Many names from outside: files, memory and answers stay small, and the sum is
 * right. */
static void names_are_capped(void **state)
{
	const char *home = *state;
	int n = 3 * USAGE_ROWS;
	struct history_record r = record(clock_wall_ms());
	char name[300];
	struct usage_query q;
	struct usage_answer a;
	struct usage_sum s;
	struct err e = { 0 };
	size_t rows;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	r.user = name;
	usage_add(home, &r);
	r.user = "";
	r.key = "loud";
	r.session = name;
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "session-%d", i);
		usage_add(home, &r);
	}
	r.key = "quiet";
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "quiet-%d", i);
		usage_add(home, &r);
	}
	asked(home, "key,session", "1h", &rows);
	assert_true(rows >= 2 + 10 && rows <= USAGE_ROWS / 4 + 20);
	r.session = NULL;
	r.model = name;
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "model-%d", i);
		usage_add(home, &r);
	}
	s = asked(home, "model,session", "1h", &rows);
	assert_true(rows <= USAGE_ROWS);
	assert_int_equal(s.requests, 2 * n + 11);
	assert_int_equal(total(home), 2 * n + 11);
	/* Whoever comes after that still has a name. */
	r.key = "late";
	r.model = "m";
	usage_add(home, &r);
	usage_query_init(&q);
	q.person = "late";
	assert_int_equal(usage_query_by(&q, "model", &e), 0);
	usage_query_run(&q, home, &a);
	assert_int_equal(a.total.requests, 1);
	assert_int_equal(a.rows.n, 1);
	usage_answer_release(&a);
	q.n_by = 0;
	assert_int_equal(usage_query_by(&q, "account", &e), -1);
}

/* --- processes that die -------------------------------------------------- */

#define CHILDREN 4
#define KILLS 40

/* Tells how many it has added, and never ends. */
static void add_for_ever(const char *home, int fd)
{
	struct history_record r = record(clock_wall_ms());

	for (int i = 0;; i++) {
		r.model = i % 2 ? "odd" : "even";
		usage_add(home, &r);
		if (write(fd, "x", 1) != 1)
			_exit(0);
	}
}

static int64_t read_all(int fd)
{
	char mem[4096];
	int64_t n = 0;
	ssize_t got;

	while ((got = read(fd, mem, sizeof(mem))) > 0)
		n += got;
	return n;
}

/* Of each that is killed no more is unknown than the one that it was at, and
 * what is there is whole. */
static void killed_processes(void **state)
{
	const char *home = *state;
	int64_t told = 0, killed = 0;
	struct usage_sum s;

	for (int k = 0; k < KILLS; k += CHILDREN) {
		int fds[CHILDREN][2];
		pid_t pids[CHILDREN];
		char byte;

		for (int i = 0; i < CHILDREN; i++) {
			assert_int_equal(pipe(fds[i]), 0);
			pids[i] = fork();
			if (pids[i] == 0)
				add_for_ever(home, fds[i][1]);
			close(fds[i][1]);
		}
		for (int i = 0; i < CHILDREN; i++) {
			/* It has begun; somewhere in the middle it ends. */
			for (int n = 0; n < 100 + 37 * k; n++)
				assert_int_equal(read(fds[i][0], &byte, 1), 1);
			told += 100 + 37 * k;
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
			told += read_all(fds[i][0]);
			close(fds[i][0]);
			killed++;
		}
	}
	s = asked(home, "model", "2h", NULL);
	assert_in_range(s.requests, told, told + killed);
	assert_int_equal(s.requests * 100, s.usage.output);
	assert_int_equal(s.requests * 250000000, s.cost);
	assert_int_equal(s.requests, s.status[2]);
	assert_int_equal(s.requests,
			 usage_hist_count(&s.hists[USAGE_DURATION]));
	assert_in_range(total(home), told, told + killed);
}

/* Somebody else may have written a file, or cut it. */
static void foreign_files(void **state)
{
	const char *home = *state;
	struct history_record r = record(clock_wall_ms());
	struct usage_entry *list;
	struct err e;
	size_t n;

	usage_add(home, &r);
	list = usage_list(home, &n);
	assert_true(n >= 2);
	for (int step = 0; step < 64; step++)
		for (size_t i = 0; i < n; i++) {
			char path[400], copy[400];
			unsigned char mem[4096];
			FILE *f;
			size_t got;

			snprintf(path, sizeof(path), "%s/%s", home,
				 list[i].name);
			snprintf(copy, sizeof(copy), "%s/%s%d", home,
				 list[i].name, 10 + step);
			f = fopen(path, "r");
			got = fread(mem, 1, sizeof(mem), f);
			fclose(f);
			mem[step % 2 ? step / 2 : step * 8] ^= 0xff;
			f = fopen(copy, "w");
			fwrite(mem, 1, step % 3 ? got : (size_t)step, f);
			fclose(f);
			chmod(copy, 0600);
		}
	free(list);
	asked(home, "key,model,day,session,user", "13M", NULL);
	total(home);
	usage_tidy(home);
	/* and one that is no file */
	assert_int_equal(store_folder(home, USAGE_FOLDER "/2026-01-01", &e), 0);
	asked(home, "hour", "13M", NULL);
	usage_tidy(home);
}

static void what_is_asked_for(void **state)
{
	struct usage_query q;
	struct err e;

	(void)state;
	usage_query_init(&q);
	assert_int_equal(usage_query_by(&q, "key,nothing", &e), -1);
	assert_non_null(strstr(e.msg, "nothing"));
	assert_non_null(strstr(e.msg, "session"));
	usage_query_init(&q);
	assert_int_equal(usage_query_by(&q, "hour,day", &e), -1);
	usage_query_init(&q);
	assert_int_equal(usage_query_by(&q, "", &e), -1);
	usage_query_init(&q);
	assert_int_equal(usage_query_by(&q, "key,key,day", &e), 0);
	assert_int_equal(q.n_by, 2);
	assert_int_equal(usage_query_since(&q, "90m", &e), 0);
	assert_int_equal(q.now - q.since, 90 * 60000);
	assert_int_equal(usage_query_since(&q, "2026-01-02", &e), 0);
	assert_int_equal(q.since, INT64_C(1767312000000));
	assert_int_equal(usage_query_since(&q, "2999-01-02", &e), -1);
	assert_int_equal(usage_query_since(&q, "-1d", &e), -1);
	assert_int_equal(usage_query_since(&q, "7", &e), -1);
	assert_int_equal(usage_query_since(&q, "d", &e), -1);
	assert_int_equal(usage_query_since(&q, "", &e), -1);
	assert_int_equal(usage_query_since(&q, "99999999999999d", &e), -1);
}

/* {until, util5h, util7d} of an account, as they are shown. */
static size_t shown(const char *home, int64_t since, const char *alias,
		    double last[2])
{
	struct account one = { 0 };
	struct snapshot c = { .accounts = { .list = &one, .n = 1 } };
	struct json_object *all, *list, *row;
	struct err e = { 0 };
	struct buf out;
	struct jw w = jw_to(&out);
	size_t n = 0;

	snprintf(one.alias, sizeof(one.alias), "%s", alias);
	c.claude.name = (char *)"claude";
	buf_init(&out, 1u << 20);
	show_windows(&w, &c, home, since);
	all = json_read(buf_get(&out), &e);
	list = json_get(all, "utilization");
	for (; n < json_length(list); n++) {
		row = json_at(list, n);
		assert_string_equal(json_cstr(row, "alias"), alias);
		last[0] = json_object_get_double(json_get(row, "util5h"));
		last[1] = json_object_get_double(json_get(row, "util7d"));
	}
	json_object_put(all);
	buf_release(&out);
	return n;
}

/* How windows fill is known for two days, and stays so when hours are put
 * together; then it is forgotten. */
static void windows_of_two_days(void **state)
{
	static const struct {
		int64_t ago;
		double h5, d7;
	} at[] = { { 60, 0.9, 0.9 }, { 30, 0.1, 0.3 }, { 20, 0.5, 0.4 },
		   { 5, 0.2, 0.5 },  { 1, 0.3, 0.6 } };
	const char *home = *state;
	double last[2] = { 0 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct history_record r = record(hour_ago(at[i].ago));

		r.backend = "claude";
		r.account = "work";
		r.h5 = r.d7 = 0.01;
		usage_add(home, &r);
		r.time++; /* the last one of a step counts */
		r.h5 = at[i].h5;
		r.d7 = at[i].d7;
		usage_add(home, &r);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(shown(home, 1, "work", last), 4);
		assert_true(last[0] > 0.29 && last[0] < 0.31);
		assert_true(last[1] > 0.59 && last[1] < 0.61);
		assert_int_equal(shown(home, hour_ago(24), "work", last), 3);
		assert_int_equal(shown(home, hour_ago(2), "work", last), 1);
		assert_int_equal(shown(home, hour_ago(24), "home", last), 0);
		assert_int_equal(shown(home, INT64_MAX, "work", last), 0);
		usage_tidy(home);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(sums_are_kept_apart),
		WITH_HOME(older_sums_go_on),
		WITH_HOME(sums_from_before),
		WITH_HOME(files_are_put_together),
		WITH_HOME(nothing_counts_twice),
		WITH_HOME(names_are_capped),
		WITH_HOME(killed_processes),
		WITH_HOME(foreign_files),
		WITH_HOME(windows_of_two_days),
		cmocka_unit_test(what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
