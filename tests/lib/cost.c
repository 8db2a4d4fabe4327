/* SPDX-License-Identifier: MIT */
/* cost: the same as tests/bench/translate-cost.c by the library. */
#include "cost.h"

#include <dario.h>
#include <stdlib.h>
#include <string.h>

static int once(struct dario_translator *t)
{
	size_t n = strlen(cost_events), step;
	struct dario_exchange *x = dario_exchange_new(
		t, NULL, cost_request, strlen(cost_request), NULL);
	struct dario_bytes out;
	int rc = x ? 0 : -1;

	for (size_t at = 0; rc == 0 && at < n; at += step) {
		step = n - at < COST_STEP ? n - at : COST_STEP;
		rc = dario_exchange_feed(x, cost_events + at, step, &out, NULL);
	}
	rc = rc || dario_exchange_end(x, &out, NULL);
	dario_exchange_free(x);
	return rc;
}

int main(int argc, char **argv)
{
	struct dario_pair p = { .size = sizeof(p),
				.client = "openai",
				.provider = "anthropic",
				.base_url = "https://example.com" };
	struct dario *d = dario_open(NULL, NULL);
	struct dario_translator *t = dario_translator_new(d, &p, NULL);
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
	int rc = t ? 0 : 1;

	while (rc == 0 && n-- > 0)
		rc = once(t);
	dario_translator_free(t);
	dario_close(d);
	return rc;
}
