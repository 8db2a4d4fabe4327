/* SPDX-License-Identifier: MIT */
/* limits: header fields of an answer, one a line. Whatever they say, headroom
 * is a share, and what is taken over twice is as it was. */
#include "config.h"

#include "state/limits.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1780000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct span field(const void *arg, const char *name)
{
	struct span rest = *(const struct span *)arg;
	size_t len = strlen(name);

	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct span line = { rest.p,
				     end ? (size_t)(end - rest.p) : rest.n };

		if (line.n > len && line.p[len] == ':' &&
		    memcmp(line.p, name, len) == 0)
			return span_trim(span_skip(line, len + 1));
		rest = span_skip(rest, line.n + (end != NULL));
	}
	return SPAN("");
}

static void check(const struct limits *l)
{
	for (int f = FAMILY_OTHER; f <= FAMILY_HAIKU; f++) {
		enum family_kind family = (enum family_kind)f;
		double room = limits_headroom(l, family, NOW);
		enum limit_cause cause = limits_cause(l, family, NOW);

		if (!(room >= 0 && room <= 1) || cause >= CAUSES ||
		    !limit_cause_name(cause) || !limit_cause_text(cause))
			abort();
		(void)limits_reset(l, family, NOW);
		(void)limits_until(l, family, NOW);
	}
	if (!memchr(l->status, '\0', sizeof(l->status)) ||
	    !memchr(l->claim, '\0', sizeof(l->claim)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = { (const char *)data, n };
	struct limits l = { 0 }, again;

	limits_take(&l, field, &all);
	check(&l);
	again = l;
	limits_take(&again, field, &all);
	/* A reset that is not said is a guess from the time. */
	if (again.h5.used != l.h5.used || again.d7.used != l.d7.used ||
	    strcmp(again.status, l.status) != 0)
		abort();
	limits_rest(&l, CAUSE_BURST, NOW + 1000, NOW);
	check(&l);
	return 0;
}
