/* SPDX-License-Identifier: MIT */
/*
 * convert: the translation by itself, for tests.
 *
 *	convert request FROM TO MODEL [SWITCHES]      body on standard input
 *	convert mend DIALECT MODEL [SWITCHES]         the same dialect
 *	convert answer FROM TO stream|whole STEP [REQUEST MODEL]
 *
 * FROM and TO are dialects. SWITCHES is a JSON object as in a backend's file.
 * An answer is read in steps of STEP bytes (0: at once); REQUEST is a file with
 * what the client, who speaks TO, had asked. What would be an HTTP error is
 * printed as "HTTP status" and its body. What was dropped goes to standard
 * error.
 */
#include "config.h"

#include "base/digest.h"
#include "base/utf8.h"
#include "dialect/error.h"
#include "dialect/mend.h"
#include "dialect/translation.h"
#include "state/config/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (256u << 20)

/* Whatever is converted is of one provider. */
static const struct seal_origin origin;

static void read_file(FILE *f, struct buf *out)
{
	char chunk[65536];
	size_t n;

	buf_init(out, INPUT_MAX);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
}

static const struct dialect *need_dialect(const char *name)
{
	const struct dialect *d = dialect_find(span_of(name));

	if (!d) {
		fprintf(stderr, "convert: unknown dialect %s\n", name);
		exit(2);
	}
	return d;
}

static int http_error(const struct dialect *d, const struct err *e)
{
	struct buf out;

	buf_init(&out, 65536);
	d->error_body(&out, e, "req_test");
	printf("HTTP %d\n%s\n",
	       error_status(e, d == &dialects[DIALECT_ANTHROPIC]),
	       buf_cstr(&out));
	buf_release(&out);
	return 1;
}

/* Read `body` in dialect `from`, write it for `to` and model. */
static int request(struct chat *c, struct span body, const struct dialect *from,
		   const struct dialect *to, const char *model,
		   const char *switches, struct buf *out, const char **dropped,
		   struct err *e)
{
	struct models *m = models_load(e);
	struct json_object *q = switches ? json_read(span_of(switches), e)
					 : NULL;
	struct upstream_model t = { .model = model };
	int rc = -1;

	if (!m || (switches && !q))
		goto done;
	t.family = models_family(m, model);
	if (quirks_parse(&t.quirks, q, e) == 0)
		rc = translate_request(c, from, to, &t, body, out, dropped, e);
done:
	models_free(m);
	json_object_put(q);
	return rc;
}

static int run_request(char **argv, int argc)
{
	const struct dialect *from = need_dialect(argv[2]);
	const struct dialect *to = need_dialect(argv[3]);
	const char *dropped = "";
	struct err e = { 0 };
	struct arena a;
	struct chat c;
	struct buf in, out;
	int rc;

	arena_init(&a);
	chat_init(&c, &a);
	c.origin = &origin;
	buf_init(&out, INPUT_MAX);
	read_file(stdin, &in);
	rc = request(&c, buf_get(&in), from, to, argv[4],
		     argc > 5 ? argv[5] : NULL, &out, &dropped, &e);
	if (rc)
		rc = http_error(from, &e);
	else
		puts(buf_cstr(&out));
	fputs(dropped, stderr);
	buf_release(&in);
	buf_release(&out);
	chat_release(&c);
	arena_release(&a);
	return rc;
}

/* What was mended, a line end, what was dropped: to standard error. */
static int run_mend(char **argv, int argc)
{
	const struct dialect *d = need_dialect(argv[2]);
	enum dialect_id id = (enum dialect_id)(d - dialects);
	struct upstream_model t = { .model = argv[3], .origin = &origin };
	struct models *models;
	struct json_object *switches;
	struct err e = { 0 };
	struct buf in, out;
	struct arena a;
	struct mend m;
	struct peek_seen seen;
	struct peek k;
	int rc;

	arena_init(&a);
	buf_init(&out, INPUT_MAX);
	read_file(stdin, &in);
	peek_init(&k, &seen);
	models = models_load(&e);
	switches = json_read(span_of(argc > 4 ? argv[4] : "{}"), &e);
	if (!models || quirks_parse(&t.quirks, switches, &e) ||
	    peek_feed(&k, buf_get(&in), &e) || peek_end(&k, &e))
		return http_error(d, &e);
	t.family = models_family(models, argv[3]);
	mend_init(&m, &a, buf_get(&in), &t);
	if (mend_wanted(&k, buf_get(&in), id, &t))
		d->mend(&m);
	rc = mend_apply(&m, &out, &e);
	if (rc)
		rc = http_error(d, &e);
	else
		fwrite(out.p, 1, out.n, stdout);
	fprintf(stderr, "%s\n%s", buf_cstr(&m.names), buf_cstr(&m.dropped));
	mend_release(&m);
	json_object_put(switches);
	models_free(models);
	buf_release(&in);
	buf_release(&out);
	arena_release(&a);
	return rc;
}

/* As if the client had each event at once. */
static void see(void *arg, const struct ev *v)
{
	struct translation *t = arg;

	t->begun |= v->kind != EV_START && v->kind != EV_PING;
}

static bool looks_whole(struct span in)
{
	if (span_starts(in, UTF8_BOM))
		in = span_skip(in, strlen(UTF8_BOM));
	return in.n && strchr("{[", in.p[0]);
}

static int feed(struct translation *t, struct span in, size_t step,
		struct err *e)
{
	struct sse s;
	int rc = 0;

	if (looks_whole(in))
		return translation_body(t, in, e);
	sse_init(&s, translation_event, t);
	while (in.n && rc == 0) {
		size_t n = step && step < in.n ? step : in.n;

		rc = sse_feed(&s, (struct span){ in.p, n }, e);
		in.p += n;
		in.n -= n;
	}
	if (rc == 0)
		rc = sse_end(&s, e);
	if (rc == 0)
		rc = translation_end(t, e);
	sse_release(&s);
	return rc;
}

/* As the relay does it: nothing goes out before the first content. */
static void print_answer(struct translation *t, int rc, struct err *e)
{
	struct err unused;

	if (rc && !(t->stream && t->content)) {
		http_error(t->writer.dialect, e);
		return;
	}
	if (rc)
		writer_event(&t->writer,
			     &(struct ev){ .kind = EV_ERROR, .err = e },
			     &unused);
	fwrite(t->out.p, 1, t->out.n, stdout);
}

/* What the client, who speaks `to`, had asked. */
static void read_client(struct chat *c, const struct dialect *from,
			const struct dialect *to, char **argv)
{
	struct err e = { 0 };
	struct buf text, unused;
	FILE *f = fopen(argv[6], "r");

	if (!f) {
		perror(argv[6]);
		exit(2);
	}
	read_file(f, &text);
	fclose(f);
	buf_init(&unused, INPUT_MAX);
	if (request(c, buf_get(&text), to, from, argv[7], NULL, &unused, NULL,
		    &e)) {
		fprintf(stderr, "convert: %s\n", e.msg);
		exit(2);
	}
	buf_release(&unused);
	buf_release(&text);
}

static int run_answer(char **argv, int argc)
{
	const struct dialect *from = need_dialect(argv[2]);
	const struct dialect *to = need_dialect(argv[3]);
	size_t step = strtoul(argv[5], NULL, 10);
	struct translation t;
	struct err e = { 0 };
	struct arena a;
	struct chat c;
	struct buf in;
	int rc;

	arena_init(&a);
	chat_init(&c, &a);
	c.origin = &origin;
	if (argc > 7)
		read_client(&c, from, to, argv);
	c.stream = strcmp(argv[4], "stream") == 0;
	c.usage_wanted = true;
	read_file(stdin, &in);
	translation_init(&t, &c, (enum dialect_id)(from - dialects), to,
			 INPUT_MAX);
	t.seen = see;
	t.arg = &t;
	strcpy(t.writer.model, "model");
	rc = feed(&t, buf_get(&in), step, &e);
	print_answer(&t, rc, &e);
	fputs(buf_cstr(&t.reader.dropped), stderr);
	translation_release(&t);
	buf_release(&in);
	chat_release(&c);
	arena_release(&a);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && strcmp(argv[1], "request") == 0)
		return run_request(argv, argc);
	if (argc >= 4 && strcmp(argv[1], "mend") == 0)
		return run_mend(argv, argc);
	if (argc >= 6 && strcmp(argv[1], "answer") == 0)
		return run_answer(argv, argc);
	fputs("usage: see tests/golden/convert.c\n", stderr);
	return 2;
}
