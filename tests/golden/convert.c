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
#include "base/json-source.h"
#include "base/utf8.h"
#include "dialect/answer-restore.h"
#include "dialect/answer-seal.h"
#include "dialect/error.h"
#include "dialect/mend.h"
#include "dialect/reader.h"
#include "dialect/sse.h"
#include "state/models.h"

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

/* Read `text` in dialect `from`, write it for `to` and model. */
static int request(struct chat *c, struct json_object *body,
		   const struct dialect *from, const struct dialect *to,
		   const char *model, const char *switches, struct buf *out,
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
	if (quirks_parse(&t.quirks, q, e) == 0 && from->read(c, body, e) == 0)
		rc = to->request(&t, c, out, e);
done:
	models_free(m);
	json_object_put(q);
	return rc;
}

static int run_request(char **argv, int argc)
{
	const struct dialect *from = need_dialect(argv[2]);
	const struct dialect *to = need_dialect(argv[3]);
	struct json_object *body;
	struct err e = { 0 };
	struct arena a;
	struct chat c;
	struct buf in, out;
	int rc = -1;

	arena_init(&a);
	chat_init(&c, &a);
	c.origin = &origin;
	buf_init(&out, INPUT_MAX);
	read_file(stdin, &in);
	body = json_read(buf_get(&in), &e);
	json_locate(body, buf_get(&in));
	c.source = buf_get(&in);
	if (body)
		rc = request(&c, body, from, to, argv[4],
			     argc > 5 ? argv[5] : NULL, &out, &e);
	if (rc)
		rc = http_error(from, &e);
	else
		puts(buf_cstr(&out));
	fputs(buf_cstr(&c.dropped), stderr);
	json_object_put(body);
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
	struct peek k;
	int rc;

	arena_init(&a);
	buf_init(&out, INPUT_MAX);
	read_file(stdin, &in);
	peek_init(&k);
	models = models_load(&e);
	switches = json_read(span_of(argc > 4 ? argv[4] : "{}"), &e);
	if (!models || quirks_parse(&t.quirks, switches, &e) ||
	    peek_feed(&k, buf_get(&in), &e) || peek_end(&k, &e))
		return http_error(d, &e);
	t.family = models_family(models, argv[3]);
	mend_init(&m, &a, buf_get(&in), &t);
	if (k.marks & mend_wants(id, &t))
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

/* As the relay does it: nothing goes out before the first content. */
struct answer_run {
	struct writer w;
	struct fold fold;
	struct buf out;
	struct reader *reader;
	bool stream, content;
};

static int sink(void *arg, const struct ev *v, struct err *e)
{
	struct answer_run *r = arg;

	reader_unsaid(r->reader, r->w.dialect, v);
	if (v->kind == EV_ERROR) {
		*e = *v->err;
		return -1;
	}
	if (!r->stream)
		return fold_feed(&r->fold, v, e);
	if (v->kind == EV_START && v->name.n)
		snprintf(r->w.model, sizeof(r->w.model), "%.*s",
			 SPAN_FMT(v->name));
	if (v->kind != EV_START && v->kind != EV_PING)
		r->content = true;
	if (v->kind == EV_PING && !r->content)
		return 0;
	return writer_event(&r->w, v, e);
}

static bool looks_whole(struct span in)
{
	if (span_starts(in, UTF8_BOM))
		in = span_skip(in, strlen(UTF8_BOM));
	return in.n && strchr("{[", in.p[0]);
}

static int feed(struct reader *rd, struct span in, size_t step, struct err *e)
{
	struct sse s;
	int rc = 0;

	if (looks_whole(in))
		return reader_whole(rd, in, e);
	sse_init(&s, reader_event, rd);
	while (in.n && rc == 0) {
		size_t n = step && step < in.n ? step : in.n;

		rc = sse_feed(&s, (struct span){ in.p, n }, e);
		in.p += n;
		in.n -= n;
	}
	if (rc == 0)
		rc = sse_end(&s, e);
	if (rc == 0)
		rc = reader_end(rd, e);
	sse_release(&s);
	return rc;
}

static void print_answer(struct answer_run *r, int rc, struct err *e)
{
	struct err unused;

	if (rc && !r->content) {
		http_error(r->w.dialect, e);
		return;
	}
	if (rc)
		writer_event(&r->w, &(struct ev){ .kind = EV_ERROR, .err = e },
			     &unused);
	else if (!r->stream)
		r->w.dialect->whole(&r->w, &r->fold.answer);
	fwrite(r->out.p, 1, r->out.n, stdout);
}

static void read_client(struct chat *c, const struct dialect *from,
			const struct dialect *to, char **argv,
			struct json_object **body)
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
	*body = json_read(buf_get(&text), &e);
	if (!*body || request(c, *body, to, from, argv[7], NULL, &unused, &e)) {
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
	struct answer_run r = { .stream = strcmp(argv[4], "stream") == 0 };
	size_t step = strtoul(argv[5], NULL, 10);
	struct json_object *body = NULL;
	struct answer_restore restore;
	struct answer_seal seal;
	struct err e = { 0 };
	struct reader rd;
	struct arena a;
	struct chat c;
	struct buf in;
	int rc;

	arena_init(&a);
	chat_init(&c, &a);
	c.origin = &origin;
	if (argc > 7)
		read_client(&c, from, to, argv, &body);
	read_file(stdin, &in);
	buf_init(&r.out, INPUT_MAX);
	writer_init(&r.w, to, &r.out);
	strcpy(r.w.model, "model");
	r.w.usage_wanted = true;
	fold_init(&r.fold, &a);
	answer_seal_init(&seal, &origin, &a, SPAN("answer"), sink, &r);
	if (from == &dialects[DIALECT_RESPONSES])
		answer_seal_items(&seal);
	answer_restore_init(&restore, &c, (enum dialect_id)(from - dialects),
			    answer_seal_event, &seal);
	reader_init(&rd, from, &a, answer_restore_event, &restore);
	r.reader = &rd;
	rc = feed(&rd, buf_get(&in), step, &e);
	print_answer(&r, rc, &e);
	fputs(buf_cstr(&rd.dropped), stderr);
	reader_release(&rd);
	answer_restore_release(&restore);
	answer_seal_release(&seal);
	fold_release(&r.fold);
	writer_release(&r.w);
	buf_release(&r.out);
	buf_release(&in);
	chat_release(&c);
	json_object_put(body);
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
