/* SPDX-License-Identifier: MIT */
/*
 * nothing: each function of dario.h with each of its pointers NULL in turn.
 *
 *	nothing DATA FOLDER
 *
 * DATA holds share/ of dario, FOLDER is a home. Prints "PASS case" or "FAIL
 * case".
 */
#include <dario.h>
#include <stdio.h>
#include <string.h>

static struct dario_error e;
static struct dario *d;
static struct dario_translator *t;
static struct dario_exchange *x;

static const char request[] =
	"{\"model\":\"m\",\"max_tokens\":9,"
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

static void say(const char *name, int good)
{
	printf("%s %s\n", good ? "PASS" : "FAIL", name);
	memset(&e, 0, sizeof(e));
}

static int is_misuse(int failed)
{
	return failed && e.code == DARIO_MISUSE && e.status && *e.message;
}

/* What gives a pointer, a number, or nothing at all, and must refuse. */
#define NONE(call) say(#call, is_misuse((call) == NULL))
#define LESS(call) say(#call, is_misuse((call) < 0))
/* What has nothing to say, and where there is nobody to say it to. */
#define GIVES(what, call) say(#call, (call) == (what))
#define QUIET(call) \
	do { \
		call; \
		say(#call, 1); \
	} while (0)

static void anew(void)
{
	dario_exchange_free(x);
	x = dario_exchange_new(t, NULL, request, strlen(request), NULL);
	say("an exchange", x != NULL);
}

static void open_and_close(const char *data)
{
	struct dario_options none = { 0 }, o = { .size = sizeof(o),
						 .data = data };

	NONE(dario_open(&none, &e));
	GIVES(NULL, dario_open(&none, NULL));
	QUIET(dario_close(dario_open(NULL, &e)));
	QUIET(dario_close(dario_open(&o, NULL)));
	QUIET(dario_close(NULL));
	QUIET(dario_free(NULL));
	QUIET(dario_translator_free(NULL));
	QUIET(dario_exchange_free(NULL));
	QUIET(dario_router_free(NULL));
}

static void translators(void)
{
	struct dario_pair p = { sizeof(p), "openai", "anthropic", NULL, NULL };
	struct dario_pair client = { sizeof(p), NULL, "openai", NULL, NULL };
	struct dario_pair provider = { sizeof(p), "openai", NULL, NULL, NULL };

	NONE(dario_translator_new(NULL, &p, &e));
	NONE(dario_translator_new(d, NULL, &e));
	NONE(dario_translator_new(d, &client, &e));
	NONE(dario_translator_new(d, &provider, &e));
	GIVES(NULL, dario_translator_new(d, &provider, NULL));
	t = dario_translator_new(d, &p, NULL);
	say("a translator", t != NULL);
}

static void exchanges(void)
{
	struct dario_bytes out;
	double dollars;
	size_t n = strlen(request);

	NONE(dario_exchange_new(NULL, NULL, request, n, &e));
	NONE(dario_exchange_new(t, NULL, NULL, n, &e));
	NONE(dario_exchange_new(t, NULL, NULL, 0, &e));
	GIVES(NULL, dario_exchange_new(NULL, NULL, request, n, NULL));
	anew();
	QUIET(dario_exchange_request(NULL, &out));
	say("which has no bytes", out.n == 0 && out.p);
	QUIET(dario_exchange_request(x, NULL));
	GIVES(0, dario_exchange_streams(NULL));
	GIVES(0, *dario_exchange_dropped(NULL));
	QUIET(dario_exchange_error(NULL, &e, &out));
	say("which has no bytes", out.n == 0 && out.p);
	QUIET(dario_exchange_error(x, NULL, &out));
	say("which is an error", out.n && out.p[0] == '{');
	QUIET(dario_exchange_error(x, &e, NULL));
	GIVES(0, dario_exchange_usage(NULL, NULL));
	GIVES(0, dario_exchange_usage(x, NULL));
	GIVES(-1, dario_exchange_price(NULL, 0, &dollars, &e));
	GIVES(-1, dario_exchange_price(x, 0, NULL, &e));
	GIVES(-1, dario_exchange_price(x, -1, &dollars, NULL));
}

static void answers(void)
{
	struct dario_bytes out;

	LESS(dario_exchange_answer(NULL, 200, "{}", 2, &out, &e));
	LESS(dario_exchange_answer(x, 200, NULL, 2, &out, &e));
	LESS(dario_exchange_answer(x, 200, "{}", 2, NULL, &e));
	GIVES(-1, dario_exchange_answer(x, 200, NULL, 2, &out, NULL));
	GIVES(-1, dario_exchange_answer(x, 200, NULL, 0, &out, &e));
	anew();
	LESS(dario_exchange_feed(NULL, "x", 1, &out, &e));
	LESS(dario_exchange_feed(x, NULL, 1, &out, &e));
	LESS(dario_exchange_feed(x, "x", 1, NULL, &e));
	GIVES(0, dario_exchange_feed(x, NULL, 0, &out, &e));
	GIVES(0, dario_exchange_feed(x, ":", 1, &out, NULL));
	LESS(dario_exchange_end(NULL, &out, &e));
	LESS(dario_exchange_end(x, NULL, &e));
	GIVES(-1, dario_exchange_end(x, &out, NULL));
}

static void money(void)
{
	struct dario_usage u = { 0 };
	double dollars;

	LESS(dario_usage(NULL, "openai", "{}", 2, &u, &e));
	LESS(dario_usage(d, NULL, "{}", 2, &u, &e));
	LESS(dario_usage(d, "openai", NULL, 2, &u, &e));
	LESS(dario_usage(d, "openai", "{}", 2, NULL, &e));
	GIVES(0, dario_usage(d, "openai", NULL, 0, &u, &e));
	GIVES(-1, dario_usage(d, NULL, "{}", 2, &u, NULL));
	LESS(dario_price(NULL, "m", 0, &u, &dollars, &e));
	LESS(dario_price(d, NULL, 0, &u, &dollars, &e));
	LESS(dario_price(d, "m", 0, NULL, &dollars, &e));
	LESS(dario_price(d, "m", 0, &u, NULL, &e));
	GIVES(-1, dario_price(d, NULL, 0, &u, &dollars, NULL));
}

static void folders(void)
{
	struct dario *none = dario_open(NULL, NULL);
	struct dario_route r;
	int64_t n;

	NONE(dario_accounts(NULL, &e));
	NONE(dario_accounts(none, &e));
	GIVES(NULL, dario_accounts(NULL, NULL));
	NONE(dario_status(NULL, &e));
	NONE(dario_status(none, &e));
	GIVES(NULL, dario_status(NULL, NULL));
	NONE(dario_backends(NULL, &e));
	NONE(dario_backends(none, &e));
	GIVES(NULL, dario_backends(NULL, NULL));
	NONE(dario_explain(NULL, "m", "chat", &e));
	NONE(dario_explain(none, "m", "chat", &e));
	NONE(dario_explain(d, NULL, "chat", &e));
	GIVES(NULL, dario_explain(d, NULL, "chat", NULL));
	LESS(dario_route(NULL, "claude-x", "chat", &r, &e));
	LESS(dario_route(d, NULL, "chat", &r, &e));
	LESS(dario_route(d, "claude-x", "chat", NULL, &e));
	GIVES(0, dario_route(d, "claude-x", NULL, &r, &e));
	GIVES(-1, dario_route(d, NULL, "chat", &r, NULL));
	LESS(dario_backend_test(NULL, "one", &n, &e));
	LESS(dario_backend_test(none, "one", &n, &e));
	LESS(dario_backend_test(d, NULL, &n, &e));
	GIVES(-1, dario_backend_test(d, "nobody", NULL, NULL));
	NONE(dario_token(NULL, "work", &n, &e));
	NONE(dario_token(none, "work", &n, &e));
	GIVES(NULL, dario_token(d, "nobody", NULL, NULL));
	GIVES(NULL, dario_token(d, NULL, &n, &e));
	NONE(dario_router_start(NULL, NULL, -1, &e));
	NONE(dario_router_start(none, NULL, -1, &e));
	GIVES(NULL, dario_router_start(none, NULL, -1, NULL));
	LESS(dario_router_ready(NULL, 0, &e));
	GIVES(-1, dario_router_ready(NULL, -1, NULL));
	GIVES(1, dario_router_wait(NULL, -1, NULL));
	GIVES(-1, dario_router_stop(NULL, 0));
	dario_close(none);
}

int main(int argc, char **argv)
{
	struct dario_options o = { .size = sizeof(o) };

	if (argc < 3)
		return 2;
	o.data = argv[1];
	o.folder = argv[2];
	open_and_close(argv[1]);
	d = dario_open(&o, NULL);
	say("a folder", d != NULL);
	translators();
	exchanges();
	answers();
	money();
	folders();
	/* In any order. */
	anew();
	dario_close(d);
	dario_translator_free(t);
	GIVES(0, dario_exchange_end(x, NULL, NULL) >= 0);
	dario_exchange_free(x);
	return 0;
}
