/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http-head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS 18 /* of Content-Length */

bool http_next_field(const struct http_head *head, size_t *at,
		     struct span *name, struct span *value)
{
	while (*at < head->fields.n) {
		struct span line = { head->fields.p + *at,
				     head->fields.n - *at };
		const char *lf = memchr(line.p, '\n', line.n);
		const char *colon;

		if (lf)
			line.n = (size_t)(lf - line.p) + 1;
		*at += line.n;
		colon = memchr(line.p, ':', line.n);
		if (!colon)
			continue;
		*name = (struct span){ line.p, (size_t)(colon - line.p) };
		*value = span_trim(
			(struct span){ colon + 1, line.n - name->n - 1 });
		return true;
	}
	return false;
}

static bool is_field(struct span line, const char *name, size_t n)
{
	return line.n > n && line.p[n] == ':' &&
	       strncasecmp(line.p, name, n) == 0;
}

struct span http_field(const struct http_head *head, const char *name)
{
	const char *p = head->fields.p, *end = p + head->fields.n;
	size_t n = strlen(name);

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((lf ? lf : end) - p);

		if (is_field((struct span){ p, len }, name, n))
			return span_trim(
				(struct span){ p + n + 1, len - n - 1 });
		p += len + 1;
	}
	return SPAN("");
}

/* The one whose name the line has, or n. */
static size_t named(struct span line, const char *const *names, size_t n)
{
	int first = line.n ? tolower((unsigned char)*line.p) : 0;

	for (size_t i = 0; i < n; i++) {
		size_t len;

		if (*names[i] != first)
			continue;
		len = strlen(names[i]);
		if (is_field(line, names[i], len))
			return i;
	}
	return n;
}

void http_fields(const struct http_head *head, const char *const *names,
		 size_t n, struct span *values)
{
	struct span rest = head->fields;

	memset(values, 0, n * sizeof(*values));
	while (rest.n) {
		struct span line = span_cut(&rest, '\n');
		size_t i = named(line, names, n);

		if (i < n && !values[i].p)
			values[i] = span_trim(
				span_skip(line, strlen(names[i]) + 1));
	}
}

int http_head_status(struct span line)
{
	struct span rest = line;
	struct span code;

	if (!span_starts(line, "HTTP/"))
		return -1;
	span_cut(&rest, ' ');
	rest = span_trim(rest);
	code = span_cut(&rest, ' ');
	if (code.n != 3 || !isdigit((unsigned char)code.p[0]) ||
	    !isdigit((unsigned char)code.p[1]) ||
	    !isdigit((unsigned char)code.p[2]))
		return -1;
	return (code.p[0] - '0') * 100 + (code.p[1] - '0') * 10 +
	       (code.p[2] - '0');
}

bool http_head_unfold(struct buf *head, struct span line)
{
	size_t n = head->n;

	if (!n || !line.n || (*line.p != ' ' && *line.p != '\t'))
		return false;
	while (n && (head->p[n - 1] == '\n' || head->p[n - 1] == '\r'))
		n--;
	buf_splice(head, n, head->n - n, SPAN(""));
	return true;
}

int http_head_check(const struct http_head *head, struct err *e)
{
	struct span name, value, length = SPAN("");
	size_t at = 0;

	if (http_field(head, "Transfer-Encoding").n)
		return 0;
	while (http_next_field(head, &at, &name, &value)) {
		if (!span_ieq(name, "Content-Length"))
			continue;
		for (size_t i = 0; i < value.n || !value.n; i++)
			if (!value.n || value.n > LENGTH_DIGITS ||
			    !isdigit((unsigned char)value.p[i]))
				return err_set(e, ERR_UPSTREAM,
					       "the answer is not valid HTTP: "
					       "a Content-Length of \"%.*s\"",
					       value.n < 40 ? (int)value.n : 40,
					       value.p);
		if (length.n && !span_eq(length, value))
			return err_set(e, ERR_UPSTREAM,
				       "the answer is not valid HTTP: two "
				       "fields Content-Length that differ");
		length = value;
	}
	return 0;
}
