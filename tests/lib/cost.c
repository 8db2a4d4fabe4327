/* SPDX-License-Identifier: MIT */
/*
 * cost: requests of Messages for a backend of Chat Completions by the library,
 * for whoever counts what that costs.
 *
 *	cost events REQUEST EVENT N...      for each N a stream of N events, each
 *					    of them a piece
 *	cost answers REQUEST ANSWER N...    for each N so many requests, each
 *					    with its answer
 *
 * REQUEST, EVENT and ANSWER are files. dario_version is called behind each N,
 * and nowhere else: a mark for who counts.
 */
#include <dario.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char p[65536];
	size_t n;
};

static void read_text(const char *path, struct text *t)
{
	FILE *f = fopen(path, "r");

	t->n = f ? fread(t->p, 1, sizeof(t->p), f) : 0;
	if (f)
		fclose(f);
}

/* How many events came out of it. */
static long events(struct dario_exchange *x, const struct text *event, long n)
{
	struct dario_bytes out;
	long made = 0;

	while (n-- > 0 &&
	       dario_exchange_feed(x, event->p, event->n, &out, NULL) == 0)
		made += out.n > 0;
	return made;
}

static long answer(struct dario_exchange *x, const struct text *answer)
{
	struct dario_bytes out;

	return dario_exchange_answer(x, 200, answer->p, answer->n, &out,
				     NULL) == 0 && out.n;
}

/* How many of them have come to something. */
static long window(struct dario_translator *t, const struct text *request,
		   const struct text *other, long n, int stream)
{
	long made = 0;

	for (long i = 0; i < (stream ? 1 : n); i++) {
		struct dario_exchange *x = dario_exchange_new(
			t, NULL, request->p, request->n, NULL);

		if (x)
			made += stream ? events(x, other, n) : answer(x, other);
		dario_exchange_free(x);
	}
	return made;
}

int main(int argc, char **argv)
{
	static struct text request, other;
	struct dario_pair p = { .size = sizeof(p),
				.client = "anthropic",
				.provider = "openai",
				.base_url = "https://example.com" };
	struct dario *d = dario_open(NULL, NULL);
	struct dario_translator *t = dario_translator_new(d, &p, NULL);
	int rc = argc > 4 ? 0 : 2;

	if (rc == 0) {
		read_text(argv[2], &request);
		read_text(argv[3], &other);
	}
	for (int i = 4; i < argc; i++) {
		long n = strtol(argv[i], NULL, 10);

		if (window(t, &request, &other, n,
			   strcmp(argv[1], "events") == 0) != n)
			rc = 1;
		dario_version();
	}
	dario_translator_free(t);
	dario_close(d);
	return rc;
}
