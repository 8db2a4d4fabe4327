/* SPDX-License-Identifier: MIT */
/* mend: of whatever peek accepts the rules of each dialect make JSON, and what
 * they have made they leave alone (but a seal may hold another); a tree that
 * nobody changed is the text. The first byte says which switches are on. */
#include "config.h"

#include "base/json.h"
#include "dialect/mend.h"
#include "dialect/peek.h"
#include "dialect/retext.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct upstream_model target(uint8_t bits, const struct seal_origin *o)
{
	struct upstream_model t = { .model = "m", .origin = o };

	t.family.inline_system = bits & 1;
	t.quirks.paired = t.quirks.strict_messages = bits & 1;
	t.quirks.nine_ids = bits & 2;
	t.quirks.reasoning_content = bits & 4;
	t.quirks.thought_signatures = bits & 8;
	t.quirks.one_system = bits & 16;
	t.quirks.alternate = bits & 32;
	t.quirks.no_extra = bits & 64;
	t.quirks.no_empty = t.quirks.no_images = bits & 128;
	return t;
}

static void mended(enum dialect_id dialect, const struct upstream_model *t,
		   struct arena *a, struct span text, struct buf *out)
{
	struct mend m;
	struct err e;

	mend_init(&m, a, text, t);
	dialects[dialect].mend(&m);
	buf_init(out, 1u << 20);
	if (mend_apply(&m, out, &e)) {
		if (!m.ill)
			abort();
		buf_span(out, text);
	}
	if (!peek_is_object(buf_get(out)))
		abort();
	mend_release(&m);
}

static void mend_twice(const struct upstream_model *t, struct arena *a,
		       struct span text)
{
	for (int d = 0; d < DIALECTS; d++) {
		struct buf once, twice;

		mended((enum dialect_id)d, t, a, text, &once);
		mended((enum dialect_id)d, t, a, buf_get(&once), &twice);
		if (!span_has(text, SPAN("dario")) &&
		    !span_eq(buf_get(&once), buf_get(&twice)))
			abort();
		buf_release(&once);
		buf_release(&twice);
	}
}

static void read_and_write(struct arena *a, struct span text)
{
	struct err e;
	struct json_object *o = json_read(text, &e);
	struct buf out;

	buf_init(&out, 1u << 20);
	retext(&out, a, text, o);
	if (!span_eq(buf_get(&out), span_trim(text)))
		abort();
	json_object_object_add(o, "added", json_object_new_int(1));
	json_object_object_del(o, "model");
	buf_reset(&out);
	retext(&out, a, text, o);
	if (!peek_is_object(buf_get(&out)))
		abort();
	buf_release(&out);
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data + 1, n - 1 };
	struct seal_origin origin = { .apart = false };
	struct upstream_model t;
	struct arena a;

	if (n < 2 || !peek_is_object(text))
		return 0;
	t = target(data[0], &origin);
	arena_init(&a);
	mend_twice(&t, &a, text);
	read_and_write(&a, text);
	arena_release(&a);
	return 0;
}
