/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/hosted.h"

#include "base/clock.h"
#include "base/jwalk.h"
#include "base/utf8.h"
#include "dialect/reader.h"
#include "dialect/usage.h"
#include "fcgi/estimate.h"
#include "fcgi/media.h"
#include "state/usage/cost.h"

#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 128 /* however many are allowed */
#define GIGABYTES_MAX 64
#define OUTPUT_MAX 1000000
#define ITERATIONS_MAX 65536      /* bytes of them */
#define CONTAINERS 16             /* that are told apart */
#define IMAGE_MODEL "gpt-image-1" /* draws where no other is named */

struct hosted {
	double calls, images; /* US dollars */
	int64_t tokens;       /* of an advisor */
	bool unknown, estimated;
	struct span containers[CONTAINERS];
	size_t n_containers;
};

/* The tools whose calls have items and prices of their own. */
enum hosted_tool {
	HOSTED_FILES,
	HOSTED_CODE,
	HOSTED_IMAGE,
	HOSTED_TOOLS
};

static const struct {
	const char *type, *item; /* in the request; in its answer */
} tools[HOSTED_TOOLS] = {
	[HOSTED_FILES] = { "file_search", "file_search_call" },
	[HOSTED_CODE] = { "code_interpreter", "code_interpreter_call" },
	[HOSTED_IMAGE] = { "image_generation", "image_generation_call" },
};

/* The others, by what their type begins with. */
static const char *const searching[] = {
	"web_search",       "google_search", "file_search", "code_interpreter",
	"image_generation", "openrouter:",   "x_search",    "code_execution",
};

static bool is_responses(const struct request *r)
{
	return r->dialect == &dialects[DIALECT_RESPONSES];
}

/* --- prices -------------------------------------------------------------- */

static const struct price *price_of(const struct request *r,
				    const struct backend *b, const char *name)
{
	return prices_find(r->config->prices, b, name, clock_wall_ms());
}

static const struct price *price_or_default(const struct request *r,
					    const struct backend *b,
					    const char *name)
{
	const struct price *p = price_of(r, b, name);

	return p ? p : prices_default(r->config->prices);
}

/* Of who has answered; NULL: not known. */
static const struct price *price_now(const struct request *r, struct hosted *h,
				     const char *name)
{
	const struct price *p = price_of(r, request_backend(r), name);

	if (!p && r->metered) {
		p = prices_default(r->config->prices);
		h->estimated = true;
	}
	h->unknown |= !p;
	return p;
}

/* --- tools and their settings -------------------------------------------- */

static int64_t whole(struct span value, int64_t most)
{
	int64_t n = 0;

	for (size_t i = 0; i < value.n && n <= most; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return 0;
		n = n * 10 + (value.p[i] - '0');
	}
	return n < most ? n : most;
}

/* What is set for a tool of that type; empty: nothing is. */
static struct span setting(struct span list, const char *type)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_next(&w))
		if (jwalk_is(jwalk_get(w.value, "type"), type))
			return w.value;
	return SPAN("");
}

/* "4g" */
static int64_t gigabytes(struct span tool)
{
	struct span limit = jwalk_get(jwalk_get(tool, "container"),
				      "memory_limit");
	int64_t n = 0;

	if (jwalk_is_string(limit) && limit.n > 3)
		n = whole((struct span){ limit.p + 1, limit.n - 3 },
			  GIGABYTES_MAX);
	return n ? n : 1;
}

static const char *image_model(const struct request *r, struct span tool)
{
	struct span name = jwalk_text(r->arena, jwalk_get(tool, "model"));

	return name.n ? arena_str(r->arena, name) : IMAGE_MODEL;
}

/* As the answer has it, which knows what else was set; else the request. */
static struct span tool_of(const struct request *r, struct span answer,
			   enum hosted_tool t)
{
	struct span tool = setting(jwalk_get(answer, "tools"), tools[t].type);

	return tool.n ? tool
		      : setting(jwalk_get(buf_get(&r->body), "tools"),
				tools[t].type);
}

/* --- what it was --------------------------------------------------------- */

static struct hosted *of(struct request *r)
{
	if (!r->hosted) {
		r->hosted = arena_take(r->arena, sizeof(*r->hosted));
		*r->hosted = (struct hosted){ .calls = 0 };
	}
	return r->hosted;
}

static void add_calls(struct request *r, enum hosted_tool t, int64_t n)
{
	struct hosted *h = of(r);
	const struct price *p = price_now(r, h, tools[t].type);

	if (p)
		h->calls += (double)n * p->call;
}

static bool is_seen(struct hosted *h, struct request *r, struct span id)
{
	for (size_t i = 0; i < h->n_containers; i++)
		if (span_eq(h->containers[i], id))
			return true;
	if (id.n && h->n_containers < CONTAINERS)
		h->containers[h->n_containers++] = arena_span(r->arena, id);
	return false;
}

static void add_container(struct request *r, struct span answer,
			  struct span item)
{
	struct hosted *h = of(r);

	if (is_seen(h, r, jwalk_get(item, "container_id")))
		return;
	add_calls(r, HOSTED_CODE, gigabytes(tool_of(r, answer, HOSTED_CODE)));
	h->estimated = true;
}

static void add_image(struct request *r, struct span answer, struct span item)
{
	struct hosted *h = of(r);
	const char *model = image_model(r, tool_of(r, answer, HOSTED_IMAGE));
	const struct price *p = price_now(r, h, model);

	if (!p)
		return;
	h->images +=
		media_image(p, jwalk_text(r->arena, jwalk_get(item, "size")),
			    jwalk_text(r->arena, jwalk_get(item, "quality")));
	h->estimated |= !p->n_images;
}

static void add(struct request *r, struct span answer, struct span item)
{
	struct span type = jwalk_get(item, "type");
	size_t t = 0;

	while (t < HOSTED_TOOLS && !jwalk_is(type, tools[t].item))
		t++;
	if (t == HOSTED_TOOLS || jwalk_is(jwalk_get(item, "status"), "failed"))
		return;
	switch ((enum hosted_tool)t) {
	case HOSTED_FILES:
		add_calls(r, HOSTED_FILES, 1);
		break;
	case HOSTED_CODE:
		add_container(r, answer, item);
		break;
	case HOSTED_IMAGE:
		add_image(r, answer, item);
		break;
	case HOSTED_TOOLS:
		break;
	}
}

static bool is_search(struct span item)
{
	struct span action = jwalk_get(item, "action");

	return jwalk_is(jwalk_get(item, "type"), "web_search_call") &&
	       (!action.n || jwalk_is(jwalk_get(action, "type"), "search"));
}

/* That it was asked for; empty: none was. */
static struct span advisor(const struct request *r)
{
	struct jwalk w = jwalk_in(jwalk_get(buf_get(&r->body), "tools"));

	while (jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (type.n && span_starts(span_skip(type, 1), "advisor"))
			return w.value;
	}
	return SPAN("");
}

/* It has read all that the model has, and its text is here, if only
 * encrypted. */
static void add_advice(struct request *r, struct span block)
{
	struct span said = jwalk_get(block, "content");
	struct span text = jwalk_get(said, "text");
	struct span name = jwalk_text(r->arena, jwalk_get(advisor(r), "model"));
	struct usage read = estimate_so_far(r), u = { .input = 0 };
	const struct price *p;
	struct hosted *h;

	text = text.n ? text : jwalk_get(said, "encrypted_content");
	if (!name.n || text.n <= 2)
		return;
	u.input = read.input + read.cache_read + read.cache_write;
	u.output = estimate_tokens(utf8_chars(jwalk_text(r->arena, text)));
	h = of(r);
	p = price_now(r, h, arena_str(r->arena, name));
	h->calls += p ? price_cost(p, &u) : 0;
	h->tokens += u.input + u.output;
	h->estimated = true;
}

void hosted_block(struct request *r, struct span block)
{
	if (jwalk_is(jwalk_get(block, "type"), "advisor_tool_result") &&
	    !cost_is_free(request_backend(r)))
		add_advice(r, block);
	r->usage.searches += jwalk_is(jwalk_get(block, "type"),
				      "server_tool_use") &&
			     jwalk_is(jwalk_get(block, "name"), "web_search");
}

void hosted_item(struct request *r, struct span item)
{
	r->usage.searches += is_search(item);
	if (!cost_is_free(request_backend(r)))
		add(r, SPAN(""), item);
}

/* The tokens of all images in place of what each may have had. False: they are
 * not told. */
static bool tell_images(struct request *r, struct span answer, struct span told)
{
	struct usage u = { .input = 0 };
	const struct price *p;
	struct err unused;
	struct hosted *h;

	if (usage_of_images(told, &u, &unused) <= 0)
		return false;
	if (!u.input && !u.cache_read && !u.output)
		return true; /* none, or what there was is not told */
	h = of(r);
	p = price_now(r, h, image_model(r, tool_of(r, answer, HOSTED_IMAGE)));
	h->images = p ? price_cost(p, &u) : 0;
	return true;
}

static void note_whole(struct request *r, struct span text)
{
	static const struct span kind = SPAN_INIT("_call\"");
	struct span answer = usage_answer(text);
	struct jwalk w;

	r->hosted = NULL;
	if (memmem(text.p, text.n, kind.p, kind.n)) {
		w = jwalk_in(jwalk_get(answer, "output"));
		while (jwalk_next(&w))
			add(r, answer, w.value);
	}
	tell_images(r, answer, text);
}

/* Which calls there were has gone by. */
static void note_end(struct request *r, struct span text)
{
	struct span asked = jwalk_get(buf_get(&r->body), "tools");
	bool told = tell_images(r, SPAN(""), text);

	for (size_t t = 0; t < HOSTED_TOOLS; t++) {
		struct span tool = setting(asked, tools[t].type);

		if (!tool.n || (t == HOSTED_IMAGE && told))
			continue;
		if (t == HOSTED_FILES)
			add_calls(r, HOSTED_FILES, 1);
		else if (t == HOSTED_CODE)
			add_container(r, SPAN(""), SPAN(""));
		else
			add_image(r, SPAN(""), tool);
		r->hosted->estimated = true;
	}
}

/* By the price of its own model; a compaction is in the usage. */
static void add_iteration(struct request *r, const struct jval *one,
			  bool fell_back)
{
	struct span type = jval_str(one, "type");
	struct span name = jval_str(one, "model");
	const char *model = r->upstream_model ? r->upstream_model : r->model;
	bool advice = span_is(type, "advisor_message");
	bool answer = span_is(type, "fallback_message");
	const struct price *p, *usual;
	struct usage u = { .input = 0 };
	struct hosted *h;

	usage_anthropic(&u, one);
	u.tier = advice ? 0 : r->usage.tier;
	/* One that has declined at once is not billed. */
	if (!advice && !answer &&
	    !(fell_back && span_is(type, "message") && u.output))
		return;
	h = of(r);
	if (name.n)
		p = price_now(r, h, arena_str(r->arena, name));
	else
		p = price_now(r, h, model);
	usual = price_now(r, h, model);
	if (p && usual)
		h->calls += price_cost(p, &u) -
			    (answer ? price_cost(usual, &u) : 0);
	if (!answer)
		h->tokens += u.input + u.cache_write + u.output;
}

static void note_iterations(struct request *r, struct span text)
{
	struct span list = jwalk_get(jwalk_get(text, "usage"), "iterations");
	const struct jval *o, *one;
	bool fell_back = false;
	struct err unused;
	struct jdoc d;

	if (!jwalk_is_array(list) || list.n > ITERATIONS_MAX)
		return;
	r->hosted = NULL;
	jdoc_init(&d);
	o = jdoc_read(&d, list, &unused);
	for (size_t i = 0; (one = jval_at(o, i)); i++)
		fell_back |= span_is(jval_str(one, "type"), "fallback_message");
	for (size_t i = 0; (one = jval_at(o, i)); i++)
		add_iteration(r, one, fell_back);
	jdoc_release(&d);
}

static bool names_iterations(const struct request *r, struct span text)
{
	static const struct span key = SPAN_INIT("\"iterations\"");

	return r->dialect == &dialects[DIALECT_ANTHROPIC] &&
	       memmem(text.p, text.n, key.p, key.n);
}

void hosted_note(struct request *r, struct span answer)
{
	bool iterations = names_iterations(r, answer);

	if ((!iterations && !is_responses(r)) || !r->backend ||
	    cost_is_free(request_backend(r)))
		return;
	if (iterations)
		note_iterations(r, answer);
	else if (span_starts(span_trim(answer), "{"))
		note_whole(r, answer);
	else
		note_end(r, answer);
}

void hosted_settle(struct request *r)
{
	r->estimated |= r->hosted && r->hosted->estimated &&
			!cost_is_told(request_backend(r), &r->usage);
}

bool hosted_cost(const struct request *r, double *cost)
{
	const struct hosted *h = r->hosted;

	*cost = h ? h->calls + h->images : 0;
	return !h || !h->unknown;
}

int64_t hosted_tokens(const struct request *r)
{
	return r->hosted ? r->hosted->tokens : 0;
}

/* --- and what it may be -------------------------------------------------- */

static bool is_searching(struct span type)
{
	type = span_skip(type, 1);
	for (size_t i = 0; i < sizeof(searching) / sizeof(*searching); i++)
		if (span_starts(type, searching[i]))
			return true;
	return false;
}

/* That the provider asks beside the one that is wanted. */
static void ask_model(const struct request *r, struct span from, int64_t times,
		      struct hosted_ask *ask)
{
	struct span name = jwalk_text(r->arena, jwalk_get(from, "model"));

	ask->unknown |= !times || ask->n_models == HOSTED_MODELS;
	if (ask->n_models == HOSTED_MODELS)
		return;
	ask->models[ask->n_models++] = (struct hosted_model){
		.name = arena_str(r->arena, name),
		.times = times ? times : 1,
		.output = whole(jwalk_get(from, "max_tokens"), OUTPUT_MAX),
	};
}

static void ask_fallbacks(const struct request *r, struct span list,
			  struct hosted_ask *ask)
{
	struct jwalk w = jwalk_in(list);

	ask->unknown |= jwalk_is_string(list); /* the provider's own choice */
	while (jwalk_next(&w))
		ask_model(r, w.value, 1, ask);
}

/* One of the provider's own, whatever it costs. */
static void ask_tool(const struct request *r, struct span tool,
		     struct hosted_ask *ask)
{
	struct jwalk w = jwalk_in(tool);
	struct span type = SPAN("");
	int64_t uses = 0;

	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "type") && jwalk_is_string(w.value))
			type = w.value;
		if (jwalk_key_is(&w, "max_uses"))
			uses = whole(w.value, CALLS_MAX);
	}
	if (type.n && span_starts(span_skip(type, 1), "advisor"))
		ask_model(r, tool, uses, ask);
	if (!type.n || !is_searching(type))
		return;
	if (is_responses(r) && jwalk_is(type, tools[HOSTED_FILES].type)) {
		ask->files = HOSTED_SEARCHES;
	} else if (is_responses(r) && jwalk_is(type, tools[HOSTED_CODE].type)) {
		ask->gigabytes += gigabytes(tool);
	} else if (is_responses(r) &&
		   jwalk_is(type, tools[HOSTED_IMAGE].type)) {
		ask->images = 1;
		ask->image_model = image_model(r, tool);
	} else {
		ask->searches += uses ? uses : HOSTED_SEARCHES;
	}
	ask->unknown |= !uses;
}

static void ask_searches(struct hosted_ask *ask)
{
	ask->searches += HOSTED_SEARCHES;
	ask->unknown = true;
}

void hosted_ask_begin(struct hosted_ask *ask)
{
	*ask = (struct hosted_ask){ .image_model = IMAGE_MODEL };
}

void hosted_ask_member(const struct request *r, const struct jwalk *w,
		       struct hosted_ask *ask)
{
	struct jwalk list;

	if (jwalk_key_is(w, "tools")) {
		list = jwalk_in(w->value);
		while (jwalk_next(&list))
			ask_tool(r, list.value, ask);
	} else if (jwalk_key_is(w, "web_search_options") ||
		   jwalk_key_is(w, "plugins")) {
		ask_searches(ask);
	} else if (jwalk_key_is(w, "fallbacks")) {
		ask_fallbacks(r, w->value, ask);
	} else if (is_responses(r) && jwalk_key_is(w, "max_tool_calls")) {
		ask->calls = whole(w->value, CALLS_MAX);
	}
}

void hosted_ask_end(const struct request *r, struct hosted_ask *ask)
{
	if (strstr(r->model, ":online"))
		ask_searches(ask);
	ask->unknown &= !ask->calls;
}

static double dearest(double a, double b)
{
	return a > b ? a : b;
}

static double of_models(const struct request *r, const struct hosted_ask *ask,
			const struct backend *b, const struct usage *request)
{
	double cost = 0;

	for (size_t i = 0; i < ask->n_models; i++) {
		const struct hosted_model *m = &ask->models[i];
		struct usage u = *request;

		if (m->output)
			u.output = m->output;
		cost += (double)m->times *
			price_cost(price_or_default(r, b, m->name), &u);
	}
	return cost;
}

static double of_calls(const struct request *r, const struct hosted_ask *ask,
		       const struct backend *b, const struct price *p)
{
	double search = p->search, code = 0, files = 0, image = 0;

	if (ask->files)
		files = price_or_default(r, b, tools[HOSTED_FILES].type)->call;
	if (ask->gigabytes)
		code = (double)ask->gigabytes *
		       price_or_default(r, b, tools[HOSTED_CODE].type)->call;
	if (ask->images)
		image = media_dearest_image(
			price_or_default(r, b, ask->image_model));
	if (!ask->searches)
		search = 0;
	if (ask->calls)
		return (double)ask->calls *
		       dearest(dearest(search, files), dearest(code, image));
	return (double)ask->searches * search + (double)ask->files * files +
	       code + (double)ask->images * image;
}

double hosted_most(const struct request *r, const struct hosted_ask *ask,
		   const struct backend *b, const struct price *p,
		   const struct usage *request)
{
	return of_calls(r, ask, b, p) + of_models(r, ask, b, request);
}
