/* SPDX-License-Identifier: MIT */
/*
 * hostile: requests, answers and streams that are none, or are very large, in
 * each pair of dialects. Each is an error with a code, a status and a message,
 * and memory stays within bounds.
 *
 *	hostile DATA
 */
#include <dario.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MIB ((size_t)1 << 20)
#define BODY_MAX (64 * MIB) /* as dario.h says */
#define MEMORY_MIB 512      /* with this program's own texts */

static struct dario *d;
static struct dario_error e;
static const char *const dialects[] = { "anthropic", "openai", "responses" };

#define BODY(text) \
	"{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\"," \
	"\"content\":\"" text "\"}],\"input\":\"" text "\"}"
#define TEXT(text) text, sizeof(text) - 1

/* No JSON object, or not UTF-8. */
static const struct {
	const char *name, *text;
	size_t n;
} wrong[] = {
	{ "nothing", TEXT("") },
	{ "blanks", TEXT(" \r\n\t") },
	{ "a byte order mark alone", TEXT("\xef\xbb\xbf") },
	{ "a byte order mark", TEXT("\xef\xbb\xbf" BODY("a")) },
	{ "UTF-16", TEXT("\xff\xfe{\0}\0") },
	{ "invalid UTF-8", TEXT(BODY("a\xff\xc0\x80")) },
	{ "a surrogate in UTF-8", TEXT(BODY("\xed\xa0\x80")) },
	{ "a NUL", TEXT(BODY("a\0b")) },
	{ "a NUL behind", TEXT(BODY("a") "\0") },
	{ "two", TEXT(BODY("a") BODY("a")) },
	{ "null", TEXT("null") },
	{ "a list", TEXT("[]") },
	{ "a number", TEXT("1e999") },
	{ "half", TEXT("{\"model\":\"m\",\"messages\":[{") },
	{ "no value", TEXT("{\"model\":\"m\",\"max_tokens\":NaN}") },
};

static void say(const char *what, const char *name, int good)
{
	printf("%s %s: %s\n", good ? "PASS" : "FAIL", what, name);
	memset(&e, 0, sizeof(e));
}

static int told(int code)
{
	int good = e.code == code && e.status >= 400 && *e.message;

	memset(&e, 0, sizeof(e));
	return good;
}

static struct dario_translator *pair(int i)
{
	struct dario_pair p = { sizeof(p), dialects[i / 3], dialects[i % 3],
				NULL, NULL };

	return dario_translator_new(d, &p, &e);
}

/* A good one of each dialect. */
static struct dario_exchange *begin(struct dario_translator *t, int streams)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
			 "{\"model\":\"m\",\"max_tokens\":9,\"stream\":%s,"
			 "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
			 "\"input\":\"a\"}",
			 streams ? "true" : "false");

	return dario_exchange_new(t, NULL, text, (size_t)n, &e);
}

static int refused(struct dario_translator *t, const char *text, size_t n,
		   int code)
{
	struct dario_exchange *x = dario_exchange_new(t, NULL, text, n, &e);
	int good = !x && told(code);

	dario_exchange_free(x);
	return good;
}

/* 1: an error, as it should be. In its own dialect an answer is not read. */
static int no_answer(struct dario_translator *t, const char *text, size_t n,
		     int same)
{
	struct dario_exchange *x = begin(t, 0);
	struct dario_bytes out;
	int rc = dario_exchange_answer(x, 200, text, n, &out, &e);
	int good = same ? rc == 0 && out.n == n
			: rc < 0 && told(DARIO_UPSTREAM);

	dario_exchange_free(x);
	x = begin(t, 1);
	good &= dario_exchange_answer(x, 500, text, n, &out, &e) == 0 &&
		(same || (out.n && out.p[0] == '{'));
	dario_exchange_free(x);
	return good;
}

static int no_stream(struct dario_translator *t, const char *text, size_t n,
		     int streams)
{
	struct dario_exchange *x = begin(t, streams);
	struct dario_bytes out;
	int rc = 0;

	for (size_t at = 0; at < n && rc == 0; at += 4096)
		rc = dario_exchange_feed(
			x, text + at, n - at < 4096 ? n - at : 4096, &out, &e);
	if (rc == 0)
		rc = dario_exchange_end(x, &out, &e);
	rc = rc < 0 && told(DARIO_UPSTREAM) &&
	     dario_exchange_end(x, &out, &e) < 0 && told(DARIO_MISUSE);
	dario_exchange_free(x);
	return rc;
}

static void try_wrong(struct dario_translator *t[9])
{
	for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
		int request = 1, answer = 1, stream = 1;

		for (int i = 0; i < 9; i++) {
			const char *text = wrong[k].text;
			size_t n = wrong[k].n;

			request &= refused(t[i], text, n, DARIO_BAD_REQUEST);
			answer &= no_answer(t[i], text, n, i / 3 == i % 3);
			stream &= no_stream(t[i], text, n, 1) &&
				  no_stream(t[i], text, n, 0);
		}
		say("a request", wrong[k].name, request);
		say("an answer", wrong[k].name, answer);
		say("a stream", wrong[k].name, stream);
	}
}

/* HEAD, UNIT as often as it goes, TAIL: `n` bytes or somewhat less. */
static char *fill(const char *head, const char *unit, const char *tail,
		  size_t *n)
{
	size_t h = strlen(head), u = strlen(unit), l = strlen(tail), at = h;
	char *p = malloc(*n);

	memcpy(p, head, h);
	for (; at + u + l <= *n; at += u)
		memcpy(p + at, unit, u);
	memcpy(p + at, tail, l);
	*n = at + l;
	return p;
}

static void try_deep(struct dario_translator *t[9])
{
	size_t n = MIB, m = MIB;
	char *deep = fill("{\"model\":\"m\",\"messages\":", "{\"a\":", "", &n);
	char *list = fill("", "[", "", &m);
	int good = 1;

	for (int i = 0; i < 9; i++)
		good &= refused(t[i], deep, n, DARIO_BAD_REQUEST) &&
			refused(t[i], list, m, DARIO_BAD_REQUEST) &&
			no_answer(t[i], deep, n, i / 3 == i % 3) &&
			no_answer(t[i], list, m, i / 3 == i % 3);
	say("very deep", "requests and answers", good);
	free(deep);
	free(list);
}

static void try_large(struct dario_translator *t[9])
{
	size_t n = BODY_MAX + 1, m = BODY_MAX, k = BODY_MAX;
	char *blanks = fill("", " ", "", &n);
	char *words = fill("{\"model\":\"m\",\"max_tokens\":1,\"messages\":"
			   "[{\"role\":\"user\",\"content\":\"",
			   "some words ", "\"}]}", &m);
	char *many = fill("{\"model\":\"m\",\"max_tokens\":1,\"messages\":"
			  "[{\"role\":\"user\",\"content\":\"a\"}",
			  ",{\"role\":\"user\",\"content\":\"a\"}", "]}", &k);
	struct dario_exchange *x;
	int good = 1;

	for (int i = 0; i < 9; i++)
		good &= refused(t[i], blanks, n, DARIO_TOO_BIG);
	say("a request", "a byte more than 64 MiB", good);
	x = dario_exchange_new(t[1], NULL, words, m, &e);
	say("a request", "64 MiB of words", x || told(DARIO_TOO_BIG));
	dario_exchange_free(x);
	say("a request", "64 MiB of messages",
	    refused(t[1], many, k, DARIO_TOO_BIG));
	free(blanks);
	free(words);
	free(many);
}

#define CHUNK(delta) \
	"data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\"," \
	"\"choices\":[{\"index\":0,\"delta\":{" delta "}}]}\n\n"

static void try_long(struct dario_translator *t[9])
{
	size_t n = 20 * MIB, m = 96 * MIB;
	char *event = fill("data: ", "a", "", &n);
	char *words = malloc(16384), *unit = malloc(17000), *stream;
	int good = 1;

	for (int i = 0; i < 9; i++)
		good &= no_stream(t[i], event, n, 1);
	say("a stream", "an event without an end", good);
	memset(words, 'a', 16383);
	words[16383] = '\0';
	snprintf(unit, 17000, CHUNK("\"content\":\"%s\""), words);
	stream = fill(CHUNK(""), unit, "", &m);
	say("a stream", "96 MiB for who wants no stream",
	    no_stream(t[1], stream, m, 0));
	free(event);
	free(words);
	free(unit);
	free(stream);
}

int main(int argc, char **argv)
{
	struct dario_options o = { .size = sizeof(o) };
	struct dario_translator *t[9];
	struct rusage used;

	if (argc < 2)
		return 2;
	o.data = argv[1];
	d = dario_open(&o, &e);
	for (int i = 0; i < 9; i++)
		t[i] = pair(i);
	try_wrong(t);
	try_deep(t);
	try_large(t);
	try_long(t);
	for (int i = 0; i < 9; i++)
		dario_translator_free(t[i]);
	dario_close(d);
	getrusage(RUSAGE_SELF, &used);
	printf("%ld MiB\n", used.ru_maxrss / 1024);
	say("memory", "within bounds", used.ru_maxrss / 1024 < MEMORY_MIB);
	return 0;
}
