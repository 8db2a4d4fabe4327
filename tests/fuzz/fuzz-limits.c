/* SPDX-License-Identifier: MIT */
/* limits: header fields of an answer, one a line. Whatever they say, headroom
 * is a share, and what is taken over twice is as it was. */
#include "config.h"

#include "state/pool/limits-read.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1780000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* "name: value" lines. */
static bool field(const void *arg, size_t *at, struct span *name,
		  struct span *value)
{
	struct span rest = span_skip(*(const struct span *)arg, *at);

	if (!rest.n)
		return false;
	*value = span_cut(&rest, '\n');
	*at = ((const struct span *)arg)->n - rest.n;
	*name = span_cut(value, ':');
	*value = span_trim(*value);
	return true;
}

static void check(const struct limits *l)
{
	for (int f = 0; f < 3; f++) {
		static const char *const models[] = { "", "claude-opus-5",
						      "x" };
		struct asked asked;
		enum limit_cause cause;
		double room;

		asked_claude(&asked, models[f]);
		room = limits_headroom(l, &asked, NOW);
		cause = limits_cause(l, &asked, NOW);
		if (!(room >= 0 && room <= 1) || cause >= CAUSES ||
		    !limit_cause_name(cause) || !limit_cause_text(cause))
			abort();
		(void)limits_reset(l, &asked, NOW);
		(void)limits_until(l, &asked, NOW);
	}
	if (!memchr(l->status, '\0', sizeof(l->status)) ||
	    !memchr(l->claim, '\0', sizeof(l->claim)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = { (const char *)data, n };
	struct asked asked = { "opus", "claude-opus-5" };
	struct limits l = { 0 }, again;
	struct limits_told told;

	limits_take(&l, &asked, field, &all, &told);
	check(&l);
	again = l;
	limits_take(&again, &asked, field, &all, &told);
	/* A reset that is not said is a guess from the time. */
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (strcmp(again.windows[i].name, l.windows[i].name) != 0)
			abort();
	if (strcmp(again.status, l.status) != 0)
		abort();
	limits_rest(&l, CAUSE_BURST, NOW + 1000, NOW);
	check(&l);
	return 0;
}
