/* SPDX-License-Identifier: MIT */
/* sse: the same events whole and byte by byte. */
#include "config.h"

#include "dialect/sse.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int record(void *arg, struct span name, struct span data, struct err *e)
{
	struct buf *out = arg;

	(void)e;
	buf_span(out, name);
	buf_byte(out, '|');
	buf_span(out, data);
	buf_byte(out, '\n');
	return 0;
}

static void run(struct span in, size_t step, struct buf *out)
{
	struct sse s;
	struct err e;

	buf_init(out, 1u << 24);
	sse_init(&s, record, out);
	while (in.n) {
		size_t len = step < in.n ? step : in.n;

		if (sse_feed(&s, (struct span){ in.p, len }, &e) ||
		    s.edge > len)
			abort();
		in.p += len;
		in.n -= len;
	}
	if (sse_end(&s, &e)) /* torn */
		buf_str(out, "torn\n");
	sse_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = { (const char *)data, n };
	struct buf a, b;

	run(all, n ? n : 1, &a);
	run(all, 1, &b);
	if (!span_eq(buf_get(&a), buf_get(&b)))
		abort();
	buf_release(&a);
	buf_release(&b);
	return 0;
}
