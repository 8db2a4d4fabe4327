/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/member.h"

#include <string.h>

#define TEXT "text"
#define FLAG "true or false"
#define CLOCK "0 to 3600000, in milliseconds; 0: as the settings have it"
#define PROXY "a URL, such as http://host:port; \"\": none"
#define FILE_NAME "an absolute path"
#define DOLLARS "dollars for a million tokens"
#define MEDIA "an object of input, read, output"

const struct member backend_members[] = {
	{ "provider", MEMBER_ANY, TEXT, "", "",
	  "not used; for other programs" },
	{ "name", MEMBER_ANY, TEXT, "", "\"groq\"",
	  "not used; the file's name is the backend's" },
	{ "apiKey", MEMBER_TEXT, TEXT, "", "\"gsk_0123456789\"",
	  "the key; without it and the next two, a server that needs none" },
	{ "keyEnv", MEMBER_TEXT, "the name of a variable", "",
	  "\"GROQ_API_KEY\"",
	  "the key is in that variable of the router's environment, as it was "
	  "when the router started" },
	{ "keyCommand", MEMBER_TEXT, "words as for a shell; none is run", "",
	  "\"pass show groq\"",
	  "a program that prints the key on its first line" },
	{ "keyTtl", MEMBER_WHOLE, "0 to 86400, in seconds", "300", "3000",
	  "for how long what keyCommand printed is good" },
	{ "baseUrl", MEMBER_TEXT, "http or https, with a query or without",
	  "https://api.openai.com/v1, without a key",
	  "\"https://api.groq.com/openai/v1\"",
	  "where the provider is, up to what its API's paths begin with" },
	{ "protocol", MEMBER_TEXT,
	  "openai, responses, anthropic; several with commas", "openai",
	  "\"openai,responses\"",
	  "the APIs that it speaks, the one to translate to first" },
	{ "models", MEMBER_LIST, "a list of patterns, at most 256", "",
	  "[\"llama-*\"]",
	  "the models that go there without its name before them" },
	{ "modelsPath", MEMBER_TEXT, "a path", "/models below baseUrl",
	  "\"/catalog/models\"",
	  "where on the host of baseUrl the list of models is" },
	{ "proxy", MEMBER_TEXT, PROXY, "the environment's",
	  "\"http://10.0.0.1:3128\"", "the way there" },
	{ "caFile", MEMBER_TEXT, FILE_NAME, "SSL_CERT_FILE, or the system's",
	  "\"/etc/ssl/certs/ca-certificates.crt\"",
	  "the authorities that its certificate may be from" },
	{ "headers", MEMBER_OBJECT, "an object of texts, at most 16", "",
	  "{\"api-key\": \"{key}\"}",
	  "header fields of each call; {key} is the key, which then goes in no "
	  "other field" },
	{ "forward", MEMBER_LIST, "a list of names, at most 16", "",
	  "[\"x-team\"]",
	  "header fields of the client that also go to it in another API" },
	{ "organization", MEMBER_TEXT, TEXT, "", "\"org-1\"",
	  "goes as OpenAI-Organization" },
	{ "project", MEMBER_TEXT, TEXT, "", "\"proj_1\"",
	  "goes as OpenAI-Project" },
	{ "connectTimeoutMs", MEMBER_WHOLE, CLOCK, "0", "2000",
	  "time to reach it" },
	{ "firstByteTimeoutMs", MEMBER_WHOLE, CLOCK, "0", "60000",
	  "time until it begins to answer" },
	{ "idleTimeoutMs", MEMBER_WHOLE, CLOCK, "0", "60000",
	  "longest silence inside an answer" },
	{ "priority", MEMBER_WHOLE, "0 to 1000", "20", "10",
	  "of its first key, in a pool of several: the smaller goes first" },
	{ "reserve", MEMBER_WHOLE, "0 to 100, in percent", "0", "15",
	  "how much of the first key's limit is left alone" },
	{ "paused", MEMBER_FLAG, FLAG, "false", "true",
	  "the first key is not used" },
	{ .name = NULL },
};

const struct member account_members[] = {
	{ "alias", MEMBER_ANY, TEXT, "", "",
	  "not used; the file's name is the alias" },
	{ "apiKey", MEMBER_TEXT, TEXT, "", "\"sk-ant-0123456789\"",
	  "a key, in the place of a log-in" },
	{ "accessToken", MEMBER_TEXT, TEXT, "", "",
	  "of a log-in, as the next three" },
	{ "refreshToken", MEMBER_TEXT, TEXT, "", "",
	  "makes a new accessToken" },
	{ "expiresAt", MEMBER_WHOLE, "milliseconds since 1970", "", "",
	  "until when accessToken is good" },
	{ "scopes", MEMBER_LIST, "a list", "", "", "what the log-in may do" },
	{ "claudeAiOauth", MEMBER_OBJECT, "an object", "", "",
	  "the same four, as Claude Code writes them" },
	{ "accountUuid", MEMBER_TEXT, TEXT, "", "",
	  "the account, as its provider has it" },
	{ "deviceId", MEMBER_ANY, TEXT, "", "",
	  "not used; for other programs" },
	{ "storeVersion", MEMBER_WHOLE, "milliseconds since 1970", "", "",
	  "the log-in is shared with other hosts (store.md)" },
	{ "storeToken", MEMBER_TEXT, TEXT, "", "",
	  "the hash of what they have in common" },
	{ "priority", MEMBER_WHOLE, "0 to 1000", "10 of a log-in, 20 of a key",
	  "5", "the smaller goes first" },
	{ "reserve", MEMBER_WHOLE, "0 to 100, in percent", "0", "15",
	  "how much of its limit is left alone" },
	{ "paused", MEMBER_FLAG, FLAG, "false", "true", "it is not used" },
	{ "proxy", MEMBER_TEXT, PROXY, "the backend's",
	  "\"http://10.0.0.1:3128\"", "the way to the provider" },
	{ "caFile", MEMBER_TEXT, FILE_NAME, "the backend's",
	  "\"/etc/ssl/certs/ca-certificates.crt\"",
	  "the authorities that the certificate may be from" },
	{ .name = NULL },
};

const struct member rule_members[] = {
	{ "match", MEMBER_TEXT, "a pattern with *, ? and [...]", "",
	  "\"fast*\"", "the model's name, as the client asks for it" },
	{ "target", MEMBER_TEXT, "BACKEND:MODEL or BACKEND", "",
	  "\"groq:llama-3.3-70b\"",
	  "what answers; without a model the one that was asked for" },
	{ "fallbacks", MEMBER_LIST, "a list of them, at most 7", "",
	  "[\"openai:gpt-5\"]",
	  "what answers when the target does not, one after the other" },
	{ "on", MEMBER_LIST,
	  "a list of statuses (429, 5xx), connect, timeout, exhausted, auth, "
	  "credit, model",
	  "408, 429, 5xx, connect, timeout, exhausted, auth, credit",
	  "[\"429\", \"5xx\", \"connect\"]",
	  "which failures lead to the next one" },
	{ "retries", MEMBER_WHOLE, "0 to 5", "0", "1",
	  "how often a target is asked again before that" },
	{ "budgetMs", MEMBER_WHOLE, "0 to 600000, in milliseconds", "30000",
	  "15000",
	  "time from the request's start in which another call may begin" },
	{ "firstByteTimeoutMs", MEMBER_WHOLE,
	  "0 to 600000, in milliseconds; 0: as the backend has it", "0",
	  "10000", "time until a target begins to answer" },
	{ .name = NULL },
};

const struct member key_members[] = {
	{ "hash", MEMBER_TEXT, "sha256: and 64 hexadecimal digits", "", "",
	  "the key itself is printed once and kept nowhere" },
	{ "name", MEMBER_ANY, TEXT, "", "",
	  "not used; the file's name is the person's" },
	{ "created", MEMBER_TEXT, "a date", "", "", "when it was made" },
	{ "models", MEMBER_LIST, "a list of patterns, 1 to 64", "all",
	  "[\"claude-*\"]", "the models that it may ask for" },
	{ "spend", MEMBER_TEXT,
	  "dollars/day, /week or /month, several with commas", "",
	  "\"20/month,5/day\"", "what its requests may cost" },
	{ "rate", MEMBER_TEXT, "requests/min, hour, day, week or month", "",
	  "\"60/min\"", "how many it may send" },
	{ "tokens", MEMBER_TEXT, "tokens/min, hour, day, week or month; K, M",
	  "", "\"1M/day\"", "how many tokens they may use" },
	{ "parallel", MEMBER_WHOLE, "1 to 10000", "", "4",
	  "how many at a time" },
	{ "priority", MEMBER_WHOLE, "0 to 1000", "100", "50",
	  "who goes first in the queue: the smaller" },
	{ "expires", MEMBER_TEXT, "a date", "never", "\"2030-01-31\"",
	  "from then on it is refused" },
	{ "disabled", MEMBER_FLAG, FLAG, "false", "true", "it is refused" },
	{ "to", MEMBER_FLAG, FLAG, "false", "true",
	  "it may use /to/ and what else cannot be metered" },
	{ "unlimited", MEMBER_LIST, "a list of day, week, month", "", "",
	  "the periods whose limit was set to `null` over HTTP" },
	{ .name = NULL },
};

const struct member image_members[] = {
	{ "size", MEMBER_TEXT, TEXT, "any", "\"1024x1024\"", "its size" },
	{ "quality", MEMBER_TEXT, TEXT, "any", "\"hd\"", "its quality" },
	{ "price", MEMBER_NUMBER, "dollars", "", "0.08", "one of them" },
	{ .name = NULL },
};

const struct member price_members[] = {
	{ "match", MEMBER_LIST, "a list of patterns", "", "[\"my-model*\"]",
	  "the models that it is for" },
	{ "at", MEMBER_LIST, "a list of names", "all", "[\"openai\"]",
	  "the providers or backends where it is the price" },
	{ "input", MEMBER_NUMBER, DOLLARS, "", "1.5",
	  "what is read and not cached" },
	{ "output", MEMBER_NUMBER, DOLLARS, "", "6", "what is written" },
	{ "reasoning", MEMBER_NUMBER, DOLLARS, "output", "6",
	  "and of it, reasoning" },
	{ "read", MEMBER_NUMBER, DOLLARS, "input", "0.15",
	  "read from the cache" },
	{ "write5m", MEMBER_NUMBER, DOLLARS, "input", "1.875",
	  "written to the cache, for 5 minutes" },
	{ "write1h", MEMBER_NUMBER, DOLLARS, "input", "3",
	  "written to the cache, for an hour" },
	{ "image", MEMBER_OBJECT, MEDIA, "as text",
	  "{\"input\": 8, \"read\": 2, \"output\": 32}",
	  "of these, the tokens of images" },
	{ "audio", MEMBER_OBJECT, MEDIA, "as text",
	  "{\"input\": 32, \"output\": 64}", "and of sound" },
	{ "images", MEMBER_LIST, "a list of size, quality and price", "",
	  "[{\"size\": \"1024x1024\", \"quality\": \"hd\", \"price\": "
	  "0.08}, {\"price\": 0.04}]",
	  "dollars for one, where no tokens are told: the first that fits" },
	{ "hour", MEMBER_NUMBER, "dollars for an hour", "0", "0.36",
	  "sound, where its length is billed" },
	{ "characters", MEMBER_NUMBER, "dollars for a million characters", "0",
	  "15", "a text that is spoken, where that is billed" },
	{ "batch", MEMBER_NUMBER, "a share, 0 to 1", "0.5", "0.5",
	  "what of its price the requests of a batch cost" },
	{ "search", MEMBER_NUMBER, "dollars for a search", "0.01", "0.01",
	  "the provider's own search of the web" },
	{ "call", MEMBER_NUMBER, "dollars for a call", "0", "0.0025",
	  "a tool of the provider that `match` names: `file_search`, "
	  "`code_interpreter` (a gigabyte of its container)" },
	{ "from", MEMBER_TEXT, "a date", "always", "\"2026-01-01\"",
	  "the day from which it holds" },
	{ "long", MEMBER_OBJECT, "an object", "",
	  "{\"over\": 200000, \"input\": 3, "
	  "\"output\": 12}",
	  "the prices of a request with more than `over` tokens read" },
	{ .name = NULL },
};

size_t member_names(const struct member *rows, const char **out)
{
	size_t n = 0;

	for (; rows[n].name; n++)
		out[n] = rows[n].name;
	out[n] = NULL;
	return n;
}

void member_unknown(struct notes *n, bool grave, const char *where,
		    struct json_object *o, const struct member *rows)
{
	const char *names[MEMBERS_MAX + 1];

	member_names(rows, names);
	notes_unknown(n, grave, where, o, names);
}

/* What each type is called, and the types of JSON that are good for it. */
static const struct {
	const char *called;
	enum json_type good, too;
} types[] = {
	[MEMBER_ANY] = { "", json_type_null, json_type_null },
	[MEMBER_TEXT] = { "a string", json_type_string, json_type_string },
	[MEMBER_FLAG] = { "true or false", json_type_boolean,
			  json_type_boolean },
	[MEMBER_WHOLE] = { "a whole number", json_type_int, json_type_double },
	[MEMBER_NUMBER] = { "a number", json_type_int, json_type_double },
	[MEMBER_LIST] = { "a list", json_type_array, json_type_array },
	[MEMBER_OBJECT] = { "an object", json_type_object, json_type_object },
};

static bool is_of(enum member_type type, struct json_object *v)
{
	return type == MEMBER_ANY || json_object_is_type(v, types[type].good) ||
	       json_object_is_type(v, types[type].too);
}

/* What reads it as a C string would see the first part alone. */
static bool has_nul(struct json_object *v)
{
	return json_object_is_type(v, json_type_string) &&
	       strlen(json_object_get_string(v)) <
		       (size_t)json_object_get_string_len(v);
}

int member_check(struct json_object *o, const struct member *rows,
		 struct err *e)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(e, ERR_CONFIG, "not a JSON object");
	for (; rows->name; rows++) {
		struct json_object *v = json_get(o, rows->name);

		if (v && !is_of(rows->type, v))
			return err_set(e, ERR_CONFIG, "%s must be %s",
				       rows->name, types[rows->type].called);
		if (v && has_nul(v))
			return err_set(e, ERR_CONFIG, "%s must not hold a NUL",
				       rows->name);
	}
	return 0;
}

int member_number(struct json_object *o, const char *name, long least,
		  long most, long preset, long *out, struct err *e)
{
	int64_t n = json_get(o, name) ? json_int(o, name, -1) : preset;

	if (json_get(o, name) && (n < least || n > most))
		return err_set(e, ERR_CONFIG, "%s must be %ld to %ld", name,
			       least, most);
	*out = (long)n;
	return 0;
}

int member_way(struct json_object *o, const char **proxy, const char **ca,
	       struct err *e)
{
	*proxy = json_cstr(o, "proxy");
	*ca = json_cstr(o, "caFile");
	if (*proxy && **proxy && !strstr(*proxy, "://"))
		return err_set(e, ERR_CONFIG,
			       "proxy must be a URL such as http://host:port, "
			       "or \"\" for none");
	if (*ca && **ca != '/')
		return err_set(e, ERR_CONFIG,
			       "caFile must be an absolute path");
	return 0;
}
