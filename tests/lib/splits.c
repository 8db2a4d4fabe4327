/* SPDX-License-Identifier: MIT */
/*
 * splits: a stream that is fed in any pieces comes out the same, and one that
 * is broken ends with an error, in every pair of dialects. Prints "PASS pair"
 * or "FAIL pair: why".
 */
#include <ctype.h>
#include <dario.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIALECTS 3
#define ROUNDS 200 /* of random pieces, and as many of broken streams */
#define MAX 65536

static const char *const dialects[DIALECTS] = { "anthropic", "openai",
						"responses" };

static const char *const requests[DIALECTS] = {
	"{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[{"
	"\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"name\":\"look\","
	"\"input_schema\":{\"type\":\"object\"}}]}",
	"{\"model\":\"m\",\"stream\":true,\"stream_options\":{"
	"\"include_usage\":true},\"messages\":[{\"role\":\"user\","
	"\"content\":\"hi\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
	"\"name\":\"look\",\"parameters\":{\"type\":\"object\"}}}]}",
	"{\"model\":\"m\",\"stream\":true,\"input\":\"hi\",\"tools\":[{"
	"\"type\":\"function\",\"name\":\"look\",\"parameters\":{\"type\":"
	"\"object\"}}]}",
};

/* What the others are made of. */
static const char origin[] =
	"event: message_start\r\n"
	"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
	"\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
	"\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}"
	"\r\n\r\n"
	": a comment\n\n"
	"event: ping\ndata: {\"type\":\"ping\"}\n\n"
	"event: content_block_start\n"
	"data: {\"type\":\"content_block_start\",\"index\":0,"
	"\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
	"event: content_block_delta\n"
	"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
	"\"type\":\"text_delta\",\"text\":\"na\xc3\xafve \xf0\x9f\x98\x80\"}}"
	"\n\n"
	"event: content_block_delta\n"
	"data: {\"type\":\"content_block_delta\",\"index\":0,\n"
	"data: \"delta\":{\"type\":\"text_delta\",\"text\":\" \\ud83d\\ude00 "
	"\\u0000 \\\"quoted\\\"\"}}\n\n"
	"event: content_block_stop\n"
	"data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	"event: content_block_start\n"
	"data: {\"type\":\"content_block_start\",\"index\":1,"
	"\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\","
	"\"name\":\"look\",\"input\":{}}}\n\n"
	"event: content_block_delta\n"
	"data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{"
	"\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"at\\\":[1,\"}}"
	"\n\n"
	"event: content_block_delta\n"
	"data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{"
	"\"type\":\"input_json_delta\",\"partial_json\":\"2]}\"}}\n\n"
	"event: content_block_stop\n"
	"data: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
	"event: message_delta\n"
	"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	"\"tool_use\"},\"usage\":{\"output_tokens\":7}}\n\n"
	"event: message_stop\n"
	"data: {\"type\":\"message_stop\"}\n\n";

struct text {
	char p[MAX];
	size_t n;
};

static unsigned seed = 1;

static unsigned chance(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

static void add(struct text *t, const struct dario_bytes *b)
{
	if (t->n + b->n >= MAX)
		abort();
	memcpy(t->p + t->n, b->p, b->n);
	t->n += b->n;
}

/* Ids and moments differ from one answer to the next: long words, and numbers.
 */
static void blur(struct text *t)
{
	size_t to = 0, i = 0;

	while (i < t->n) {
		size_t from = i;
		int number = 1;

		for (; i < t->n && isalnum((unsigned char)t->p[i]); i++)
			number &= isdigit((unsigned char)t->p[i]) != 0;
		if (i == from)
			t->p[to++] = t->p[i++];
		else if (number || i - from >= 16)
			t->p[to++] = '#';
		else
			for (; from < i; from++)
				t->p[to++] = t->p[from];
	}
	t->n = to;
}

/* How long the next piece is. */
typedef size_t step_fn(size_t at, size_t n, size_t arg);

static size_t in_two(size_t at, size_t n, size_t arg)
{
	return at < arg ? arg - at : n - at;
}

static size_t of_size(size_t at, size_t n, size_t arg)
{
	return n - at < arg ? n - at : arg;
}

/* Many are empty. */
static size_t at_random(size_t at, size_t n, size_t arg)
{
	size_t step = chance(3) ? chance((unsigned)arg) : 0;

	return n - at < step ? n - at : step;
}

/* All that comes out of `in`; the error's code, or 0. */
static int feed(struct dario_exchange *x, const struct text *in,
		struct text *out, step_fn *step, size_t arg)
{
	struct dario_error e = { 0 };
	struct dario_bytes b;
	int rc = 0;

	out->n = 0;
	for (size_t at = 0, n; rc == 0 && at < in->n; at += n) {
		n = step(at, in->n, arg);
		rc = dario_exchange_feed(x, n ? in->p + at : NULL, n, &b, &e);
		add(out, &b);
	}
	if (rc == 0) {
		rc = dario_exchange_end(x, &b, &e);
		add(out, &b);
	}
	/* It is over, whatever became of it. */
	if (dario_exchange_feed(x, "x", 1, &b, NULL) == 0)
		abort();
	return rc ? (e.code ? (int)e.code : -1) : 0;
}

struct pair {
	struct dario_translator *t;
	const char *request;
	const struct text *in;
	struct text whole;
};

static int run(struct pair *p, const struct text *in, struct text *out,
	       step_fn *step, size_t arg)
{
	struct dario_exchange *x = dario_exchange_new(
		p->t, NULL, p->request, strlen(p->request), NULL);
	int rc = x ? feed(x, in, out, step, arg) : -1;

	dario_exchange_free(x);
	return rc;
}

/* Where it differs; NULL: nowhere. */
static const char *same(struct pair *p, step_fn *step, size_t arg,
			const char *name)
{
	static struct text out;
	static char why[80];
	int rc = run(p, p->in, &out, step, arg);

	blur(&out);
	if (rc == 0 && out.n == p->whole.n &&
	    memcmp(out.p, p->whole.p, out.n) == 0)
		return NULL;
	snprintf(why, sizeof(why), "%s %zu: code %d, %zu bytes for %zu", name,
		 arg, rc, out.n, p->whole.n);
	return why;
}

static const char *any_pieces(struct pair *p)
{
	const char *why = NULL;

	for (size_t i = 1; !why && i < 9; i++)
		why = same(p, of_size, i, "pieces of");
	for (size_t i = 0; !why && i < p->in->n; i++)
		why = same(p, in_two, i, "split at");
	for (size_t i = 0; !why && i < ROUNDS; i++)
		why = same(p, at_random, 2 + i, "random pieces up to");
	return why;
}

/* Bytes changed, left out or put in: any answer will do that is one. */
static const char *any_damage(struct pair *p)
{
	static struct text in, out;
	int good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned n = 1 + chance(8);

		in = *p->in;
		while (n-- > 0) {
			unsigned at = chance((unsigned)in.n);

			switch (chance(4)) {
			case 0:
				in.p[at] = (char)chance(256);
				break;
			case 1:
				in.n = at + 1;
				break;
			case 2:
				memmove(in.p + at, in.p + at + 1,
					in.n - at - 1);
				in.n -= in.n > 1;
				break;
			case 3:
				memmove(in.p + at + 1, in.p + at, in.n - at);
				in.p[at] = "\n\r:{}[]\"\\\0\xff"[chance(11)];
				in.n++;
				break;
			}
		}
		good += run(p, &in, &out, at_random, 400) == 0;
	}
	return good == ROUNDS ? "no damage was noticed" : NULL;
}

static int try_pair(struct dario *d, const struct text *in, int client,
		    int provider)
{
	struct dario_pair names = { .size = sizeof(names),
				    .client = dialects[client],
				    .provider = dialects[provider],
				    .base_url = "https://example.com" };
	static struct pair p;
	const char *why = NULL;

	p.t = dario_translator_new(d, &names, NULL);
	p.request = requests[client];
	p.in = in;
	if (!p.t || run(&p, in, &p.whole, of_size, MAX))
		why = "the whole of it is refused";
	blur(&p.whole);
	why = why ? why : any_pieces(&p);
	why = why ? why : any_damage(&p);
	dario_translator_free(p.t);
	printf("%s %s for %s%s%s\n", why ? "FAIL" : "PASS",
	       dialects[provider], dialects[client], why ? ": " : "",
	       why ? why : "");
	return why != NULL;
}

/* The same stream in another dialect. */
static int make(struct dario *d, const struct text *in, int client,
		struct text *out)
{
	struct dario_pair names = { .size = sizeof(names),
				    .client = dialects[client],
				    .provider = dialects[0],
				    .base_url = "https://example.com" };
	struct pair p = { .request = requests[client] };
	int rc;

	p.t = dario_translator_new(d, &names, NULL);
	rc = p.t ? run(&p, in, out, of_size, MAX) : -1;
	dario_translator_free(p.t);
	return rc;
}

int main(void)
{
	static struct text streams[DIALECTS];
	struct dario *d = dario_open(NULL, NULL);
	int bad = 0;

	memcpy(streams[0].p, origin, sizeof(origin) - 1);
	streams[0].n = sizeof(origin) - 1;
	for (int i = 1; i < DIALECTS; i++)
		bad += make(d, &streams[0], i, &streams[i]) != 0;
	for (int client = 0; client < DIALECTS && !bad; client++)
		for (int provider = 0; provider < DIALECTS; provider++)
			bad += try_pair(d, &streams[provider], client,
					provider);
	dario_close(d);
	return bad != 0;
}
