/* SPDX-License-Identifier: MIT */
/*
 * scarce: each function of dario.h while the n-th piece of memory is not to be
 * had, or none from there on, for many n. None may end the process, and each
 * says what is wrong or has done its work. Needs glibc's malloc.
 *
 *	scarce DATA FOLDER
 */
#include <dario.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 3000 /* pieces that a function asks for */
#define DENSE 40  /* of which each is tried; then one in STEP */
#define STEP 149

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t n);

static long left = -1; /* pieces; -1: any number */
static int once;

static int none(void)
{
	if (left < 0 || (left > 0 && left--))
		return 0;
	if (once)
		left = -1;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n)
{
	return none() ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t size)
{
	return none() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t n)
{
	return none() ? NULL : __libc_realloc(p, n);
}

static struct dario_options options = { .size = sizeof(options) };
static struct dario *d;
static struct dario_translator *t;
static struct dario_exchange *x;
static struct dario_error e;

static const char request[] =
	"{\"model\":\"m\",\"max_tokens\":9,\"logit_bias\":{},\"user\":null,"
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
static const char said[] =
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	"\"model\":\"c\",\"content\":[{\"type\":\"text\",\"text\":\"hello\"}],"
	"\"stop_reason\":\"end_turn\","
	"\"usage\":{\"input_tokens\":3,\"output_tokens\":7}}";

static int text(char *p)
{
	dario_free(p);
	return p ? 0 : -1;
}

static int do_open(void)
{
	struct dario *one = dario_open(&options, &e);

	dario_close(one);
	return one ? 0 : -1;
}

static int do_translator(void)
{
	struct dario_pair p = { sizeof(p), "openai", "anthropic",
				"https://api.anthropic.com", "{}" };
	struct dario_translator *one = dario_translator_new(d, &p, &e);

	dario_translator_free(one);
	return one ? 0 : -1;
}

static int do_exchange(void)
{
	struct dario_exchange *one =
		dario_exchange_new(t, "c", request, strlen(request), &e);

	dario_exchange_free(one);
	return one ? 0 : -1;
}

static int do_answer(void)
{
	struct dario_bytes out;
	int rc = dario_exchange_answer(x, 200, said, strlen(said), &out, &e);

	return *dario_exchange_dropped(x) ? rc : -2;
}

static int do_refusal(void)
{
	struct dario_bytes out;

	dario_exchange_error(x, NULL, &out);
	return dario_exchange_answer(x, 500, "{\"error\":\"no\"}", 14, &out,
				     &e);
}

static int do_usage(void)
{
	struct dario_usage u;

	return dario_usage(d, "anthropic", said, strlen(said), &u, &e) - 1;
}

static int do_price(void)
{
	struct dario_usage u = { .input = 1000 };
	double dollars;

	return dario_price(d, "claude-sonnet-4-5", 0, &u, &dollars, &e) - 1;
}

static int do_accounts(void)
{
	return text(dario_accounts(d, &e));
}

static int do_status(void)
{
	return text(dario_status(d, &e));
}

static int do_backends(void)
{
	return text(dario_backends(d, &e));
}

static int do_explain(void)
{
	return text(dario_explain(d, "gpt-4", NULL, &e));
}

static int do_route(void)
{
	struct dario_route r;

	return dario_route(d, "gpt-4", NULL, &r, &e);
}

/* Nobody answers there: that is said in the end. */
static int do_test(void)
{
	int rc = dario_backend_test(d, "one", NULL, &e);

	return rc < 0 && e.code == DARIO_NETWORK ? 0 : rc;
}

static int do_token(void)
{
	return text(dario_token(d, "work", NULL, &e));
}

static int do_router(void)
{
	const char *flags[] = { "--port=none", NULL };
	struct dario_router *r = dario_router_start(d, flags, -1, &e);

	dario_router_free(r);
	return r ? 0 : -1;
}

static const struct function {
	const char *name;
	int (*call)(void);
	int warm; /* the folder has been read before */
} all[] = {
	{ "open", do_open, 0 },
	{ "translator", do_translator, 0 },
	{ "exchange", do_exchange, 0 },
	{ "answer", do_answer, 0 },
	{ "refusal", do_refusal, 0 },
	{ "usage", do_usage, 0 },
	{ "price", do_price, 0 },
	{ "backends", do_backends, 0 },
	{ "accounts", do_accounts, 1 },
	{ "status", do_status, 1 },
	{ "backends again", do_backends, 1 },
	{ "explain", do_explain, 1 },
	{ "route", do_route, 1 },
	{ "test", do_test, 1 },
	{ "token", do_token, 1 },
	{ "router", do_router, 1 },
};

enum {
	WELL = 10, /* it did not come to the n-th */
	DONE,
	TOLD,
	WRONG
};

/* In a process of its own: what was lost is not missed by the next. */
static int attempt(const struct function *f, long n)
{
	pid_t pid = fork();
	int rc, status;

	if (pid == 0) {
		memset(&e, 0, sizeof(e));
		left = n;
		rc = f->call();
		status = left > 0 ? WELL : DONE;
		left = -1;
		if (rc)
			status = e.code && *e.message ? TOLD : WRONG;
		_exit(status);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
		     ? WEXITSTATUS(status)
		     : -1;
}

static void try_all(const struct function *f)
{
	long n = 0, told = 0, bad = 0, first = -1;

	while (n < MOST) {
		int how = attempt(f, n);

		told += how == TOLD;
		if (how < WELL || how == WRONG) {
			bad++;
			first = first < 0 ? n : first;
		}
		if (how == WELL)
			break;
		n += n < DENSE ? 1 : STEP;
	}
	printf("%s %s, %s: %ld times told, of %ld", bad ? "FAIL" : "PASS",
	       f->name, once ? "one is missing" : "none from there on", told,
	       n);
	if (bad)
		printf(", %ld times not, first %ld", bad, first);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct dario_pair p = { sizeof(p), "openai", "anthropic", NULL, NULL };
	int warm = 0;

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	options.data = argv[1];
	options.folder = argv[2];
	d = dario_open(&options, NULL);
	t = dario_translator_new(d, &p, NULL);
	x = dario_exchange_new(t, NULL, request, strlen(request), NULL);
	for (size_t i = 0; x && i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].warm && !warm++)
			text(dario_backends(d, NULL));
		for (once = 0; once < 2; once++)
			try_all(&all[i]);
	}
	dario_exchange_free(x);
	dario_translator_free(t);
	dario_close(d);
	return 0;
}
