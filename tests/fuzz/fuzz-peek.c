/* SPDX-License-Identifier: MIT */
/* peek: whatever the text, whole and in two pieces give the same, and what is
 * accepted can be read by json-c. */
#include "config.h"

#include "base/json.h"
#include "dialect/peek.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = { (const char *)data, n };
	struct peek whole, parts;
	struct err e, f;
	int a, b;

	peek_init(&whole);
	a = peek_feed(&whole, all, &e) || peek_end(&whole, &e);
	peek_init(&parts);
	b = peek_feed(&parts, (struct span){ all.p, n / 2 }, &f) ||
	    peek_feed(&parts, (struct span){ all.p + n / 2, n - n / 2 }, &f) ||
	    peek_end(&parts, &f);
	if (a != b || (a == 0 && whole.model_at != parts.model_at))
		abort();
	if (a == 0) {
		struct json_object *o = json_read(all, &e);

		if (!o)
			abort();
		json_object_put(o);
	}
	return 0;
}
