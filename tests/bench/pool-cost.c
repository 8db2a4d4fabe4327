/* SPDX-License-Identifier: MIT */
/*
 * What choosing an account and noting its answer costs: pool-cost HOME
 * PROCESSES REQUESTS. All processes do it at once, without a pause, on three
 * accounts whose windows fill by a thousandth a request. Prints the median and
 * the 99th percentile of one request, in microseconds.
 */
#include "config.h"

#include "base/clock.h"
#include "state/history.h"
#include "state/pool.h"
#include "state/sticky.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNTS 3
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
	l->h5.used = used;
	l->h5.reset = (clock_wall_ms() / 3600000 + 2) * 3600000;
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
	bool tried[ACCOUNTS] = { 0 };
	struct binding b;
	struct answer answer;
	struct err unused;
	struct pool p;
	int i;

	snprintf(b.key, sizeof(b.key), "%02x%030d", n % 97 * 2, n % 97);
	sticky_get(home, &b);
	pool_look(&p, home, a, FAMILY_OTHER);
	i = pool_pick(&p, b.alias, tried);
	if (i < 0)
		i = n % ACCOUNTS;
	answer.used = atomic_fetch_add(&served[i], 1) % WINDOW / (double)WINDOW;
	limits_note(home, a->list[i].alias, &p.seats[i].limits, learn, &answer,
		    &unused);
	sticky_set(home, &b, a->list[i].alias);
	pool_release(&p);
}

static void work(const char *home, int requests, double *took, int seed,
		 atomic_int *served)
{
	struct account list[ACCOUNTS] = {
		{ .alias = "a", .api_key = (char *)"k1" },
		{ .alias = "b", .api_key = (char *)"k2" },
		{ .alias = "c", .api_key = (char *)"k3" },
	};
	struct accounts a = { .list = list, .n = ACCOUNTS };

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
	int processes = argc == 4 ? atoi(argv[2]) : 0;
	int requests = argc == 4 ? atoi(argv[3]) : 0;
	size_t n = (size_t)processes * (size_t)requests;
	struct err e;
	atomic_int *served;
	double *took;

	if (processes < 1 || requests < 1) {
		fputs("usage: pool-cost HOME PROCESSES REQUESTS\n", stderr);
		return 2;
	}
	if (store_folder(argv[1], NULL, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	took = shared(n * sizeof(*took));
	served = shared(ACCOUNTS * sizeof(*served));
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			work(argv[1], requests, took + i * requests, i, served);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	qsort(took, n, sizeof(*took), by_size);
	printf("%.1f %.1f\n", took[n / 2], took[n * 99 / 100]);
	return 0;
}
