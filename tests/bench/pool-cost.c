/* SPDX-License-Identifier: MIT */
/*
 * What choosing an account and noting its answer costs: pool-cost HOME
 * PROCESSES REQUESTS [ACCOUNTS]. All processes do it at once, without a pause,
 * on so many accounts (3) whose windows fill by a thousandth a request. Prints
 * the median and the 99th percentile of one request, in microseconds.
 */
#include "config.h"

#include "base/clock.h"
#include "state/usage/history.h"
#include "state/pool/pool.h"
#include "state/pool/sticky.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 1000 /* requests that fill a window */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct answer {
	double used;
};

static void fill(struct limits *l, double used)
{
	struct window w = { "5h", used, 0 };

	w.reset = (clock_wall_ms() / 3600000 + 2) * 3600000;
	limits_put_window(l, &w);
	l->updated_at = clock_wall_ms();
}

static bool learn(struct limits *l, void *arg)
{
	struct limits was = *l;

	fill(l, ((struct answer *)arg)->used);
	return limits_news(&was, l);
}

static void one_request(const char *home, const struct accounts *a, int n,
			atomic_int *served)
{
	struct pool_request r = { .home = home, .accounts = a };
	struct pool_choice c;
	struct binding b;
	struct answer answer;
	struct limits view;
	struct err unused;
	int i;

	snprintf(b.key, sizeof(b.key), "%02x%030d", n % 97 * 2, n % 97);
	sticky_guess(home, &b);
	r.bound = &b;
	asked_claude(&r.asked, "claude-x");
	pool_choose(&r, &c);
	i = c.at < 0 ? n % (int)a->n : c.at;
	limits_read(home, a->list[i].alias, &view);
	answer.used = atomic_fetch_add(&served[i], 1) % WINDOW / (double)WINDOW;
	limits_note(home, a->list[i].alias, &view, learn, &answer, &unused);
	sticky_set(home, &b, a->list[i].alias);
	pool_let_go(&r, &c);
}

static void work(const char *home, size_t count, int requests, double *took,
		 int seed, atomic_int *served)
{
	struct accounts a = { .n = count };

	a.list = calloc(count, sizeof(*a.list));
	for (size_t i = 0; i < count; i++) {
		snprintf(a.list[i].alias, sizeof(a.list[i].alias), "a%zu", i);
		a.list[i].api_key = strdup("k");
		a.list[i].serial = i + 1;
		a.list[i].standing = standing_of(home, a.list[i].alias);
	}
	for (int n = 0; n < requests; n++) {
		double from = now_us();

		one_request(home, &a, n + seed * 13, served);
		took[n] = now_us() - from;
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void *shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

int main(int argc, char **argv)
{
	int processes = argc >= 4 ? atoi(argv[2]) : 0;
	int requests = argc >= 4 ? atoi(argv[3]) : 0;
	size_t accounts = argc == 5 ? (size_t)atoi(argv[4]) : 3;
	size_t n = (size_t)processes * (size_t)requests;
	struct err e;
	atomic_int *served;
	double *took;

	if (processes < 1 || requests < 1 || accounts < 1) {
		fputs("usage: pool-cost HOME PROCESSES REQUESTS [ACCOUNTS]\n", stderr);
		return 2;
	}
	if (store_folder(argv[1], NULL, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	took = shared(n * sizeof(*took));
	served = shared(accounts * sizeof(*served));
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			work(argv[1], accounts, requests, took + i * requests, i, served);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	qsort(took, n, sizeof(*took), by_size);
	printf("%.1f %.1f\n", took[n / 2], took[n * 99 / 100]);
	return 0;
}
