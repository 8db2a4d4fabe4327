/* SPDX-License-Identifier: MIT */
/*
 * use: a foreign program that uses the library, for tests.
 *
 *	use DATA FOLDER LIBRARY
 *
 * DATA holds share/ of dario, below FOLDER homes are made, LIBRARY is opened
 * and closed again and again; "": not. Prints "PASS case" or "FAIL case".
 */
#define _GNU_SOURCE
#include <dario.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 1000

static const char *data;

static void say(const char *name, int good)
{
	printf("%s %s\n", good ? "PASS" : "FAIL", name);
}

static const char request[] =
	"{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"logit_bias\":{},"
	"\"stream_options\":{\"include_usage\":true},"
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
static const char whole_request[] =
	"{\"model\":\"m\",\"max_tokens\":9,"
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
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
static const char whole_answer[] =
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	"\"model\":\"c\",\"content\":[{\"type\":\"text\",\"text\":\"hello\"}],"
	"\"stop_reason\":\"end_turn\","
	"\"usage\":{\"input_tokens\":3,\"output_tokens\":7}}";

static const char overloaded[] =
	"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	"\"message\":\"no\"}}";

static struct dario *open_it(const char *folder)
{
	struct dario_options o = { .size = sizeof(o),
				   .data = data,
				   .folder = folder };

	return dario_open(&o, NULL);
}

static struct dario_translator *pair(struct dario *d, const char *client,
				     const char *provider)
{
	struct dario_pair p = { .size = sizeof(p),
				.client = client,
				.provider = provider };

	return dario_translator_new(d, &p, NULL);
}

struct text {
	char p[16384];
	size_t n;
};

static void add(struct text *t, struct dario_bytes b)
{
	if (b.n < sizeof(t->p) - t->n) {
		memcpy(t->p + t->n, b.p, b.n);
		t->n += b.n;
		t->p[t->n] = '\0';
	}
}

/* The stream in steps of so many bytes, up to `n` of them; the code at the
 * end. */
static int stream(struct dario_translator *t, const char *asked, size_t n,
		  size_t step, struct text *out)
{
	struct dario_error e = { 0 };
	struct dario_bytes b;
	struct dario_exchange *x = dario_exchange_new(t, NULL, asked,
						      strlen(asked), &e);
	int rc = x ? 0 : -1;

	out->n = 0;
	for (size_t at = 0; rc == 0 && at < n; at += step) {
		rc = dario_exchange_feed(x, events + at,
					 n - at < step ? n - at : step, &b, &e);
		add(out, b);
	}
	if (rc == 0) {
		rc = dario_exchange_end(x, &b, &e);
		add(out, b);
	}
	dario_exchange_free(x);
	return rc ? e.code : 0;
}

static void use_requests(struct dario_translator *t)
{
	struct dario_error e = { 0 };
	struct dario_bytes b;
	struct dario_exchange *x = dario_exchange_new(t, "claude-x", request,
						      strlen(request), &e);

	dario_exchange_request(x, &b);
	say("a request is written for the provider",
	    memmem(b.p, b.n, "\"claude-x\"", 10) &&
		    memmem(b.p, b.n, "\"hi\"", 4));
	say("it tells what was dropped",
	    !strcmp(dario_exchange_dropped(x), "logit_bias"));
	say("and whether a stream is wanted", dario_exchange_streams(x) == 1);
	dario_exchange_free(x);
	x = dario_exchange_new(t, NULL, "{\"model\":", 9, &e);
	say("half a request is refused",
	    !x && e.code == DARIO_BAD_REQUEST && e.status == 400);
	x = dario_exchange_new(t, NULL, NULL, 0, &e);
	say("none is misuse", !x && e.code == DARIO_MISUSE);
	say("errors need not be taken",
	    !dario_exchange_new(t, NULL, "x", 1, NULL));
}

/* The request as it is for that model. */
static void asked_for(struct dario_translator *t, const char *model,
		      struct text *out)
{
	static const char asked[] =
		"{\"model\":\"m\",\"reasoning_effort\":\"high\",\"messages\":"
		"[{\"role\":\"user\",\"content\":\"hi\"}]}";
	struct dario_exchange *x = dario_exchange_new(t, model, asked,
						      strlen(asked), NULL);
	struct dario_bytes b;

	out->n = 0;
	dario_exchange_request(x, &b);
	add(out, b);
	dario_exchange_free(x);
}

/* Each as by a translator that knows no other: they think in different ways. */
static void use_models(struct dario *d)
{
	static const char *const models[] = { "claude-opus-5", "claude-3-haiku",
					      "claude-3-haiku", "claude-opus-5",
					      "m" };
	struct dario_translator *t = pair(d, "openai", "anthropic");
	int same = 1;

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct dario_translator *own = pair(d, "openai", "anthropic");
		struct text got, want;

		asked_for(t, models[i], &got);
		asked_for(own, models[i], &want);
		same = same && want.n && !strcmp(got.p, want.p);
		dario_translator_free(own);
	}
	say("one model after another", same);
	dario_translator_free(t);
}

static void use_whole(struct dario_translator *t)
{
	struct dario_error e = { 0 };
	struct dario_usage u = { 0 };
	struct dario_bytes b;
	struct dario_exchange *x = dario_exchange_new(
		t, NULL, whole_request, strlen(whole_request), &e);

	say("no usage before the answer", dario_exchange_usage(x, &u) == 0);
	say("a whole answer",
	    dario_exchange_answer(x, 200, whole_answer, strlen(whole_answer),
				  &b, &e) == 0 &&
		    memmem(b.p, b.n, "\"chat.completion\"", 17) &&
		    memmem(b.p, b.n, "hello", 5));
	say("its usage",
	    dario_exchange_usage(x, &u) == 1 && u.input == 3 && u.output == 7);
	say("there is one only",
	    dario_exchange_answer(x, 200, "{}", 2, &b, &e) < 0 &&
		    e.code == DARIO_MISUSE);
	dario_exchange_free(x);
	x = dario_exchange_new(t, NULL, whole_request, strlen(whole_request),
			       &e);
	say("a provider's error in the client's words",
	    dario_exchange_answer(x, 529, overloaded, strlen(overloaded), &b,
				  &e) == 0 &&
		    memmem(b.p, b.n, "\"error\":{\"message\":\"no\"", 23));
	e.code = DARIO_BUSY;
	strcpy(e.message, "come again");
	dario_exchange_error(x, &e, &b);
	say("an error of the host's in the client's words",
	    memmem(b.p, b.n, "come again", 10) != NULL);
	dario_exchange_free(x);
}

static void use_streams(struct dario_translator *t)
{
	struct text a, b;
	size_t n = strlen(events);
	int rc = stream(t, request, n, n, &a), same = 1;

	say("a stream", rc == 0 && strstr(a.p, "\"content\":\"hello\"") &&
				strstr(a.p, "data: [DONE]"));
	for (size_t step = 1; step < 40; step += 6) {
		rc = stream(t, request, n, step, &b);
		/* The id and the date are of each answer. */
		same &= rc == 0 && a.n == b.n;
	}
	say("in pieces of any size", same);
	rc = stream(t, request, n - 60, 16, &b);
	say("a stream that is cut says so at its end",
	    rc == DARIO_UPSTREAM && strstr(b.p, "ended early") &&
		    !strstr(b.p, "[DONE]"));
	rc = stream(t, request, 100, 16, &b);
	say("and gives nothing when nothing had begun",
	    rc == DARIO_UPSTREAM && b.n == 0);
	rc = stream(t, whole_request, n, 16, &b);
	say("a stream for who wants none",
	    rc == 0 && b.p[0] == '{' && strstr(b.p, "\"hello\""));
}

static void use_same(struct dario *d)
{
	struct dario_translator *t = pair(d, "anthropic", "anthropic");
	struct dario_error e = { 0 };
	struct dario_usage u;
	struct dario_bytes b;
	struct dario_exchange *x = dario_exchange_new(t, "n", request,
						      strlen(request), &e);
	struct text out;
	size_t n = strlen(events);

	dario_exchange_request(x, &b);
	say("its own dialect stays but for the model",
	    b.n == strlen(request) &&
		    !memcmp(b.p + 13, request + 13, b.n - 13));
	dario_exchange_feed(x, events, n, &b, &e);
	say("and its usage is known", dario_exchange_end(x, &b, &e) == 0 &&
					      dario_exchange_usage(x, &u) &&
					      u.output == 7);
	dario_exchange_free(x);
	say("its answer passes", stream(t, request, n, 7, &out) == 0 &&
					 out.n == n &&
					 !memcmp(out.p, events, n));
	say("cut, it fails",
	    stream(t, request, n - 60, 7, &out) == DARIO_UPSTREAM);
	dario_translator_free(t);
}

static struct dario_exchange *ask_own(struct dario *d, const char *switches,
				      const char *body)
{
	struct dario_pair p = { .size = sizeof(p),
				.client = "openai",
				.provider = "openai",
				.switches = switches };
	struct dario_translator *t = dario_translator_new(d, &p, NULL);
	struct dario_exchange *x = dario_exchange_new(t, NULL, body,
						      strlen(body), NULL);

	dario_translator_free(t);
	return x;
}

static int has(struct dario_bytes b, const char *text)
{
	return memmem(b.p, b.n, text, strlen(text)) != NULL;
}

/* In one dialect the switches mean what they mean to a router. */
static void use_own(struct dario *d)
{
	static const char lonely[] =
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
		"\"hi\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
		"\"name\":\"a b\",\"parameters\":{\"type\":\"object\"}}}]}";
	static const char called[] =
		"{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
		"\"model\":\"m\",\"strange\":1,\"choices\":[{\"index\":0,"
		"\"finish_reason\":\"tool_calls\",\"message\":{\"role\":"
		"\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
		"\"functions.f:0\",\"type\":\"function\",\"function\":{\"name\":"
		"\"f\",\"arguments\":\"{}\"}}]}}]}";
	struct dario_exchange *x = ask_own(d, "{\"callsPaired\":true}", lonely);
	struct dario_bytes b;

	dario_exchange_request(x, &b);
	say("mended in its own dialect", !has(b, "\"a b\""));
	dario_exchange_answer(x, 200, called, strlen(called), &b, NULL);
	say("ids of its own are not sealed", has(b, "\"functions.f:0\""));
	dario_exchange_free(x);
	x = ask_own(d, "{\"callsPaired\":true,\"mend\":false}", lonely);
	dario_exchange_request(x, &b);
	say("not where a switch says so",
	    b.n == strlen(lonely) && !memcmp(b.p, lonely, b.n));
	dario_exchange_free(x);
	x = ask_own(d, "{\"normalize\":true}", lonely);
	dario_exchange_answer(x, 200, called, strlen(called), &b, NULL);
	say("written anew where a switch says so",
	    has(b, "\"functions.f:0\"") && !has(b, "strange"));
	dario_exchange_free(x);
}

/* What is no object of switches is an error, not the end of the host. */
static void use_switches(struct dario *d)
{
	static const char *const wrong[] = { "[]", "[{}]", "7", "\"x\"",
					     "null", "{", "",
					     "{\"toolIdMax\":[]}" };
	struct dario_pair p = { .size = sizeof(p),
				.client = "openai",
				.provider = "anthropic" };
	int refused = 1;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct dario_error e = { 0 };

		p.switches = wrong[i];
		refused &= !dario_translator_new(d, &p, &e) && e.code &&
			   *e.message;
	}
	say("switches that are none are refused", refused);
}

/* What is not there is nothing, or misuse. */
static void use_nothing(struct dario_translator *t)
{
	struct dario_error e = { 0 };
	struct dario_usage u;
	struct dario_bytes b = { "x", 1 };
	struct dario_exchange *x = dario_exchange_new(t, NULL, request,
						      strlen(request), &e);

	dario_exchange_request(NULL, &b);
	say("no exchange has no request", b.n == 0);
	say("and tells nothing", !*dario_exchange_dropped(NULL) &&
					 !dario_exchange_streams(NULL) &&
					 !dario_exchange_usage(NULL, &u));
	say("nor is it fed", dario_exchange_feed(NULL, "x", 1, &b, &e) &&
				     e.code == DARIO_MISUSE);
	dario_exchange_error(NULL, &e, &b);
	say("nor has it an error", b.n == 0);
	dario_exchange_error(x, NULL, &b);
	say("an error that is not told is one", b.n && b.p[0] == '{');
	dario_exchange_request(x, NULL);
	dario_exchange_error(x, &e, NULL);
	dario_exchange_usage(x, NULL);
	dario_exchange_free(x);
}

/* An answer that says so itself, in thousandths of a dollar; 1 when that is not
 * known. */
static int costs(struct dario *d, const char *switches, const char *base_url)
{
	static const char said[] =
		"{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
		"\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":"
		"\"stop\",\"message\":{\"role\":\"assistant\",\"content\":"
		"\"hi\"}}],\"usage\":{\"prompt_tokens\":3,"
		"\"completion_tokens\":4,\"cost\":0.25}}";
	struct dario_pair p = { .size = sizeof(p),
				.client = "anthropic",
				.provider = "openai",
				.base_url = base_url,
				.switches = switches };
	struct dario_translator *t = dario_translator_new(d, &p, NULL);
	struct dario_exchange *x = dario_exchange_new(
		t, NULL, whole_request, strlen(whole_request), NULL);
	struct dario_bytes b;
	double dollars = -1;
	int before = dario_exchange_price(x, 0, &dollars, NULL), rc;

	dario_exchange_answer(x, 200, said, strlen(said), &b, NULL);
	rc = dario_exchange_price(x, 0, &dollars, NULL);
	dario_exchange_free(x);
	dario_translator_free(t);
	if (before)
		return -1;
	return rc > 0 ? (int)(dollars * 1000) : 1 - rc;
}

static void use_price(struct dario *d)
{
	struct dario_error e = { 0 };
	struct dario_usage u = { 0 };
	double one = 0, two = 0;

	say("usage of a body", dario_usage(d, "anthropic", whole_answer,
					   strlen(whole_answer), &u, &e) == 1 &&
				       u.output == 7);
	say("none in it", dario_usage(d, "openai", "{}", 2, &u, &e) == 0);
	u.input = 1000000;
	say("a price",
	    dario_price(d, "claude-sonnet-4-5", 0, &u, &one, &e) == 1 &&
		    one > 1 && one < 100);
	u.input *= 2;
	dario_price(d, "claude-sonnet-4-5", 0, &u, &two, &e);
	say("twice as much costs more", two > one);
	say("what an answer has cost, as it tells",
	    costs(d, "{\"tellsCost\":true}", "https://example.com") == 250);
	say("not where its telling does not count",
	    costs(d, NULL, "https://example.com") == 1);
	say("a local server is free",
	    costs(d, NULL, "http://127.0.0.1:11434/v1") == 0);
	say("no price", dario_price(d, "no-such-model", 0, &u, &two, &e) == 0);
}

static void *work(void *t)
{
	struct text out;
	size_t n = strlen(events);
	long bad = 0;

	for (int i = 0; i < 20; i++)
		bad |= stream(t, request, n, 50, &out) ||
		       !strstr(out.p, "hello");
	return (void *)bad;
}

static void use_threads(struct dario_translator *t)
{
	pthread_t threads[THREADS];
	void *bad, *any = NULL;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, t);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &bad);
		any = any ? any : bad;
	}
	say("a translator serves threads", !any);
}

/* --- again and again -------------------------------------------------------- */

static int use_once(const char *path)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct dario *(*open)(const struct dario_options *,
			      struct dario_error *);
	struct dario_translator *(*make)(struct dario *,
					 const struct dario_pair *,
					 struct dario_error *);
	struct dario_exchange *(*ask)(struct dario_translator *, const char *,
				      const void *, size_t,
				      struct dario_error *);
	void (*free_x)(struct dario_exchange *);
	void (*free_t)(struct dario_translator *);
	void (*close)(struct dario *);
	struct dario_options o = { .size = sizeof(o), .data = data };
	struct dario_pair p = { sizeof(p), "openai", "anthropic", NULL, NULL };
	struct dario_exchange *x = NULL;

	if (!so)
		return -1;
	*(void **)&open = dlsym(so, "dario_open");
	*(void **)&make = dlsym(so, "dario_translator_new");
	*(void **)&ask = dlsym(so, "dario_exchange_new");
	*(void **)&free_x = dlsym(so, "dario_exchange_free");
	*(void **)&free_t = dlsym(so, "dario_translator_free");
	*(void **)&close = dlsym(so, "dario_close");
	struct dario *d = open(&o, NULL);
	struct dario_translator *t = make(d, &p, NULL);
	x = t ? ask(t, NULL, request, strlen(request), NULL) : NULL;
	free_x(x);
	free_t(t);
	close(d);
	dlclose(so);
	return x ? 0 : -1;
}

static long resident_kb(void)
{
	long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void again(const char *path)
{
	long before = 0;
	int bad = 0;

	for (int i = 0; i < ROUNDS && !bad; i++) {
		bad = use_once(path);
		if (i == ROUNDS / 10)
			before = resident_kb();
	}
	say("1,000 times opened, used and closed", !bad);
	printf("%ld KiB, then %ld KiB\n", before, resident_kb());
	say("within bounds", resident_kb() - before < 2048);
}

int main(int argc, char **argv)
{
	struct dario_error e = { 0 };
	struct dario_translator *t;
	struct dario *d;
	char path[4096];

	if (argc < 4)
		return 2;
	data = argv[1];
	if (*argv[3]) {
		/* Not the one that this program is linked with. */
		snprintf(path, sizeof(path), "%s", argv[3]);
		again(path);
	}
	d = open_it(NULL);
	t = pair(d, "openai", "anthropic");
	say("it opens", d && t);
	say("no dialect of ours", !pair(d, "openai", "latin"));
	say("an older or wrong struct is refused",
	    !dario_open(&(struct dario_options){ 0 }, &e) &&
		    e.code == DARIO_MISUSE);
	use_requests(t);
	use_models(d);
	use_whole(t);
	use_streams(t);
	use_same(d);
	use_own(d);
	use_switches(d);
	use_nothing(t);
	use_price(d);
	use_threads(t);
	dario_translator_free(t);
	dario_close(d);
	return 0;
}
