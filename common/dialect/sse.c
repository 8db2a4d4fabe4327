/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/sse.h"

#include "base/utf8.h"
#include "dialect/peek.h"

#include <string.h>

void sse_init(struct sse *s, sse_fn *fn, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->fn = fn;
	s->arg = arg;
	buf_init(&s->line, SSE_EVENT_MAX);
	buf_init(&s->name, SSE_NAME_MAX);
	buf_init(&s->data, SSE_EVENT_MAX);
}

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->name);
	buf_release(&s->data);
}

static int too_big(const struct sse *s, struct err *e)
{
	return err_full(e, s->line.full ? &s->line : &s->data, ERR_UPSTREAM,
			"an event of the upstream's stream is larger than %u "
			"bytes",
			SSE_EVENT_MAX);
}

/* The single data line must outlive the input: copy it. */
static void own_data(struct sse *s)
{
	if (s->only.p) {
		buf_span(&s->data, s->only);
		s->only = (struct span){ 0 };
	}
}

static void add_data(struct sse *s, struct span value, bool borrowed)
{
	if (!s->has_data && borrowed) {
		s->only = value;
	} else {
		own_data(s);
		s->several |= s->has_data;
		if (s->has_data)
			buf_byte(&s->data, '\n');
		buf_span(&s->data, value);
	}
	s->has_data = true;
}

static int dispatch(struct sse *s, struct err *e)
{
	struct span data = s->only.p ? s->only : buf_get(&s->data);
	int rc = 0;

	if (s->data.full)
		return too_big(s, e);
	if (s->has_data)
		rc = s->fn(s->arg, buf_get(&s->name), data, e);
	buf_reset(&s->name);
	buf_reset(&s->data);
	s->only = (struct span){ 0 };
	s->has_data = s->several = false;
	return rc;
}

/* Servers that leave out the blank line between events: what begins here is
 * another one, if that before it is whole. */
static bool begins_another(const struct sse *s)
{
	struct span data = s->only.p ? s->only : buf_get(&s->data);

	return !s->several && span_starts(data, "{") && peek_is_object(data);
}

static bool may_begin(const struct sse *s, struct span field)
{
	return span_is(field, "data") || (span_is(field, "event") && s->name.n);
}

/* One line without its end. `borrowed`: it lies in the current input. */
static int take_line(struct sse *s, struct span line, bool borrowed,
		     struct err *e)
{
	struct span field = line, value = SPAN("");
	const char *colon;

	if (!s->begun && span_starts(line, UTF8_BOM)) {
		line = span_skip(line, strlen(UTF8_BOM));
		field = line;
	}
	s->begun = true;
	if (line.n == 0)
		return dispatch(s, e);
	/* Most are data. */
	colon = span_starts(line, "data:") ? line.p + strlen("data")
					   : memchr(line.p, ':', line.n);
	if (colon) {
		field.n = (size_t)(colon - line.p);
		value.p = colon + 1;
		value.n = line.n - field.n - 1;
		if (value.n && value.p[0] == ' ') {
			value.p++;
			value.n--;
		}
	}
	if (s->has_data && may_begin(s, field) && begins_another(s) &&
	    dispatch(s, e))
		return -1;
	if (span_is(field, "data")) {
		add_data(s, value, borrowed);
	} else if (span_is(field, "event")) {
		buf_reset(&s->name);
		buf_span(&s->name, value);
	}
	return 0;
}

static size_t line_length(struct span in)
{
	const char *lf, *cr;
	size_t n;

	if (*in.p == '\n') /* one of two lines is empty */
		return 0;
	lf = memchr(in.p, '\n', in.n);
	n = lf ? (size_t)(lf - in.p) : in.n;
	cr = memchr(in.p, '\r', n);
	return cr ? (size_t)(cr - in.p) : n;
}

int sse_feed(struct sse *s, struct span in, struct err *e)
{
	const char *start = in.p;

	s->edge = 0;
	while (in.n) {
		size_t n;
		bool whole = s->line.n == 0, blank;
		struct span line;

		if (s->after_cr && in.p[0] == '\n') {
			s->after_cr = false;
			in.p++;
			in.n--;
			if (!s->has_data && !s->line.n && !s->name.n)
				s->edge = (size_t)(in.p - start);
			continue;
		}
		s->after_cr = false;
		n = line_length(in);
		if (n == in.n)
			break;
		line = (struct span){ in.p, n };
		if (!whole) {
			buf_span(&s->line, line);
			line = buf_get(&s->line);
		}
		if (s->line.full)
			return too_big(s, e);
		blank = line.n == 0;
		if (take_line(s, line, whole, e))
			return -1;
		buf_reset(&s->line);
		s->after_cr = in.p[n] == '\r';
		in.p += n + 1;
		in.n -= n + 1;
		if (blank)
			s->edge = (size_t)(in.p - start);
	}
	own_data(s);
	buf_span(&s->line, in);
	return s->line.full || s->data.full ? too_big(s, e) : 0;
}

/* Part of an event is as good as none. */
static bool is_torn(const struct sse *s)
{
	struct span data = span_trim(s->only.p ? s->only : buf_get(&s->data));

	return data.n ? !span_is(data, "[DONE]") && !peek_is_object(data)
		      : s->name.n > 0;
}

int sse_end(struct sse *s, struct err *e)
{
	struct span last = buf_get(&s->line);
	int rc = 0;

	if (last.n)
		rc = take_line(s, last, false, e);
	buf_reset(&s->line);
	if (rc == 0 && is_torn(s))
		return err_set(e, ERR_RESET,
			       "the stream ended early, in the middle of an "
			       "event");
	return rc ? rc : dispatch(s, e);
}
