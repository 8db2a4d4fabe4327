/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/fastcgi.h"

#include <fastcgi.h>
#include <string.h>

#define HELD_MAX FCGI_MAX_LENGTH

void fastcgi_init(struct fastcgi *f, const struct fastcgi_ops *ops, void *arg,
		  struct buf *out)
{
	memset(f, 0, sizeof(*f));
	f->ops = ops;
	f->arg = arg;
	f->out = out;
	buf_init(&f->held, HELD_MAX);
}

void fastcgi_release(struct fastcgi *f)
{
	buf_release(&f->held);
}

/* --- what goes out ------------------------------------------------------- */

static void put_head(struct fastcgi *f, int type, unsigned id, size_t n)
{
	const unsigned char head[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1,           (unsigned char)type,
		(unsigned char)(id >> 8), (unsigned char)id,
		(unsigned char)(n >> 8),  (unsigned char)n,
	};

	buf_add(f->out, (const char *)head, sizeof(head));
}

void fastcgi_cut(struct fastcgi *f)
{
	f->open = false;
}

static void grow(struct fastcgi *f, size_t n)
{
	unsigned char *head = (unsigned char *)f->out->p + f->open_at;

	head[4] = (unsigned char)(n >> 8);
	head[5] = (unsigned char)n;
}

void fastcgi_put(struct fastcgi *f, struct span s)
{
	while (s.n && !f->out->full) {
		size_t had, n;

		if (!f->open) {
			f->open_at = f->out->n;
			put_head(f, FCGI_STDOUT, f->id, 0);
			f->open = !f->out->full;
			continue;
		}
		had = f->out->n - f->open_at - FCGI_HEADER_LEN;
		n = FCGI_MAX_LENGTH - had;
		if (!n) {
			f->open = false;
			continue;
		}
		n = n < s.n ? n : s.n;
		buf_add(f->out, s.p, n);
		if (!f->out->full)
			grow(f, had + n);
		s = span_skip(s, n);
	}
}

static void put_end(struct fastcgi *f, unsigned id, unsigned char why)
{
	const unsigned char body[sizeof(FCGI_EndRequestBody)] = { [4] = why };

	put_head(f, FCGI_END_REQUEST, id, sizeof(body));
	buf_add(f->out, (const char *)body, sizeof(body));
}

void fastcgi_put_end(struct fastcgi *f)
{
	f->open = false;
	put_head(f, FCGI_STDOUT, f->id, 0);
	put_end(f, f->id, FCGI_REQUEST_COMPLETE);
}

void fastcgi_over(struct fastcgi *f)
{
	f->active = false;
	f->id = 0;
}

bool fastcgi_between(const struct fastcgi *f)
{
	return !f->have && !f->content && !f->padding;
}

/* --- what comes in ------------------------------------------------------- */

static size_t length(struct span s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.p + *at;

	if (*at >= s.n)
		return SIZE_MAX;
	if (*p < 0x80) {
		*at += 1;
		return *p;
	}
	if (s.n - *at < 4)
		return SIZE_MAX;
	*at += 4;
	return (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 |
	       (size_t)p[2] << 8 | p[3];
}

/* One pair at *at, which moves behind it. */
static bool read_pair(struct span s, size_t *at, struct span *name,
		      struct span *value)
{
	size_t n = length(s, at);
	size_t m = n == SIZE_MAX ? n : length(s, at);

	if (m == SIZE_MAX || n > s.n - *at || m > s.n - *at - n)
		return false;
	*name = (struct span){ s.p + *at, n };
	*value = (struct span){ s.p + *at + n, m };
	*at += n + m;
	return true;
}

size_t fastcgi_count_vars(const struct buf *params)
{
	struct span all = buf_get(params), name, value;
	size_t at = 0, count = 0;

	while (read_pair(all, &at, &name, &value))
		count++;
	return count;
}

/* The NUL overwrites the next pair's first length: that is read before. */
size_t fastcgi_vars(struct buf *params, fastcgi_var_fn *fn, void *arg)
{
	struct span all = buf_get(params), name, value, next_name, next;
	size_t at = 0, count = 0;
	bool more = read_pair(all, &at, &name, &value);

	while (more) {
		more = read_pair(all, &at, &next_name, &next);
		((char *)value.p)[value.n] = '\0';
		fn(arg, name, value.p);
		name = next_name;
		value = next;
		count++;
	}
	return count;
}

/* The web server asks what we can do. */
static void answer_values(struct fastcgi *f)
{
	static const struct {
		const char *name, *value;
	} known[] = {
		{ FCGI_MPXS_CONNS, "0" },
	};
	struct span name, value;
	char mem[64];
	struct buf text = { .p = mem, .cap = sizeof(mem), .max = 63 };
	size_t at = 0;

	while (read_pair(buf_get(&f->held), &at, &name, &value))
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (!span_is(name, known[i].name))
				continue;
			buf_byte(&text, (char)name.n);
			buf_byte(&text, (char)strlen(known[i].value));
			buf_span(&text, name);
			buf_str(&text, known[i].value);
		}
	f->open = false;
	put_head(f, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID, text.n);
	buf_span(f->out, buf_get(&text));
}

static void answer_unknown(struct fastcgi *f)
{
	const unsigned char body[sizeof(FCGI_UnknownTypeBody)] = { f->head[1] };

	f->open = false;
	put_head(f, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, sizeof(body));
	buf_add(f->out, (const char *)body, sizeof(body));
}

static unsigned id_of(const struct fastcgi *f)
{
	return (unsigned)f->head[2] << 8 | f->head[3];
}

static int begin(struct fastcgi *f, struct err *e)
{
	const FCGI_BeginRequestBody *b = (const void *)f->held.p;
	int role;

	if (f->held.n != sizeof(*b))
		return err_set(e, ERR_BAD_REQUEST,
			       "a FastCGI request begins with %zu bytes in "
			       "place of %zu",
			       f->held.n, sizeof(*b));
	role = b->roleB1 << 8 | b->roleB0;
	f->open = false;
	if (f->active) {
		put_end(f, id_of(f), FCGI_CANT_MPX_CONN);
	} else if (role != FCGI_RESPONDER && role != FCGI_AUTHORIZER) {
		put_end(f, id_of(f), FCGI_UNKNOWN_ROLE);
	} else {
		f->active = true;
		f->authorizer = role == FCGI_AUTHORIZER;
		f->id = (uint16_t)id_of(f);
		f->ops->begin(f->arg, b->flags & FCGI_KEEP_CONN);
	}
	return 0;
}

/* A record whose content is there as a whole. */
static int whole(struct fastcgi *f, struct err *e)
{
	switch (f->head[1]) {
	case FCGI_BEGIN_REQUEST:
		return begin(f, e);
	case FCGI_GET_VALUES:
		answer_values(f);
		return 0;
	}
	if (id_of(f) == FCGI_NULL_REQUEST_ID)
		answer_unknown(f);
	return 0;
}

static bool is_whole(const struct fastcgi *f)
{
	int type = f->head[1];

	return type == FCGI_BEGIN_REQUEST || type == FCGI_GET_VALUES ||
	       id_of(f) == FCGI_NULL_REQUEST_ID;
}

/* Content of the running request, or of none: that is passed over. */
static int piece(struct fastcgi *f, struct span s, struct err *e)
{
	if (is_whole(f)) {
		buf_span(&f->held, s);
		return f->held.full ? err_memory(e) : 0;
	}
	if (!f->active || id_of(f) != f->id)
		return 0;
	if (f->head[1] == FCGI_PARAMS)
		f->ops->params(f->arg, s);
	else if (f->head[1] == FCGI_STDIN)
		f->ops->body(f->arg, s);
	return 0;
}

/* The head of a record is complete. */
static int record(struct fastcgi *f, struct err *e)
{
	if (f->head[0] != FCGI_VERSION_1)
		return err_set(e, ERR_BAD_REQUEST,
			       "not FastCGI: its version would be %u",
			       f->head[0]);
	f->content = (size_t)f->head[4] << 8 | f->head[5];
	f->padding = f->head[6];
	buf_reset(&f->held);
	if (f->head[1] == FCGI_ABORT_REQUEST && f->active && id_of(f) == f->id)
		f->ops->abort(f->arg);
	/* An empty one of a stream is its end. */
	if (!f->content && !is_whole(f))
		return piece(f, SPAN(""), e);
	return f->content ? 0 : whole(f, e);
}

int fastcgi_feed(struct fastcgi *f, struct span in, struct err *e)
{
	while (in.n) {
		size_t n;

		if (f->content) {
			n = in.n < f->content ? in.n : f->content;
			f->content -= n;
			if (piece(f, (struct span){ in.p, n }, e) ||
			    (!f->content && is_whole(f) && whole(f, e)))
				return -1;
		} else if (f->padding) {
			n = in.n < f->padding ? in.n : f->padding;
			f->padding -= n;
		} else {
			n = sizeof(f->head) - f->have;
			n = in.n < n ? in.n : n;
			memcpy(f->head + f->have, in.p, n);
			f->have += n;
			if (f->have == sizeof(f->head)) {
				f->have = 0;
				if (record(f, e))
					return -1;
			}
		}
		in = span_skip(in, n);
	}
	return 0;
}
