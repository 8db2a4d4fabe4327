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

/* As http.c reads them: lines, each "Name: value". */
struct span http_field(const struct http_head *head, const char *name)
{
	struct span rest = head->fields;
	size_t len = strlen(name);

	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct span line = { rest.p,
				     end ? (size_t)(end - rest.p) : rest.n };

		if (line.n > len && line.p[len] == ':' &&
		    strncasecmp(line.p, name, len) == 0)
			return span_trim(span_skip(line, len + 1));
		rest = span_skip(rest, line.n + (end != NULL));
	}
	return SPAN("");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_head head = { .status = 200 };
	struct request r = { 0 };

	if (n == 0)
		return 0;
	head.fields = (struct span){ (const char *)data + 1, n - 1 };
	r.dialect = &dialects[data[0] % DIALECTS];
	buf_init(&r.head, REQUEST_HEAD_MAX);
	rate_fields(&r, &head, &dialects[data[0] / DIALECTS % DIALECTS]);
	buf_release(&r.head);
	return 0;
}
