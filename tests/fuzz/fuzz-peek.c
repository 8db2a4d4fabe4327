/* SPDX-License-Identifier: MIT */
/* peek: whatever the text, whole and in two pieces give the same, and what is
 * accepted can be read by json-c, which finds the same at the places. */
#include "config.h"

#include "base/json.h"
#include "dialect/peek.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool same_places(const struct peek *k, struct span text,
			struct json_object *body)
{
	static const char *const keys[PEEK_PLACES] = {
		[PEEK_SYSTEM] = "system",
		[PEEK_INSTRUCTIONS] = "instructions",
		[PEEK_MESSAGES] = "messages",
		[PEEK_INPUT] = "input",
		[PEEK_USER] = "user",
		[PEEK_METADATA] = "metadata",
	};
	bool same = true;

	for (int i = 0; i < PEEK_PLACES; i++) {
		struct span rest = span_skip(text, k->places[i]);
		struct json_object *value = NULL;
		struct err e;

		if (k->places[i])
			value = json_take(&rest, &e);
		same = same &&
		       json_object_equal(value, json_get(body, keys[i]));
		json_object_put(value);
	}
	return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = { (const char *)data, n };
	struct peek_seen seen;
	struct peek whole, parts;
	struct err e, f;
	int a, b;

	peek_init(&whole, &seen);
	a = peek_feed(&whole, all, &e) || peek_end(&whole, &e);
	peek_init(&parts, &seen);
	b = peek_feed(&parts, (struct span){ all.p, n / 2 }, &f) ||
	    peek_feed(&parts, (struct span){ all.p + n / 2, n - n / 2 }, &f) ||
	    peek_end(&parts, &f);
	if (a != b || (a == 0 && whole.model_at != parts.model_at))
		abort();
	if (a == 0) {
		struct json_object *o = json_read(all, &e);

		if (!o || !same_places(&whole, all, o))
			abort();
		json_object_put(o);
	}
	return 0;
}
