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

/* Which of the two ways to read a backslash in quotes. */
enum backslash {
	ESCAPES, /* what follows, as RFC 2616 has it */
	STANDS,  /* as in the name of a file */
};

/* "": it does not fit. */
static void decode(struct span s, enum backslash b, char *out, size_t room)
{
	bool quoted;
	size_t n = 0;

	s = span_trim(s);
	quoted = s.n && *s.p == '"';
	if (quoted)
		s = span_skip(s, 1);
	for (; s.n && *s.p != (quoted ? '"' : ';'); s = span_skip(s, 1)) {
		if (quoted && *s.p == '\\' && b == ESCAPES && s.n > 1)
			s = span_skip(s, 1);
		if (n + 1 == room) {
			n = 0;
			break;
		}
		out[n++] = *s.p;
	}
	while (!quoted && n && (out[n - 1] == ' ' || out[n - 1] == '\t'))
		n--;
	out[n] = '\0';
}

/* How often a parameter is there in "first; name=value; ...", and its value,
 * decoded into out. `name*` is read by some alone, and counts as two. */
static int parameter(struct span s, const char *name, enum backslash b,
		     char *out, size_t room)
{
	bool quoted = false;
	int found = 0;

	*out = '\0';
	for (;;) {
		struct span key;

		for (; s.n && (quoted || *s.p != ';'); s = span_skip(s, 1)) {
			if (quoted && *s.p == '\\' && b == ESCAPES)
				s = span_skip(s, 1);
			else if (*s.p == '"')
				quoted = !quoted;
		}
		if (!s.n)
			return found;
		s = span_skip(s, 1);
		key = s;
		key.n = 0;
		while (key.n < s.n && !strchr("=;*\"", key.p[key.n]))
			key.n++;
		s = span_skip(s, key.n);
		if (!s.n || !span_ieq(span_trim(key), name))
			continue;
		found += *s.p == '*' ? 2 : *s.p == '=';
		if (*s.p == '=')
			decode(span_skip(s, 1), b, out, room);
	}
}

int form_init(struct form *f, const char *type, struct err *e)
{
	char *boundary = f->delimiter + 4;

	f->has_model = f->in_model = f->in_count = f->odd_count = false;
	f->begun = false;
	f->at = f->head_n = f->model_n = 0;
	f->count = f->count_read = 0;
	f->state = CONTENT;
	memcpy(f->delimiter, "\r\n--", 4);
	if (strchr(type, '\\') ||
	    parameter(span_of(type), "boundary", STANDS, boundary,
		      FORM_BOUNDARY_MAX + 1) != 1 ||
	    !*boundary || strpbrk(boundary, "\r\n"))
		return err_set(e, ERR_BAD_REQUEST,
			       "the content-type names no single boundary "
			       "between the fields of the form: write " TYPE
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

/* A line's value, and how many there are. */
static int line_of(const struct form *f, const char *name, struct span *out)
{
	struct span head = { f->head, f->head_n };
	int found = 0;

	*out = SPAN("");
	while (head.n) {
		struct span value = span_cut(&head, '\n');

		if (span_ieq(span_trim(span_cut(&value, ':')), name)) {
			*out = span_trim(value);
			found++;
		}
	}
	return found;
}

struct part {
	char name[sizeof("model")]; /* "" is any other */
	int names, files;           /* how often they are said */
	bool blank;                 /* the file has no name */
};

static struct part part_of(struct span disposition, enum backslash b)
{
	char file[FORM_HEAD_MAX];
	struct part p;

	p.names = parameter(disposition, "name", b, p.name, sizeof(p.name));
	p.files = parameter(disposition, "filename", b, file, sizeof(file));
	p.blank = !*file;
	return p;
}

static bool is_same(const struct part *a, const struct part *b)
{
	return strcmp(a->name, b->name) == 0 && a->names == b->names &&
	       !a->files == !b->files;
}

static int begin_model(struct form *f, const struct part *p, struct err *e)
{
	if (strcmp(p->name, "model"))
		return damaged(f, "a field \"model\" with capital letters", e);
	if (f->has_model)
		return damaged(f, "second field \"model\"", e);
	f->in_model = true;
	f->model_at = f->at;
	f->model_n = 0;
	return 0;
}

static bool is_plain(struct span coding)
{
	return span_ieq(coding, "7bit") || span_ieq(coding, "8bit") ||
	       span_ieq(coding, "binary");
}

/* What one server takes as a field, and another one not, is refused. */
static int begin_content(struct form *f, struct err *e)
{
	struct span d, coding;
	struct part p, other;
	bool model, count;

	f->state = CONTENT;
	f->matched = 0;
	f->in_model = f->in_count = f->odd_count = false;
	f->count_read = 0;
	unfold(f);
	if (line_of(f, "content-disposition", &d) > 1)
		return damaged(f, "a part with two content-dispositions", e);
	p = part_of(d, ESCAPES);
	other = part_of(d, STANDS);
	if (p.names > 1 || other.names > 1 || !is_same(&p, &other))
		return damaged(f, "a part whose name can be read in two ways",
			       e);
	model = strcasecmp(p.name, "model") == 0;
	count = strcasecmp(p.name, "n") == 0;
	if (!model && !count)
		return 0;
	if (p.files == 1 && !p.blank)
		return 0;
	if (p.files)
		return damaged(f, "a field that could be a file", e);
	if (line_of(f, "content-transfer-encoding", &coding) &&
	    !is_plain(coding))
		return damaged(f,
			       "a field with a content-transfer-encoding: "
			       "send it plain",
			       e);
	f->in_count = count;
	return model ? begin_model(f, &p, e) : 0;
}

static int head_byte(struct form *f, char c, struct err *e)
{
	if (f->head_n == FORM_HEAD_MAX)
		return damaged(f, "the header of a part is too long", e);
	if ((c == '\n') != (f->head[f->head_n - 1] == '\r'))
		return damaged(f, "a line that does not end with CR LF", e);
	f->head[f->head_n++] = c;
	f->at++;
	if (f->head_n < 4 || memcmp(f->head + f->head_n - 4, "\r\n\r\n", 4))
		return 0;
	return begin_content(f, e);
}

/* --- and its content ----------------------------------------------------- */

static void keep_count(struct form *f, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';

		if (digit && f->count_read <= FORM_COUNT_MAX)
			f->count_read = f->count_read * 10 + s.p[i] - '0';
		f->odd_count |= !digit;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What stands around the parts is read by some as one more. */
static int look_around(const struct form *f, struct span s, struct err *e)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_blank(s.p[i]))
			return damaged(f, "text outside of its parts", e);
	return 0;
}

static int keep(struct form *f, struct span s, struct err *e)
{
	if (!f->begun)
		return look_around(f, s, e);
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
	f->begun = true;
	if (f->odd_count && f->count_read < FORM_COUNT_ODD)
		f->count_read = FORM_COUNT_ODD;
	f->odd_count = false;
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

	while (in.n && rc == 0) {
		char c = *in.p;

		if (f->state == OVER)
			return look_around(f, in, e);
		if (f->state == CONTENT) {
			rc = content(f, &in, e);
			continue;
		}
		in = span_skip(in, 1);
		rc = f->state == HEAD ? head_byte(f, c, e) : after(f, c, e);
	}
	return rc;
}

bool form_is_over(const struct form *f)
{
	return f->state == OVER;
}
