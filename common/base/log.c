/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/log.h"

#include "base/clock.h"
#include "base/embed.h"
#include "base/jw.h"
#include "base/utf8.h"

#include <ctype.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096 /* which a pipe takes as one */
#define VALUE_MAX 512 /* bytes of a value, which may be escaped to twice that */
#define PLAIN_MAX 128 /* bytes of a value that is put as it is */
#define RESERVE 800 /* bytes for names, numbers and what stands behind texts */
#define HELD_MAX 4096 /* the same for lines that wait */
#define SECRET_MIN 8  /* shorter tails are words, not keys */

static bool as_json;

void log_init(bool json)
{
	as_json = json;
}

bool log_is_json(void)
{
	return as_json;
}

/* What the keys of the known providers begin with. */
static const char *const secret_prefixes[] = {
	"sk-",         "sk_",      "gsk_", "xai-", "AIza",    "eyJ",
	"hf_",         "pplx-",    "csk-", "tgp_", "nvapi-",  "ghp_",
	"gho_",        "fw_",      "r8_",  "AKIA", "Bearer ", "bearer ",
	"x-api-key: ", "api_key=", "key=",
};
#define PREFIXES (sizeof(secret_prefixes) / sizeof(secret_prefixes[0]))

/* Every byte of every line is looked at. */
enum {
	WORD = 1,   /* a letter or digit */
	BEGINS = 2, /* the first byte of such a prefix */
	PLAIN = 4,  /* stands in a line as it is */
};
static unsigned char kinds[UCHAR_MAX + 1];
/* Those with the same first byte; both count from one. */
static unsigned char first[UCHAR_MAX + 1], next[PREFIXES + 1];
static pthread_once_t kinds_once = PTHREAD_ONCE_INIT;

static void fill_kinds(void)
{
	for (int c = 0; c <= UCHAR_MAX; c++)
		kinds[c] = (unsigned char)((isalnum(c) ? WORD : 0) |
					   (c > ' ' && c < 0x7f &&
							    !strchr("\"\\=", c)
						    ? PLAIN
						    : 0));
	for (size_t i = 0; i < PREFIXES; i++) {
		unsigned char c = (unsigned char)*secret_prefixes[i];

		kinds[c] |= BEGINS;
		next[i + 1] = first[c];
		first[c] = (unsigned char)(i + 1);
	}
}

static bool secret_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-_.~+/=", c));
}

/* Length of the prefix when a credential begins at s, else 0. */
static size_t secret_at(struct span s)
{
	pthread_once(&kinds_once, fill_kinds);
	for (unsigned i = first[(unsigned char)*s.p]; i; i = next[i]) {
		const char *prefix = secret_prefixes[i - 1];
		size_t n, tail = 0;

		if (!span_starts(s, prefix))
			continue;
		n = strlen(prefix);
		while (n + tail < s.n && secret_char(s.p[n + tail]))
			tail++;
		if (tail >= SECRET_MIN)
			return n;
	}
	return 0;
}

bool log_is_secret(struct span s)
{
	return s.n && secret_at(s);
}

void log_redact(struct span in, struct buf *out)
{
	size_t from = 0, i = 0;
	unsigned before = 0; /* the kind of the byte before */

	pthread_once(&kinds_once, fill_kinds);
	while (i < in.n) {
		unsigned kind = kinds[(unsigned char)in.p[i]];
		bool may = kind & BEGINS && !(before & WORD);
		size_t n = may ? secret_at(span_skip(in, i)) : 0;

		before = kind;
		i++;
		if (!n)
			continue;
		i += n - 1;
		buf_add(out, in.p + from, i - from);
		buf_str(out, "***");
		while (i < in.n && secret_char(in.p[i]))
			i++;
		from = i;
		before = kinds[(unsigned char)in.p[i - 1]];
	}
	buf_add(out, in.p + from, in.n - from);
}

static _Thread_local struct {
	bool on;
	struct buf lines;
} held;

/* Nobody can be told that the log itself cannot be written. A pipe that nobody
 * reads does not hold a thread up that has others to serve. */
static void put_out(struct span lines)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (!lines.n || (held.on && poll(&p, 1, 0) == 0))
		return;
	if (write(STDERR_FILENO, lines.p, lines.n) < 0)
		return;
}

void log_flush(void)
{
	put_out(buf_get(&held.lines));
	buf_reset(&held.lines);
}

void log_hold(bool on)
{
	log_flush();
	buf_release(&held.lines);
	buf_init(&held.lines, HELD_MAX);
	held.on = on;
}

/* A host's lines are not written, but handed over. */
static bool emit_to_host(const struct embed *x, struct buf *out)
{
	if (!x)
		return false;
	out->p[out->n] = '\0';
	if (x->log)
		x->log(x->log_arg, out->p);
	return true;
}

static void emit(struct buf *line)
{
	static _Thread_local char mem[LINE_MAX_BYTES * 2];
	struct buf out = { .p = mem,
			   .cap = sizeof(mem),
			   .max = sizeof(mem) - 2 };

	log_redact(buf_get(line), &out);
	if (emit_to_host(embed_now(), &out))
		return;
	out.p[out.n++] = '\n';
	if (!held.on) {
		put_out(buf_get(&out));
		return;
	}
	if (held.lines.n + out.n > HELD_MAX)
		log_flush();
	if (out.n > HELD_MAX)
		put_out(buf_get(&out));
	else
		buf_span(&held.lines, buf_get(&out));
}

void log_msg(const char *fmt, ...)
{
	char text[1024], stamp[32], mem[LINE_MAX_BYTES];
	struct buf line = { .p = mem,
			    .cap = sizeof(mem),
			    .max = sizeof(mem) - 1 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_clean_str(text);
	clock_stamp(stamp, sizeof(stamp));
	if (as_json) {
		struct jw w = jw_to(&line);

		jw_obj(&w);
		jw_kcstr(&w, "time", stamp);
		jw_kcstr(&w, "msg", text);
		jw_obj_end(&w);
	} else {
		buf_fmt(&line, "%s dario: %s", stamp, text);
	}
	emit(&line);
}

static void put_name(struct buf *b, const char *key)
{
	buf_byte(b, ' ');
	buf_str(b, key);
	buf_byte(b, '=');
}

/* The beginning of a text, made clean: so much of it that the rest of the line
 * has its place. */
static struct span value_of(const struct buf *line, const char *text,
			    char out[VALUE_MAX])
{
	size_t room = line->n + RESERVE < line->max
			    ? (line->max - RESERVE - line->n) / 2
			    : 0;
	size_t max = room < VALUE_MAX ? room : VALUE_MAX;
	struct span s = { text, strnlen(text, VALUE_MAX + 1) };

	s = utf8_fit(s, max);
	memcpy(out, s.p, s.n);
	return (struct span){ out, utf8_clean(out, s.n) };
}

static bool needs_quotes(struct span s)
{
	return memchr(s.p, ' ', s.n) || memchr(s.p, '"', s.n) ||
	       memchr(s.p, '\\', s.n) || memchr(s.p, '=', s.n);
}

/* Most values need no more. */
static bool put_plain(struct buf *b, const char *key, const char *text)
{
	size_t n = 0;

	pthread_once(&kinds_once, fill_kinds);
	while (kinds[(unsigned char)text[n]] & PLAIN)
		n++;
	if (text[n] || n > PLAIN_MAX || b->n + RESERVE > b->max)
		return false;
	put_name(b, key);
	buf_add(b, text, n);
	return true;
}

static void put_str(struct jw *w, const char *key, const char *text)
{
	struct buf *b = w->out;
	char mem[VALUE_MAX];
	struct span s;

	if (!text || !*text)
		return;
	if (!as_json && put_plain(b, key, text))
		return;
	s = value_of(b, text, mem);
	if (!s.n)
		return;
	if (as_json) {
		jw_key(w, key);
		jw_str(w, s);
		return;
	}
	put_name(b, key);
	if (needs_quotes(s)) {
		buf_byte(b, '"');
		jw_escape(b, s);
		buf_byte(b, '"');
	} else {
		jw_escape(b, s);
	}
}

static void put_int(struct jw *w, const char *key, int64_t v)
{
	if (v < 0)
		return;
	if (as_json) {
		jw_kint(w, key, v);
		return;
	}
	put_name(w->out, key);
	buf_int(w->out, v);
}

void log_request(const struct log_access *a)
{
	static _Thread_local char mem[LINE_MAX_BYTES];
	char stamp[32];
	struct buf line = { .p = mem,
			    .cap = sizeof(mem),
			    .max = sizeof(mem) - 1 };
	struct jw w = jw_to(&line);

	clock_stamp(stamp, sizeof(stamp));
	if (as_json) {
		jw_obj(&w);
		jw_kcstr(&w, "time", stamp);
	} else {
		buf_str(&line, stamp);
	}
	put_str(&w, "id", a->id);
	put_str(&w, "method", a->method);
	put_str(&w, "path", a->path);
	put_int(&w, "status", a->status);
	put_str(&w, "person", a->person);
	put_str(&w, "api", a->api);
	put_str(&w, "backend", a->backend);
	put_str(&w, "account", a->account);
	put_str(&w, "model", a->model);
	put_str(&w, "upstream_model", a->upstream_model);
	put_str(&w, "upstream_id", a->upstream_id);
	put_int(&w, "stream", a->stream ? 1 : -1);
	put_int(&w, "first_ms", a->first_ms);
	put_int(&w, "total_ms", a->total_ms);
	put_int(&w, "bytes_in", (int64_t)a->bytes_in);
	put_int(&w, "bytes_out", (int64_t)a->bytes_out);
	put_str(&w, "fallback", a->fallback);
	put_str(&w, "dropped", a->dropped);
	put_str(&w, "error", a->error);
	put_str(&w, "cause", a->cause);
	if (as_json)
		jw_obj_end(&w);
	emit(&line);
}
