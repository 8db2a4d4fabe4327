/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/form.h"

#include <string.h>
#include <strings.h>

#define TYPE "multipart/form-data"

enum state {
	CONTENT, /* of a part, or what stands before the first */
	AFTER,   /* behind a delimiter */
	DASH,    /* behind one and a dash: the last one */
	HEAD,
	OVER,
};

bool form_is(const char *type)
{
	size_t n = strlen(TYPE);

	return type && strncasecmp(type, TYPE, n) == 0 &&
	       strchr("; \t", type[n]);
}

/* The value of a parameter, decoded into out, of "first; name=value; ...".
 * False: it is not there, or does not fit. */
static bool parameter(struct span s, const char *name, char *out, size_t room)
{
	bool quoted = false;
	size_t n = 0;

	for (;;) {
		struct span key;

		for (; s.n && (quoted || *s.p != ';'); s = span_skip(s, 1)) {
			if (quoted && *s.p == '\\')
				s = span_skip(s, 1);
			else if (*s.p == '"')
				quoted = !quoted;
		}
		if (!s.n)
			return false;
		s = span_skip(s, 1);
		key = s;
		key.n = 0;
		while (key.n < s.n && !strchr("=;\"", key.p[key.n]))
			key.n++;
		s = span_skip(s, key.n);
		if (s.n && *s.p == '=' && span_ieq(span_trim(key), name))
			break;
	}
	s = span_trim(span_skip(s, 1));
	quoted = s.n && *s.p == '"';
	if (quoted)
		s = span_skip(s, 1);
	for (; s.n && *s.p != (quoted ? '"' : ';'); s = span_skip(s, 1)) {
		if (quoted && *s.p == '\\' && s.n > 1)
			s = span_skip(s, 1);
		if (n + 1 >= room)
			return false;
		out[n++] = *s.p;
	}
	while (!quoted && n && (out[n - 1] == ' ' || out[n - 1] == '\t'))
		n--;
	out[n] = '\0';
	return true;
}

int form_init(struct form *f, const char *type, struct err *e)
{
	char *boundary = f->delimiter + 4;

	f->has_model = f->in_model = f->in_count = false;
	f->at = f->head_n = f->model_n = 0;
	f->count = f->count_read = 0;
	f->state = CONTENT;
	memcpy(f->delimiter, "\r\n--", 4);
	if (!parameter(span_of(type), "boundary", boundary,
		       FORM_BOUNDARY_MAX + 1) ||
	    !*boundary || strpbrk(boundary, "\r\n"))
		return err_set(e, ERR_BAD_REQUEST,
			       "the content-type names no boundary between the "
			       "fields of the form: write " TYPE
			       "; boundary=...");
	f->delimiter_n = strlen(f->delimiter);
	f->matched = 2; /* the first one stands at the beginning */
	return 0;
}

static int damaged(const struct form *f, const char *what, struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "the body is not a valid form: %s at byte %zu", what,
		       f->at);
}

/* --- the head of a part -------------------------------------------------- */

/* Lines that go on in the next are one. */
static void unfold(struct form *f)
{
	for (size_t i = 0; i + 2 < f->head_n; i++)
		if (f->head[i] == '\r' &&
		    (f->head[i + 2] == ' ' || f->head[i + 2] == '\t'))
			f->head[i] = f->head[i + 1] = ' ';
}

static struct span disposition(struct form *f)
{
	struct span head = { f->head, f->head_n };

	unfold(f);
	while (head.n) {
		struct span value = span_cut(&head, '\n');
		struct span name = span_cut(&value, ':');

		if (span_ieq(span_trim(name), "content-disposition"))
			return span_trim(value);
	}
	return SPAN("");
}

static int begin_content(struct form *f, struct err *e)
{
	struct span d = disposition(f);
	char name[sizeof("model")], file[FORM_HEAD_MAX];
	bool is_field;

	f->state = CONTENT;
	f->matched = 0;
	is_field = parameter(d, "name", name, sizeof(name)) &&
		   !parameter(d, "filename", file, sizeof(file)) &&
		   !parameter(d, "filename*", file, sizeof(file));
	f->in_model = is_field && strcmp(name, "model") == 0;
	f->in_count = is_field && strcmp(name, "n") == 0;
	f->count_read = 0;
	if (!f->in_model)
		return 0;
	if (f->has_model)
		return damaged(f, "second field \"model\"", e);
	f->model_at = f->at;
	f->model_n = 0;
	return 0;
}

static int head_byte(struct form *f, char c, struct err *e)
{
	if (f->head_n == FORM_HEAD_MAX)
		return damaged(f, "the header of a part is too long", e);
	f->head[f->head_n++] = c;
	f->at++;
	if (f->head_n < 4 || memcmp(f->head + f->head_n - 4, "\r\n\r\n", 4))
		return 0;
	return begin_content(f, e);
}

/* --- and its content ----------------------------------------------------- */

static void keep_count(struct form *f, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9' &&
		    f->count_read <= FORM_COUNT_MAX)
			f->count_read = f->count_read * 10 + s.p[i] - '0';
}

static int keep(struct form *f, struct span s, struct err *e)
{
	if (f->in_count)
		keep_count(f, s);
	if (!f->in_model)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (f->model_n == FORM_MODEL_MAX || c < 0x20 || c == 0x7f) {
			err_set(e, ERR_BAD_REQUEST,
				"model must be a name of at most %d printable "
				"bytes (byte %zu)",
				FORM_MODEL_MAX, f->at);
			memcpy(e->param, "model", sizeof("model"));
			return -1;
		}
		f->model[f->model_n++] = (char)c;
	}
	return 0;
}

static void end_content(struct form *f)
{
	f->state = AFTER;
	if (f->count_read > f->count)
		f->count = f->count_read < FORM_COUNT_MAX ? f->count_read
							  : FORM_COUNT_MAX;
	f->count_read = 0;
	if (!f->in_model)
		return;
	f->in_model = false;
	f->has_model = true;
	f->model[f->model_n] = '\0';
	f->model_len = f->at - f->delimiter_n - f->model_at;
}

/* Takes at least a byte, or gives up a beginning that was none. */
static int content(struct form *f, struct span *in, struct err *e)
{
	const char *cr = f->matched ? in->p : memchr(in->p, '\r', in->n);
	struct span plain = { in->p, cr ? (size_t)(cr - in->p) : in->n };

	if (keep(f, plain, e))
		return -1;
	*in = span_skip(*in, plain.n);
	f->at += plain.n;
	if (!in->n)
		return 0;
	if (*in->p != f->delimiter[f->matched]) {
		struct span none = { f->delimiter, f->matched };

		f->matched = 0;
		return keep(f, none, e);
	}
	*in = span_skip(*in, 1);
	f->at++;
	if (++f->matched == f->delimiter_n)
		end_content(f);
	return 0;
}

/* Behind a delimiter: the head of the next part, or the end. */
static int after(struct form *f, char c, struct err *e)
{
	f->at++;
	if (f->state == DASH) {
		f->state = OVER;
		return c == '-' ? 0 : damaged(f, "a torn delimiter", e);
	}
	switch (c) {
	case ' ':
	case '\t':
		return 0;
	case '-':
		f->state = DASH;
		return 0;
	case '\r':
		f->state = HEAD;
		f->head[0] = c;
		f->head_n = 1;
		return 0;
	}
	return damaged(f, "a torn delimiter", e);
}

int form_feed(struct form *f, struct span in, struct err *e)
{
	int rc = 0;

	while (in.n && rc == 0 && f->state != OVER) {
		char c = *in.p;

		if (f->state == CONTENT) {
			rc = content(f, &in, e);
			continue;
		}
		in = span_skip(in, 1);
		rc = f->state == HEAD ? head_byte(f, c, e) : after(f, c, e);
	}
	return rc;
}
