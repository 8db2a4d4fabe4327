/* SPDX-License-Identifier: MIT */
/* text: moments in header fields, and the values of a query string. Times stay
 * in what an int64 of milliseconds holds; a value fits and ends. */
#include "config.h"

#include "base/http-date.h"
#include "base/query.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1780000000000)
#define YEARS_10000 INT64_C(253402300800000) /* in ms: as ISO dates go */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_query(const char *text, size_t room)
{
	char *out = malloc(room), *again = malloc(strlen(text) + 1);

	memset(out, 'x', room);
	if (query_get(text, "k", out, room)) {
		if (!memchr(out, '\0', room))
			abort();
		/* What fits into little is the same with more room. */
		if (!query_get(text, "k", again, strlen(text) + 1) ||
		    strcmp(out, again) != 0)
			abort();
	}
	free(again);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* A copy of its own length: reading behind it is noticed. */
	char *copy = malloc(n + 1);
	struct span all = { copy, n };
	int64_t t, delay;

	memcpy(copy, data, n);
	copy[n] = '\0';
	t = http_date_read(all);
	delay = http_date_delay(all, NOW);
	if (t > YEARS_10000 || t < -YEARS_10000 || delay < -1 ||
	    delay > YEARS_10000)
		abort();
	try_query(copy, 8);
	try_query(copy, n + 1);
	free(copy);
	return 0;
}
