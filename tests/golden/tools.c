/* SPDX-License-Identifier: MIT */
/*
 * tools: the mapping of tools by itself, for tests.
 *
 *	tools request MODE [FROM MODEL]
 *		a body on standard input: what goes upstream, or "same"
 *	tools answer MODE REQUEST [FROM MODEL]
 *		an answer on standard input (a stream or a message): what the
 *		client gets who had sent the file REQUEST
 *	tools template FILE|- [count]
 *		a body on standard input: with the defaults put in
 *
 * MODE is map, preserve or hybrid. FROM is the client's dialect when it is not
 * Anthropic's: the request is translated before it is mapped and the answer
 * after. A stream is read whole, byte by byte and at seeded places: different
 * results are an error. DARIO_HOME may hold a tools.json.
 */
#include "config.h"

#include "base/json-source.h"
#include "dialect/answer-restore.h"
#include "dialect/reader.h"
#include "dialect/retext.h"
#include "dialect/tool-map.h"
#include "state/config/models.h"
#include "state/config/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (64u << 20)
#define SPLITS 20

static void read_all(FILE *f, struct buf *out)
{
	char chunk[65536];
	size_t n;

	buf_init(out, INPUT_MAX);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
}

static void die(const struct err *e)
{
	fprintf(stderr, "tools: %s\n", e->msg);
	exit(1);
}

static struct json_object *need_json(FILE *f, struct buf *text)
{
	struct err e = { 0 };
	struct json_object *o;

	read_all(f, text);
	o = json_read_located(buf_get(text), &e);
	if (!o)
		die(&e);
	return o;
}

/* One client's request, on its way to the backend. */
struct client {
	const struct dialect *from; /* NULL: Anthropic's */
	const char *model;
	struct arena arena;
	struct tool_rows *rows;
	struct json_object *body, *upstream;
	struct buf text, translated; /* that these were read from */
	struct chat chat;
	struct tool_map *map;
};

static enum tool_mode mode_of(const char *s)
{
	if (strcmp(s, "preserve") == 0)
		return TOOLS_PRESERVE;
	return strcmp(s, "hybrid") == 0 ? TOOLS_HYBRID : TOOLS_MAP;
}

static struct json_object *translate(struct client *c)
{
	struct err e = { 0 };
	struct models *m = models_load(&e);
	struct upstream_model t = { .model = c->model };
	struct json_object *o;

	if (!m)
		die(&e);
	t.family = models_family(m, c->model);
	c->chat.source = buf_get(&c->text);
	if (c->from->read(&c->chat, c->body, &e) ||
	    anthropic_request_write(&t, &c->chat, &c->translated, &e))
		die(&e);
	o = json_read_located(buf_get(&c->translated), &e);
	models_free(m);
	return o;
}

static void open_client(struct client *c, FILE *f, const char *mode,
			char **from)
{
	static const struct tool_context context = {
		.session_id = SPAN_INIT("session-1"),
		.request_id = SPAN_INIT("4711"),
		.channel_id = SPAN_INIT("channel-1"),
		.user_id = SPAN_INIT("user-1"),
		.now_ms = 1764000000123,
	};
	const char *home = getenv("DARIO_HOME");
	struct err e = { 0 };

	memset(c, 0, sizeof(*c));
	arena_init(&c->arena);
	chat_init(&c->chat, &c->arena);
	c->from = from ? dialect_find(span_of(from[0])) : NULL;
	c->model = from ? from[1] : NULL;
	c->rows = tools_load(home ? home : "/nonexistent", &e);
	if (!c->rows)
		die(&e);
	buf_init(&c->translated, INPUT_MAX);
	c->body = need_json(f, &c->text);
	c->upstream = c->from ? translate(c) : json_object_get(c->body);
	c->map = tool_map_request(c->rows, mode_of(mode), &context, &c->arena,
				  c->upstream);
}

static void close_client(struct client *c)
{
	tool_map_free(c->map);
	chat_release(&c->chat);
	json_object_put(c->body);
	json_object_put(c->upstream);
	buf_release(&c->translated);
	buf_release(&c->text);
	tool_rows_free(c->rows);
	arena_release(&c->arena);
}

/* --- the answer --------------------------------------------------------- */

/* The end of the chain: bytes, or the translation back. */
struct back {
	struct reader reader;
	struct answer_restore restore;
	struct writer writer;
	struct fold fold;
};

static int to_writer(void *arg, const struct ev *v, struct err *e)
{
	struct back *b = arg;

	return writer_event(&b->writer, v, e);
}

static int to_fold(void *arg, const struct ev *v, struct err *e)
{
	struct back *b = arg;

	return fold_feed(&b->fold, v, e);
}

static void open_back(struct back *b, struct client *c, bool whole,
		      struct buf *out)
{
	writer_init(&b->writer, c->from, out);
	snprintf(b->writer.id, sizeof(b->writer.id), "id_test");
	b->writer.created = 1;
	fold_init(&b->fold, &c->arena);
	answer_restore_init(&b->restore, &c->chat, DIALECT_ANTHROPIC,
			    whole ? to_fold : to_writer, b);
	reader_init(&b->reader, &dialects[DIALECT_ANTHROPIC], &c->arena,
		    answer_restore_event, &b->restore);
}

static void close_back(struct back *b)
{
	reader_release(&b->reader);
	answer_restore_release(&b->restore);
	fold_release(&b->fold);
	writer_release(&b->writer);
}

static size_t step_of(unsigned run, unsigned *seed, size_t n)
{
	if (run < 2)
		return run ? 1 : n;
	*seed = *seed * 1103515245u + 12345u;
	return 1 + (*seed >> 16) % 97;
}

/* run 0: at once, 1: byte by byte, others: at seeded places. */
static int stream(struct client *c, struct span in, unsigned run, sse_fn *fn,
		  void *arg, struct err *e)
{
	unsigned seed = run;
	struct sse s;
	int rc = 0;

	tool_map_reset(c->map);
	tool_map_sink(c->map, fn, arg);
	sse_init(&s, tool_map_event, c->map);
	while (in.n && rc == 0) {
		size_t n = step_of(run, &seed, in.n);

		n = n < in.n ? n : in.n;
		rc = sse_feed(&s, (struct span){ in.p, n }, e);
		in.p += n;
		in.n -= n;
	}
	rc = rc || sse_end(&s, e) || tool_map_end(c->map, e);
	sse_release(&s);
	return rc;
}

/* The translation back has tests of its own: once is enough. */
static int translated(struct client *c, struct span in, struct buf *out,
		      struct err *e)
{
	struct back b;
	int rc;

	open_back(&b, c, false, out);
	rc = stream(c, in, 0, reader_event, &b.reader, e) ||
	     reader_end(&b.reader, e);
	close_back(&b);
	return rc;
}

static int whole(struct client *c, struct span in, struct buf *out,
		 struct err *e)
{
	struct json_object *o = json_read_located(in, e);
	struct buf mapped;
	struct back b;
	int rc = 0;

	if (!o)
		return -1;
	buf_init(&mapped, INPUT_MAX);
	if (c->map)
		tool_map_whole(c->map, o);
	retext(&mapped, &c->arena, in, o);
	if (c->from) {
		open_back(&b, c, true, out);
		rc = reader_whole(&b.reader, buf_get(&mapped), e);
		if (rc == 0)
			c->from->whole(&b.writer, &b.fold.answer);
		close_back(&b);
	} else {
		buf_span(out, buf_get(&mapped));
	}
	buf_release(&mapped);
	json_object_put(o);
	return rc;
}

static void all_splits(struct client *c, struct span in, struct buf *out)
{
	struct err e = { 0 };
	struct buf again;

	if (stream(c, in, 0, tool_map_write, out, &e))
		die(&e);
	for (unsigned run = 1; run < SPLITS; run++) {
		buf_init(&again, INPUT_MAX);
		if (stream(c, in, run, tool_map_write, &again, &e))
			die(&e);
		if (!span_eq(buf_get(out), buf_get(&again))) {
			err_set(&e, ERR_INTERNAL, "run %u differs: %s", run,
				buf_cstr(&again));
			die(&e);
		}
		buf_release(&again);
	}
	if (!c->from)
		return;
	buf_reset(out);
	if (translated(c, in, out, &e))
		die(&e);
}

static void answer(struct client *c)
{
	struct err e = { 0 };
	struct buf in, out;

	read_all(stdin, &in);
	buf_init(&out, INPUT_MAX);
	if (in.n && in.p[0] == '{') {
		if (whole(c, buf_get(&in), &out, &e))
			die(&e);
	} else if (c->map) {
		all_splits(c, buf_get(&in), &out);
	} else {
		buf_span(&out, buf_get(&in));
	}
	fwrite(out.p, 1, out.n, stdout);
	buf_release(&in);
	buf_release(&out);
}

static void print_request(struct client *c)
{
	struct span text = buf_get(c->from ? &c->translated : &c->text);
	struct buf out;

	buf_init(&out, INPUT_MAX);
	if (c->map || c->from)
		retext(&out, &c->arena, text, c->upstream);
	puts(c->map || c->from ? buf_cstr(&out) : "same");
	buf_release(&out);
}

static int run_template(int argc, char **argv)
{
	struct err e = { 0 };
	bool given = strcmp(argv[2], "-") != 0;
	struct template *t = template_load("/nonexistent",
					   given ? argv[2] : NULL, &e);
	struct json_object *body;
	struct buf betas, text;

	if (!t)
		die(&e);
	body = need_json(stdin, &text);
	template_apply(t, body, &(struct template_use){ .count = argc > 3 });
	puts(json_text(body).p);
	buf_init(&betas, 8192);
	buf_str(&betas, "a-1, b-2");
	template_betas(t, &betas);
	fputs(buf_cstr(&betas), stderr);
	buf_release(&betas);
	buf_release(&text);
	json_object_put(body);
	template_free(t);
	return 0;
}

int main(int argc, char **argv)
{
	struct client c;
	FILE *f = stdin;
	bool reply;

	if (argc > 2 && strcmp(argv[1], "template") == 0)
		return run_template(argc, argv);
	reply = argc > 3 && strcmp(argv[1], "answer") == 0;
	if (!reply && (argc < 3 || strcmp(argv[1], "request"))) {
		fprintf(stderr,
			"usage: see the head of tests/golden/tools.c\n");
		return 2;
	}
	if (reply)
		f = fopen(argv[3], "r");
	if (!f) {
		perror(argv[3]);
		return 2;
	}
	open_client(&c, f, argv[2], argc > 4 + reply ? argv + 3 + reply : NULL);
	if (reply) {
		fclose(f);
		answer(&c);
	} else {
		print_request(&c);
	}
	close_client(&c);
	return 0;
}
