/* SPDX-License-Identifier: MIT */
/*
 * every: all functions of dario.h by eight threads at a time, of one struct
 * dario and of one for each; and handles that are freed while others go on with
 * what was made with them.
 *
 *	every DATA FOLDER OTHER TIMES
 *
 * OTHER holds what FOLDER holds.
 */
#include <dario.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8

static const char request[] =
	"{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"logit_bias\":{},"
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
static const char answer[] =
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	"\"model\":\"c\",\"content\":[{\"type\":\"text\",\"text\":\"hello\"}],"
	"\"stop_reason\":\"end_turn\","
	"\"usage\":{\"input_tokens\":3,\"output_tokens\":7}}";
static const char events[] =
	"event: message_start\n"
	"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
	"\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\","
	"\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
	"event: content_block_start\n"
	"data: {\"type\":\"content_block_start\",\"index\":0,"
	"\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
	"event: content_block_delta\n"
	"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
	"{\"type\":\"text_delta\",\"text\":\"hello\"}}\n\n"
	"event: content_block_stop\n"
	"data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	"event: message_delta\n"
	"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	"\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n"
	"event: message_stop\n"
	"data: {\"type\":\"message_stop\"}\n\n";

static const char *data, *folders[2];
static long times;
static struct dario *shared;
static struct dario_translator *translator, *leaving;
static struct dario_exchange *handed[THREADS];
static pthread_barrier_t begun;
static atomic_int lines;

/* What each of them has found wrong, by what it did. */
enum what {
	OPEN,
	TRANSLATE,
	STREAM,
	PRICE,
	TELL,
	ROUTE,
	ASK,
	TOKEN,
	ROUTER,
	LEAVE,
	KINDS
};
static const char *const names[KINDS] = {
	"open and close",
	"requests and answers",
	"streams",
	"usage and price",
	"what a folder holds",
	"routes",
	"tests of a backend",
	"tokens",
	"a router",
	"what is freed meanwhile",
};
static atomic_int wrong[KINDS];

static void check(enum what what, int good)
{
	if (!good)
		atomic_fetch_add(&wrong[what], 1);
}

static void count_line(void *arg, const char *line)
{
	(void)arg;
	if (*line)
		atomic_fetch_add(&lines, 1);
}

static struct dario *open_it(int other)
{
	struct dario_options o = { .size = sizeof(o),
				   .data = data,
				   .folder = folders[other],
				   .log = count_line };

	return dario_open(&o, NULL);
}

static struct dario_translator *make(struct dario *d)
{
	struct dario_pair p = { sizeof(p), "openai", "anthropic",
				"https://api.anthropic.com", "{}" };

	return dario_translator_new(d, &p, NULL);
}

static struct dario_exchange *begin(struct dario_translator *t)
{
	return dario_exchange_new(t, "claude-x", request, strlen(request),
				  NULL);
}

static void translate(struct dario_translator *t)
{
	struct dario_exchange *x = begin(t);
	struct dario_error e = { .code = DARIO_BUSY, .message = "later" };
	struct dario_bytes out = { "", 0 };
	struct dario_usage u;

	check(TRANSLATE,
	      x && dario_exchange_streams(x) == 1 &&
		      !strcmp(dario_exchange_dropped(x), "logit_bias"));
	dario_exchange_request(x, &out);
	check(TRANSLATE, out.n > 40);
	check(TRANSLATE, dario_exchange_answer(x, 200, answer, strlen(answer),
					       &out, NULL) == 0 &&
				 out.n > 40);
	check(TRANSLATE, dario_exchange_usage(x, &u) == 1 && u.output == 7);
	dario_exchange_error(x, &e, &out);
	check(TRANSLATE, out.n > 10);
	dario_exchange_free(x);
	/* One that is not JSON, and its reason. */
	check(TRANSLATE, !dario_exchange_new(t, NULL, "{\"a\":", 5, &e) &&
				 e.code == DARIO_BAD_REQUEST);
}

static void feed(enum what what, struct dario_exchange *x, size_t from)
{
	size_t n = strlen(events), made = 0;
	struct dario_bytes out;
	int rc = 0;

	for (size_t i = from; i < n && rc == 0; i += 64) {
		rc = dario_exchange_feed(x, events + i, n - i < 64 ? n - i : 64,
					 &out, NULL);
		made += out.n;
	}
	check(what,
	      rc == 0 && dario_exchange_end(x, &out, NULL) == 0 && made > 0);
	dario_exchange_free(x);
}

static void stream(struct dario_translator *t)
{
	feed(STREAM, begin(t), 0);
}

static void price(struct dario *d)
{
	struct dario_usage u = { 0 };
	double dollars = 0;

	check(PRICE, dario_usage(d, "anthropic", answer, strlen(answer), &u,
				 NULL) == 1 &&
			     u.input == 3);
	check(PRICE,
	      dario_price(d, "claude-sonnet-4-5", 0, &u, &dollars, NULL) == 1 &&
		      dollars > 0);
}

static void tell(enum what what, char *text)
{
	check(what, text && (*text == '{' || *text == '['));
	dario_free(text);
}

static void ask_folder(struct dario *d)
{
	struct dario_error e = { 0 };
	struct dario_route r;
	int64_t ms, ends;
	char *token;

	tell(TELL, dario_accounts(d, NULL));
	tell(TELL, dario_status(d, NULL));
	tell(TELL, dario_backends(d, NULL));
	tell(ROUTE, dario_explain(d, "gpt-4", NULL, NULL));
	check(ROUTE, dario_route(d, "gpt-4", "messages", &r, NULL) == 0 &&
			     !strcmp(r.backend, "one"));
	check(ASK, dario_backend_test(d, "one", &ms, &e) < 0 &&
			   e.code == DARIO_NETWORK);
	token = dario_token(d, "work", &ends, NULL);
	check(TOKEN, token && !strcmp(token, "fake-key"));
	dario_free(token);
}

static void run_router(struct dario *d)
{
	const char *flags[] = { "--port=none", NULL };
	struct dario_router *r = dario_router_start(d, flags, -1, NULL);
	struct dario_error e = { 0 };
	int status = 0;

	check(ROUTER, r && dario_router_ready(r, -1, &e) < 0 && *e.message);
	check(ROUTER, dario_router_wait(r, -1, &status) == 1 && status == 2);
	check(ROUTER, dario_router_stop(r, 1000) == 2);
	dario_router_free(r);
}

static void *work(void *arg)
{
	long id = (long)arg;

	for (long i = 0; i < times; i++) {
		struct dario *own = open_it(id & 1);
		struct dario_translator *t = make(own);

		check(OPEN, own && t && dario_version() &&
				    dario_code_name(DARIO_BUSY));
		dario_close(own); /* what was made of it lives on */
		translate(translator);
		translate(t);
		stream(t);
		stream(translator);
		dario_translator_free(t);
		price(shared);
		ask_folder(shared);
		own = open_it(!(id & 1));
		price(own);
		ask_folder(own);
		if (i == 0 && id < 2)
			run_router(own);
		dario_close(own);
	}
	return NULL;
}

/* With one of its own, and with one that another thread has begun to feed. */
static void *go_on(void *id)
{
	struct dario_exchange *x = begin(leaving);

	pthread_barrier_wait(&begun);
	feed(LEAVE, x, 0);
	feed(LEAVE, handed[(long)id], 64);
	return NULL;
}

static void start(pthread_t threads[THREADS], void *(*fn)(void *))
{
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, fn, (void *)i);
}

static void join(pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Nobody begins another exchange with it, but those that have go on. */
static void leave(void)
{
	struct dario *d = open_it(0);
	pthread_t threads[THREADS];
	struct dario_bytes out;

	leaving = make(d);
	for (int i = 0; i < THREADS; i++) {
		handed[i] = begin(leaving);
		check(LEAVE, dario_exchange_feed(handed[i], events, 64, &out,
						 NULL) == 0);
	}
	pthread_barrier_init(&begun, NULL, THREADS + 1);
	start(threads, go_on);
	pthread_barrier_wait(&begun);
	dario_translator_free(leaving);
	dario_close(d);
	join(threads);
	pthread_barrier_destroy(&begun);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	if (argc < 5)
		return 2;
	data = argv[1];
	folders[0] = argv[2];
	folders[1] = argv[3];
	times = strtol(argv[4], NULL, 10);
	shared = open_it(0);
	translator = make(shared);
	start(threads, work);
	join(threads);
	dario_translator_free(translator);
	dario_close(shared);
	for (int i = 0; i < times; i++)
		leave();
	for (int i = 0; i < KINDS; i++)
		printf("%s eight threads: %s\n", wrong[i] ? "FAIL" : "PASS",
		       names[i]);
	return 0;
}
