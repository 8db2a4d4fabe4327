/* SPDX-License-Identifier: MIT */
/*
 * A stream of events on standard input goes on in the client's API, piece by
 * piece, and what it has cost is told at the end:
 *
 *	./stream openai anthropic request.json <events
 *
 * The client speaks the first API, and request.json is what it has asked.
 */
#include <dario.h>
#include <stdio.h>
#include <unistd.h>

static char text[1 << 20];

int main(int argc, char **argv)
{
	struct dario_pair pair = { .size = sizeof(pair) };
	struct dario_error e = { 0 };
	struct dario_bytes out;
	double dollars;
	ssize_t n;

	FILE *f = argc > 3 ? fopen(argv[3], "r") : NULL;
	size_t asked = f ? fread(text, 1, sizeof(text), f) : 0;

	pair.client = argc > 1 ? argv[1] : "";
	pair.provider = argc > 2 ? argv[2] : "";

	struct dario *d = dario_open(NULL, &e);
	struct dario_translator *t = dario_translator_new(d, &pair, &e);
	struct dario_exchange *x =
		t ? dario_exchange_new(t, NULL, text, asked, &e) : NULL;
	int rc = x ? 0 : -1;

	while (rc == 0 && (n = read(0, text, 4096)) > 0) {
		rc = dario_exchange_feed(x, text, (size_t)n, &out, &e);
		fwrite(out.p, 1, out.n, stdout);
		fflush(stdout);
	}
	if (rc == 0) {
		rc = dario_exchange_end(x, &out, &e);
		fwrite(out.p, 1, out.n, stdout);
	}
	if (rc)
		fprintf(stderr, "stream: %s\n", e.message);
	else if (dario_exchange_price(x, 0, &dollars, &e) > 0)
		fprintf(stderr, "%f dollars\n", dollars);
	dario_exchange_free(x);
	dario_translator_free(t);
	dario_close(d);
	return rc ? 1 : 0;
}
