/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/usage.h"

#include "base/jwalk.h"
#include "base/port.h"

#include <stdlib.h>
#include <string.h>

#define KEY "\"usage\""
#define OBJECT_MAX (128u << 10) /* bytes of a usage object: iterations, too */
#define COST_MAX 1e6            /* dollars of one answer; more is none */
#define TICKS 1e10              /* xAI's, in a dollar */

static void read_count(const struct jval *o, const char *key, int64_t *to)
{
	*to = jval_count(o, key, *to); /* absent or null: as it was */
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A later event that does not say it changes nothing. */
static void read_tier(const struct jval *o, const char *key, const char *value,
		      unsigned bit, unsigned *tier)
{
	const struct jval *v = jval_get(o, key);

	if (!v)
		return;
	*tier = (*tier & ~bit) | USAGE_TOLD;
	if (span_is(jval_str(o, key), value))
		*tier |= bit;
}

static void take_cost(struct usage *u, double dollars)
{
	if (!(dollars >= 0 && dollars <= COST_MAX)) /* nor is NaN one */
		return;
	u->has_cost = true;
	u->cost = dollars;
}

/* OpenRouter's `cost` is its own fee alone where the user's key is asked; that
 * of Perplexity has its parts and their sum; xAI counts in ticks; DeepInfra
 * calls it an estimate. */
static void read_cost(struct usage *u, const struct jval *o)
{
	const struct jval *byok = jval_get(o, "is_byok");
	const struct jval *cost = jval_get(o, "cost");
	double own = 0;

	if (jval_is(byok, JVAL_BOOL) && span_is(byok->text, "true"))
		own = jval_number(jval_get(o, "cost_details"),
				  "upstream_inference_cost", 0);
	take_cost(u, jval_number(o, "estimated_cost", -1));
	if (jval_is(cost, JVAL_OBJECT))
		take_cost(u, jval_number(cost, "total_cost", -1));
	else
		take_cost(u, jval_number(o, "cost", -1) + own);
	take_cost(u, jval_number(o, "cost_in_usd_ticks", -1) / TICKS);
}

void usage_cost_field(struct usage *u, struct span value)
{
	char text[40], *end;
	double v;

	if (u->has_cost || !value.n || value.n >= sizeof(text))
		return;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	if (text[strspn(text, "0123456789.eE+-")])
		return;
	v = strtod(text, &end);
	if (!*end)
		take_cost(u, v);
}

static void read_anthropic(struct usage *u, const struct jval *o)
{
	const struct jval *details = jval_get(o, "output_tokens_details");
	const struct jval *created = jval_get(o, "cache_creation");
	const struct jval *tools = jval_get(o, "server_tool_use");

	read_count(o, "input_tokens", &u->input);
	read_count(o, "cache_read_input_tokens", &u->cache_read);
	read_count(o, "cache_creation_input_tokens", &u->cache_write);
	read_count(created, "ephemeral_1h_input_tokens", &u->cache_write_1h);
	read_count(o, "output_tokens", &u->output);
	read_count(details, "thinking_tokens", &u->reasoning);
	read_count(tools, "web_search_requests", &u->searches);
	read_tier(o, "speed", "fast", USAGE_FAST, &u->tier);
	read_tier(o, "inference_geo", "us", USAGE_US, &u->tier);
	read_cost(u, o);
}

/* Its tokens are in none of the sums, unlike those of the messages. */
static void add_compactions(struct usage *u, const struct jval *list)
{
	const struct jval *one;

	for (size_t i = 0; (one = jval_at(list, i)); i++) {
		struct usage c = { .input = 0 };

		if (!span_is(jval_str(one, "type"), "compaction"))
			continue;
		read_anthropic(&c, one);
		u->input += c.input;
		u->cache_read += c.cache_read;
		u->cache_write += c.cache_write;
		u->cache_write_1h += c.cache_write_1h;
		u->output += c.output;
	}
}

/* Proxies leave the counts as the API behind them has them. */
static bool is_chats(const struct jval *o)
{
	return !jval_get(o, "input_tokens") && !jval_get(o, "output_tokens") &&
	       (jval_get(o, "prompt_tokens") ||
		jval_get(o, "completion_tokens"));
}

void usage_anthropic(struct usage *u, const struct jval *o)
{
	if (is_chats(o)) {
		usage_openai(u, o);
		return;
	}
	read_anthropic(u, o);
	if (jval_get(o, "input_tokens") && jval_get(o, "output_tokens"))
		add_compactions(u, jval_get(o, "iterations"));
}

/* The first of `keys` (NULL at the end) that is there, or 0. */
static int64_t any_count(const struct jval *o, const char *const *keys)
{
	for (; *keys; keys++)
		if (jval_get(o, *keys))
			return jval_count(o, *keys, 0);
	return 0;
}

/* What providers and routers call the tokens of a cache, beside the details
 * that have OpenAI's names: DeepSeek, Moonshot, LiteLLM. */
static const char *const reads[] = { "prompt_cache_hit_tokens", "cached_tokens",
				     "cache_read_input_tokens", NULL };
static const char *const writes[] = { "cache_write_tokens",
				      "cache_creation_input_tokens", NULL };

/* A part of `all` that details tell of. */
static int64_t part(const struct jval *details, const char *key, int64_t all)
{
	int64_t n = jval_count(details, key, 0);

	return n < all ? n : all;
}

/* What is no text. Of the cached tokens some say what they are; those of the
 * whole hold them. */
static void read_media(struct usage *u, const struct jval *in,
		       const struct jval *out)
{
	const struct jval *cached = jval_get(in, "cached_tokens_details");
	struct usage_media *i = &u->image, *a = &u->audio;

	i->read = part(cached, "image_tokens", u->cache_read);
	a->read = part(cached, "audio_tokens", u->cache_read - i->read);
	i->input = most(0, jval_count(in, "image_tokens", 0) - i->read);
	i->input = i->input < u->input ? i->input : u->input;
	a->input = most(0, jval_count(in, "audio_tokens", 0) - a->read);
	a->input = a->input < u->input - i->input ? a->input
						  : u->input - i->input;
	i->output = part(out, "image_tokens", u->output);
	a->output = part(out, "audio_tokens", u->output - i->output);
}

/* What OpenAI's images and transcriptions use has the names of Responses. xAI
 * leaves reasoning out of the completion but not out of the total. */
void usage_openai(struct usage *u, const struct jval *o)
{
	const struct jval *in = jval_get(o, "prompt_tokens_details");
	const struct jval *out = jval_get(o, "completion_tokens_details");
	int64_t prompt = jval_count(o, "prompt_tokens", 0);

	if (!jval_is(o, JVAL_OBJECT))
		return;
	u->seconds = jval_count(o, "seconds", 0);
	read_cost(u, o);
	if (!jval_get(o, "prompt_tokens") && jval_get(o, "input_tokens")) {
		usage_responses(u, o);
		return;
	}
	u->cache_read = jval_count(in, "cached_tokens", any_count(o, reads));
	u->cache_write = jval_count(in, "cache_write_tokens",
				    any_count(o, writes));
	u->input = most(0, prompt - u->cache_read - u->cache_write);
	u->output = most(jval_count(o, "completion_tokens", 0),
			 jval_count(o, "total_tokens", 0) - prompt);
	u->reasoning = jval_count(out, "reasoning_tokens",
				  jval_count(o, "reasoning_tokens", 0));
	if (u->reasoning > u->output) /* it is part of the output */
		u->output += u->reasoning;
	read_media(u, in, out);
}

void usage_responses(struct usage *u, const struct jval *o)
{
	const struct jval *in = jval_get(o, "input_tokens_details");
	const struct jval *out = jval_get(o, "output_tokens_details");
	const struct jval *sound = jval_get(o, "input_token_details");
	int64_t input = jval_count(o, "input_tokens", 0);

	if (!jval_is(o, JVAL_OBJECT))
		return;
	if (is_chats(o)) {
		usage_openai(u, o);
		return;
	}
	read_cost(u, o);
	u->cache_read = jval_count(in, "cached_tokens", any_count(o, reads));
	u->cache_write = jval_count(in, "cache_write_tokens",
				    any_count(o, writes));
	u->input = most(0, input - u->cache_read - u->cache_write);
	u->output = jval_count(o, "output_tokens", 0);
	u->reasoning = jval_count(out, "reasoning_tokens", 0);
	read_media(u, in ? in : sound, out); /* transcriptions have no s */
}

/* What stands behind the last key of that name with an object; a tool may have
 * a property of that name, too. A quote inside a string is escaped, so the
 * pattern is always a key. It mostly stands near the end. */
static struct span find_object(struct span text)
{
	const size_t n = sizeof(KEY) - 1;
	size_t end = text.n;
	const char *at;

	while (end >= n && (at = memrchr(text.p, KEY[0], end - n + 1))) {
		struct span rest;

		end = (size_t)(at - text.p) + n - 1;
		if (memcmp(at, KEY, n))
			continue;
		rest = span_skip(text, (size_t)(at - text.p) + n);
		while (rest.n && strchr(" \t\r\n:", *rest.p))
			rest = span_skip(rest, 1);
		if (span_starts(rest, "{"))
			return rest;
	}
	return SPAN("");
}

struct span usage_answer(struct span text)
{
	struct span response = jwalk_get(text, "response");

	return response.n ? response : text;
}

/* Groq has it in a member of its own while it streams, Moonshot in the
 * choice. */
static struct span of_chat(struct span text)
{
	struct span found = jwalk_get(text, "usage");
	struct jwalk w;

	if (!jwalk_is_object(found))
		found = jwalk_get(jwalk_get(text, "x_groq"), "usage");
	w = jwalk_in(jwalk_get(text, "choices"));
	while (!jwalk_is_object(found) && jwalk_next(&w))
		found = jwalk_get(w.value, "usage");
	return found;
}

static struct span of_messages(struct span text)
{
	struct span found = jwalk_get(text, "usage");

	return jwalk_is_object(found)
		     ? found
		     : jwalk_get(jwalk_get(text, "message"), "usage");
}

/* Does it look like an answer of a model, or a part of one? */
static bool is_answer(struct span text)
{
	static const char *const names[] = { "content",      "choices",
					     "output",       "message",
					     "delta",        "response",
					     "content_block" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (jwalk_get(text, names[i]).n)
			return true;
	return false;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && memchr(" \t\r\n", *p, 4))
		p++;
	return p;
}

/* A value ends at p. Do only members come behind it, and then the end of the
 * text? It is a member of the whole, then, whatever came before. */
static bool is_members_value(const char *p, const char *end)
{
	for (p = skip_blanks(p, end); p < end && *p == ',';) {
		p = skip_blanks(p + 1, end);
		if (p == end || *p != '"')
			return false;
		p = skip_blanks(jwalk_string_end(p, end), end);
		if (p == end || *p != ':')
			return false;
		p = skip_blanks(p + 1, end);
		p = skip_blanks(jwalk_end(p, end), end);
	}
	return p + 1 == end && *p == '}';
}

/* Where each API has it: one of that name may stand in the input of a tool, or
 * in a schema, which is what somebody else has written. Of the end of a text,
 * or of one of another kind, the last there is. */
static struct span find_usage(usage_fn *fn, struct span text)
{
	struct span all = span_trim(text), last = find_object(text), found;
	const char *end = all.p + all.n;

	if (!last.n || is_members_value(jwalk_end(last.p, end), end) ||
	    !span_starts(all, "{") || jwalk_end(all.p, end) != end)
		return last;
	found = fn == usage_anthropic ? of_messages(all)
	      : fn == usage_responses ? jwalk_get(usage_answer(all), "usage")
				      : of_chat(all);
	if (jwalk_is_object(found) || is_answer(all))
		return jwalk_is_object(found) ? found : SPAN("");
	return last;
}

/* OpenAI says beside the usage how it was served. A member of that name further
 * inside may be anybody's: the schema of a tool, for one. */
static void find_tier(struct span text, struct usage *u)
{
	static const struct span key = SPAN_INIT("\"service_tier\"");
	struct span tier;

	if (!memmem(text.p, text.n, key.p, key.n))
		return;
	tier = jwalk_get(usage_answer(text), "service_tier");
	if (!jwalk_is_string(tier))
		return;
	u->tier = USAGE_TOLD;
	if (jwalk_is(tier, "priority"))
		u->tier |= USAGE_PRIORITY;
	if (jwalk_is(tier, "flex"))
		u->tier |= USAGE_FLEX;
}

/* What OpenAI tells of a tool that it has run. In the end of an answer it is
 * the first of that name: those of the request's tools stand behind it. */
static struct span tool_usage(struct span text, const char *tool)
{
	static const struct span key = SPAN_INIT("\"tool_usage\"");
	const char *at = memmem(text.p, text.n, key.p, key.n);
	struct span rest;

	if (!at)
		return SPAN("");
	if (span_starts(span_trim(text), "{"))
		return jwalk_get(jwalk_get(usage_answer(text), "tool_usage"),
				 tool);
	rest = span_skip(text, (size_t)(at - text.p) + key.n);
	while (rest.n && strchr(" \t\r\n:", *rest.p))
		rest = span_skip(rest, 1);
	return jwalk_get(rest, tool);
}

int usage_of_images(struct span text, struct usage *u, struct err *e)
{
	struct span told = tool_usage(text, "image_gen");
	const struct jval *o;
	struct err why;
	struct jdoc d;

	if (!jwalk_is_object(told) || told.n > OBJECT_MAX)
		return 0;
	jdoc_init(&d);
	o = jdoc_read(&d, told, &why);
	if (o)
		usage_responses(u, o);
	jdoc_release(&d);
	if (!o && why.code == ERR_MEMORY)
		return err_memory(e);
	return o != NULL;
}

static int64_t billed_searches(struct span text)
{
	struct span n = jwalk_get(tool_usage(text, "web_search"),
				  "num_requests");

	return n.n && n.n < 10 && *n.p > '0' && *n.p <= '9'
		     ? strtol(n.p, NULL, 10)
		     : 0;
}

/* Of Responses: opening a page that was found is no search. */
static void count_searches(struct span text, struct usage *u)
{
	static const struct span kind = SPAN_INIT("\"web_search_call\"");
	int64_t billed = billed_searches(text);
	struct span action;
	struct jwalk w;

	if (billed)
		u->searches = billed;
	if (billed || !memmem(text.p, text.n, kind.p, kind.n))
		return;
	u->searches = 0;
	w = jwalk_in(jwalk_get(usage_answer(text), "output"));
	while (jwalk_next(&w)) {
		action = jwalk_get(w.value, "action");
		u->searches += jwalk_is(jwalk_get(w.value, "type"),
					"web_search_call") &&
			       (!action.n ||
				jwalk_is(jwalk_get(action, "type"), "search"));
	}
}

int usage_find(usage_fn *fn, struct span text, struct usage *u, struct err *e)
{
	struct span rest = find_usage(fn, text);
	const struct jval *o;
	struct err why;
	struct jdoc d;

	if (!rest.n)
		return 0;
	if (rest.n > OBJECT_MAX)
		rest.n = OBJECT_MAX;
	jdoc_init(&d);
	o = jdoc_take(&d, &rest, &why);
	if (o)
		fn(u, o);
	if (o && fn != usage_anthropic)
		find_tier(text, u);
	if (o && fn == usage_responses)
		count_searches(text, u);
	jdoc_release(&d);
	if (!o && why.code == ERR_MEMORY)
		return err_memory(e);
	return o != NULL;
}

bool usage_scan(usage_fn *fn, struct span text, struct usage *u)
{
	struct err unused;

	return usage_find(fn, text, u, &unused) > 0;
}
