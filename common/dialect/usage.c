/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/usage.h"

#include <string.h>

#define KEY "\"usage\""
#define OBJECT_MAX 16384 /* bytes of a usage object */
#define USAGE_DEPTH 8

static void read_count(struct json_object *o, const char *key, int64_t *to)
{
	*to = json_count(o, key, *to); /* absent or null: as it was */
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void usage_anthropic(struct usage *u, struct json_object *o)
{
	struct json_object *details = json_get(o, "output_tokens_details");
	struct json_object *created = json_get(o, "cache_creation");

	read_count(o, "input_tokens", &u->input);
	read_count(o, "cache_read_input_tokens", &u->cache_read);
	read_count(o, "cache_creation_input_tokens", &u->cache_write);
	read_count(created, "ephemeral_1h_input_tokens", &u->cache_write_1h);
	read_count(o, "output_tokens", &u->output);
	read_count(details, "thinking_tokens", &u->reasoning);
}

/* The first of `keys` (NULL at the end) that is there, or 0. */
static int64_t any_count(struct json_object *o, const char *const *keys)
{
	for (; *keys; keys++)
		if (json_get(o, *keys))
			return json_count(o, *keys, 0);
	return 0;
}

/* What providers and routers call the tokens of a cache, beside the details
 * that have OpenAI's names: DeepSeek, Moonshot, LiteLLM. */
static const char *const reads[] = { "prompt_cache_hit_tokens", "cached_tokens",
				     "cache_read_input_tokens", NULL };
static const char *const writes[] = { "cache_write_tokens",
				      "cache_creation_input_tokens", NULL };

/* xAI leaves reasoning out of the completion but not out of the total. */
void usage_openai(struct usage *u, struct json_object *o)
{
	struct json_object *in = json_get(o, "prompt_tokens_details");
	struct json_object *out = json_get(o, "completion_tokens_details");
	int64_t prompt = json_count(o, "prompt_tokens", 0);

	if (!json_object_is_type(o, json_type_object))
		return;
	u->cache_read = json_count(in, "cached_tokens", any_count(o, reads));
	u->cache_write = json_count(in, "cache_write_tokens",
				    any_count(o, writes));
	u->input = most(0, prompt - u->cache_read - u->cache_write);
	u->output = most(json_count(o, "completion_tokens", 0),
			 json_count(o, "total_tokens", 0) - prompt);
	u->reasoning = json_count(out, "reasoning_tokens",
				  json_count(o, "reasoning_tokens", 0));
	if (u->reasoning > u->output) /* it is part of the output */
		u->output += u->reasoning;
}

void usage_responses(struct usage *u, struct json_object *o)
{
	struct json_object *in = json_get(o, "input_tokens_details");
	struct json_object *out = json_get(o, "output_tokens_details");
	int64_t input = json_count(o, "input_tokens", 0);

	if (!json_object_is_type(o, json_type_object))
		return;
	u->cache_read = json_count(in, "cached_tokens", any_count(o, reads));
	u->cache_write = json_count(in, "cache_write_tokens",
				    any_count(o, writes));
	u->input = most(0, input - u->cache_read - u->cache_write);
	u->output = json_count(o, "output_tokens", 0);
	u->reasoning = json_count(out, "reasoning_tokens", 0);
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

bool usage_scan(usage_fn *fn, struct span text, struct usage *u)
{
	struct span rest = find_object(text);
	struct json_object *o;
	struct err unused;

	if (!rest.n)
		return false;
	if (rest.n > OBJECT_MAX)
		rest.n = OBJECT_MAX;
	o = json_take(&rest, USAGE_DEPTH, &unused);
	fn(u, o);
	json_object_put(o);
	return o != NULL;
}
