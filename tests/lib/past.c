/* SPDX-License-Identifier: MIT */
/*
 * past HOME: two days of requests, as if they had been, into the sums of HOME:
 * for tests of what shows them, and for pictures. Two accounts of the Claude
 * pool (work, home) fill their windows, which begin anew each five hours.
 */
#include "config.h"

#include "base/clock.h"
#include "state/usage/usage.h"

#include <stdio.h>

#define STEP_MS (20 * 60 * 1000)
#define STEPS (48 * 3)

static const struct {
	const char *model, *backend, *account, *key;
	double cost; /* of a request */
	int every;   /* of so many steps one has it */
} kinds[] = {
	{ "claude-sonnet-9", "claude", "work", "", 0.041, 1 },
	{ "claude-haiku-9", "claude", "home", "anna", 0.006, 1 },
	{ "claude-opus-9", "claude", "work", "anna", 0.19, 3 },
	{ "gpt-5", "openai", "", "", 0.032, 2 },
	{ "llama-3.3-70b", "groq", "", "ben", 0.0011, 2 },
};

/* More by day than by night. */
static int busy(int64_t time)
{
	int hour = (int)(time / 3600000 % 24);

	return hour < 6 ? 1 : hour < 9 || hour > 20 ? 3 : 7;
}

static void add(const char *home, int kind, int64_t time, int step, int n)
{
	int of_window = step % 15, of_week = step;
	bool first = kind == 0 || kind == 2;
	struct history_record r = {
		.time = time + n * 1000,
		.took_ms = 2500 + 900 * ((step * 7 + n + kind) % 9),
		.first_ms = 320 + 110 * ((step * 5 + n + 3 * kind) % 11),
		.account = kinds[kind].account,
		.backend = kinds[kind].backend,
		.model = kinds[kind].model,
		.key = kinds[kind].key,
		.status = (step * 11 + n + kind) % 37 ? 200 : 529,
		.fallback = (step + n) % 29 == 0,
		.stream = true,
		.has_usage = true,
		.h5 = -1,
		.d7 = -1,
		.cost = kinds[kind].cost,
		.usage = { .input = 900 + 130 * ((step + n) % 13),
			   .cache_read = 5200,
			   .output = 260 + 70 * ((step * 3 + n) % 17) },
	};

	if (kinds[kind].account[0]) {
		r.h5 = (first ? 0.055 : 0.03) * of_window;
		r.d7 = (first ? 0.2 : 0.1) + 0.002 * of_week;
	}
	usage_add(home, &r);
}

int main(int argc, char **argv)
{
	int64_t now = clock_wall_ms();

	if (argc != 2)
		return 2;
	for (int step = 0; step < STEPS; step++) {
		int64_t time = now - (int64_t)(STEPS - step) * STEP_MS;

		for (int k = 0; k < 5; k++)
			for (int n = 0; step % kinds[k].every == 0 &&
					n < busy(time) + (step + k) % 3;
			     n++)
				add(argv[1], k, time, step, n);
	}
	usage_tidy(argv[1]);
	return 0;
}
