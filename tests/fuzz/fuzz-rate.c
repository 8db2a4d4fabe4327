/* SPDX-License-Identifier: MIT */
/* rate: rate-limit fields of one dialect's answer, made those of another. The
 * first byte tells which two; what is written is one line a field. */
#include "config.h"

#include "fcgi/rate-fields.h"
#include "fcgi/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* In the place of an answer. */
void reply_field(struct request *r, const char *name, struct span value)
{
	if (strncasecmp(name, "anthropic-ratelimit-", 20) != 0 &&
	    strncasecmp(name, "x-ratelimit-", 12) != 0)
		abort();
	if (memchr(value.p, '\n', value.n))
		abort();
	buf_str(&r->head, name);
	buf_add(&r->head, value.p, value.n);
}

/* Several fields found at once are those found one by one. */
static void find_together(const struct http_head *head)
{
	static const char *const names[] = { "retry-after", "x-request-id", "a",
					     "x-ratelimit-limit-requests",
					     "x-ratelimit-limit-tokens" };
	struct span values[sizeof(names) / sizeof(names[0])];

	http_fields(head, names, sizeof(names) / sizeof(names[0]), values);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!span_eq(values[i], http_field(head, names[i])))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_head head = { .status = 200 };
	struct request r = { 0 };

	if (n == 0)
		return 0;
	head.fields = (struct span){ (const char *)data + 1, n - 1 };
	find_together(&head);
	r.dialect = &dialects[data[0] % DIALECTS];
	buf_init(&r.head, REQUEST_HEAD_MAX);
	rate_fields(&r, &head, &dialects[data[0] / DIALECTS % DIALECTS]);
	buf_release(&r.head);
	return 0;
}
