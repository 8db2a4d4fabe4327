/* SPDX-License-Identifier: MIT */
/*
 * A request of one API on standard input becomes one of another:
 *
 *	cc translate.c $(pkg-config --cflags --libs dario) -o translate
 *	./translate openai anthropic claude-sonnet-4-5 <request.json
 */
#include <dario.h>
#include <stdio.h>

static char body[1 << 20];

static int failed(const struct dario_error *e)
{
	fprintf(stderr, "translate: %s\n", e->message);
	return 1;
}

int main(int argc, char **argv)
{
	struct dario_pair pair = { .size = sizeof(pair) };
	struct dario_translator *translator;
	struct dario_exchange *exchange;
	struct dario_bytes request;
	struct dario_error e;
	struct dario *dario;
	size_t n = fread(body, 1, sizeof(body), stdin);

	if (argc < 3) {
		fputs("usage: translate FROM TO [MODEL]\n", stderr);
		return 2;
	}
	pair.client = argv[1];
	pair.provider = argv[2];
	dario = dario_open(NULL, &e);
	if (!dario)
		return failed(&e);
	translator = dario_translator_new(dario, &pair, &e);
	if (!translator)
		return failed(&e);
	exchange = dario_exchange_new(translator, argc > 3 ? argv[3] : NULL,
				      body, n, &e);
	if (!exchange)
		return failed(&e);
	dario_exchange_request(exchange, &request);
	fwrite(request.p, 1, request.n, stdout);
	putchar('\n');
	fprintf(stderr, "dropped: %s\n", dario_exchange_dropped(exchange));
	dario_exchange_free(exchange);
	dario_translator_free(translator);
	dario_close(dario);
	return 0;
}
