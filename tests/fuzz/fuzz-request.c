/* SPDX-License-Identifier: MIT */
/* Requests: the first byte chooses the dialects; whatever is accepted is
 * written as valid JSON. */
#include "config.h"

#include "dialect/chat.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct upstream_model targets[] = {
	{ .model = "a",
	  .family = { .max_output = 4096,
		      .samplers = true,
		      .forced_tools = true } },
	{ .model = "b",
	  .family = { .max_output = 128000,
		      .structured = true,
		      .thinking = THINKING_ALWAYS,
		      .inline_system = true } },
	{ .model = "c",
	  .family = { .max_output = 64000,
		      .structured = true,
		      .thinking = THINKING_BUDGET,
		      .samplers = true },
	  .quirks = { .nine_ids = true,
		      .reasoning_details = true,
		      .reasoning_content = true } },
	{ .model = "d",
	  .family = { .max_output = 4096, .reasoning = true },
	  .quirks = { .max_completion_tokens = true, .search = true } },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json_object *body, *again;
	struct arena a;
	struct chat c;
	struct buf out;
	struct err e;

	if (n < 1)
		return 0;
	body = json_read((struct span){ (const char *)data + 1, n - 1 }, &e);
	if (!json_object_is_type(body, json_type_object)) {
		json_object_put(body);
		return 0;
	}
	arena_init(&a);
	chat_init(&c, &a);
	buf_init(&out, 1u << 24);
	if (dialects[data[0] % DIALECTS].read(&c, body, &e) == 0 &&
	    dialects[data[0] / 3 % DIALECTS].request(&targets[data[0] / 9 % 4],
						     &c, &out, &e) == 0) {
		again = json_read(buf_get(&out), &e);
		if (!again && !out.full)
			abort();
		json_object_put(again);
	}
	chat_release(&c);
	buf_release(&out);
	arena_release(&a);
	json_object_put(body);
	return 0;
}
