/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/option.h"

#include "base/embed.h"
#include "state/config/option-check.h"
#include "state/config/option-earlier.h"
#include "state/shared/redis-url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct settings, member)

const struct option_row options[] = {
	{ "port", "DARIO_PORT", "port", NULL, OPTION_INT, AT(port), 1, 65535,
	  "3456", "N", "port to listen on", NULL },
	{ "host", "DARIO_HOST", "host", NULL, OPTION_STRING, AT(host), 0, 0,
	  "127.0.0.1", "ADDR",
	  "address to listen on; beyond loopback only with an API key", NULL },
	{ "verbose", "DARIO_VERBOSE", "verbose", "v", OPTION_BOOL, AT(verbose),
	  0, 0, "false", NULL, "log as JSON, one object a line", NULL },
	{ "workers", "DARIO_WORKERS", "workers", NULL, OPTION_INT, AT(workers),
	  0, 64, "0", "N",
	  "worker processes; 0: as many as use all processors, each up to "
	  "four of them",
	  NULL },
	{ "threads", "DARIO_THREADS", "threads", NULL, OPTION_INT, AT(threads),
	  1, 8192, "2048", "N",
	  "requests that one worker serves at a time; more get a 429", NULL },
	{ "memory", "DARIO_MEMORY", NULL, NULL, OPTION_INT, AT(memory), 16,
	  1048576, "512", "MIB",
	  "memory, in MiB, that the requests of one worker get together; what "
	  "would take more is refused with a 503",
	  NULL },
	{ "demo", "DARIO_DEMO", "demo", NULL, OPTION_BOOL, AT(demo), 0, 0,
	  "false", NULL, "offer the built-in model \"demo\"", NULL },
	{ "apiKey", "DARIO_API_KEY", NULL, NULL, OPTION_SECRET, AT(api_key), 0,
	  0, "", NULL, "key that clients must send", "choose-a-long-one" },
	{ "corsOrigin", "DARIO_CORS_ORIGIN", NULL, NULL, OPTION_ORIGINS,
	  AT(cors_origin), 0, 0, "", "ORIGIN,...",
	  "web origins that may call the router beside those on loopback, such "
	  "as https://app.example, with commas between several",
	  "https://app.example" },
	{ "allowedHosts", "DARIO_ALLOWED_HOSTS", NULL, NULL, OPTION_HOSTS,
	  AT(allowed_hosts), 0, 0, "", "NAME,...",
	  "names under which the router may be called beside loopback: my.box, "
	  "or *.my.box for those below it; commas or blanks between several",
	  "my.box,*.my.box,192.168.1.5" },
	{ "prefix", "DARIO_PREFIX", "prefix", NULL, OPTION_STRING, AT(prefix),
	  0, 0, "", "PATH",
	  "path below which the router is served, such as /llm, where the web "
	  "server does not take it away",
	  "/llm" },
	{ "keepaliveMs", "DARIO_KEEPALIVE_MS", NULL, NULL, OPTION_INT,
	  AT(keepalive_ms), 50, 60000, "15000", "MS",
	  "silence after which a streaming client is sent keep-alive bytes; "
	  "inside an answer at most 10 s",
	  NULL },
	{ "connectTimeoutMs", "DARIO_CONNECT_TIMEOUT_MS", NULL, NULL,
	  OPTION_INT, AT(connect_ms), 50, 600000, "10000", "MS",
	  "time to reach a backend", NULL },
	{ "firstByteTimeoutMs", "DARIO_FIRST_BYTE_TIMEOUT_MS", NULL, NULL,
	  OPTION_INT, AT(first_byte_ms), 50, 3600000, "600000", "MS",
	  "time until a backend begins to answer", NULL },
	{ "idleTimeoutMs", "DARIO_IDLE_TIMEOUT_MS", NULL, NULL, OPTION_INT,
	  AT(idle_ms), 50, 3600000, "300000", "MS",
	  "longest silence inside an answer", NULL },
	{ "drainMs", "DARIO_DRAIN_MS", NULL, NULL, OPTION_INT, AT(drain_ms), 0,
	  600000, "10000", "MS",
	  "how long answers may go on when the router stops; then they end "
	  "with an error",
	  NULL },
	{ "breakerFailures", "DARIO_BREAKER_FAILURES", NULL, NULL, OPTION_INT,
	  AT(breaker_failures), 1, 1000, "5", "N",
	  "failures in a row after which a backend is passed over, where a "
	  "rule has another target",
	  NULL },
	{ "breakerOpenMs", "DARIO_BREAKER_OPEN_MS", NULL, NULL, OPTION_INT,
	  AT(breaker_open_ms), 100, 3600000, "30000", "MS",
	  "how long it is passed over before it is tried again", NULL },
	{ "anthropicBaseUrl", "DARIO_ANTHROPIC_BASE_URL", NULL, NULL,
	  OPTION_STRING, AT(anthropic_url), 0, 0, "https://api.anthropic.com",
	  "URL", "where the Claude accounts are served", NULL },
	{ "model", "DARIO_MODEL", "model", NULL, OPTION_STRING, AT(model), 0, 0,
	  "", "NAME", "model of all requests to the Claude accounts",
	  "claude-opus-4-1" },
	{ "passthrough", "DARIO_PASSTHROUGH", "passthrough", "thin",
	  OPTION_BOOL, AT(passthrough), 0, 0, "false", NULL,
	  "to the Claude accounts: swap the credential, nothing else", NULL },
	{ "preserveTools", "DARIO_PRESERVE_TOOLS", "preserve-tools",
	  "keep-tools", OPTION_BOOL, AT(preserve_tools), 0, 0, "false", NULL,
	  "to the Claude accounts: leave the client's tools as they are",
	  NULL },
	{ "hybridTools", "DARIO_HYBRID_TOOLS", "hybrid-tools", "context-inject",
	  OPTION_BOOL, AT(hybrid_tools), 0, 0, "false", NULL,
	  "map the client's tools, and fill session, request, channel, user "
	  "and time into their calls",
	  NULL },
	{ "template", "DARIO_TEMPLATE", "template", NULL, OPTION_STRING,
	  AT(template), 0, 0, "", "FILE",
	  "what is put into requests to the Claude accounts, instead of "
	  "template.json",
	  "/home/me/dario/template.json" },
	{ "minIntervalMs", "DARIO_MIN_INTERVAL_MS", NULL, NULL, OPTION_INT,
	  AT(min_interval_ms), 0, 600000, "500", "MS",
	  "time between two requests of one subscription; none for API keys",
	  NULL },
	{ "queueMs", "DARIO_QUEUE_MS", NULL, NULL, OPTION_INT, AT(queue_ms), 0,
	  3600000, "60000", "MS",
	  "how long a request waits when every account of its pool is "
	  "exhausted",
	  NULL },
	{ "strategy", "DARIO_STRATEGY", "strategy", NULL, OPTION_CHOICE,
	  AT(strategy), 0, 0, "headroom", "headroom|fill-first|soonest-reset",
	  "which account of a pool a new conversation goes to, of those with "
	  "the first priority: most left, in their order, or whose limit ends "
	  "first",
	  NULL },
	{ "overage", "DARIO_OVERAGE", "overage", NULL, OPTION_CHOICE,
	  AT(overage), 0, 0, "halt", "halt|warn|off",
	  "when an answer is billed beyond a subscription: stop that account "
	  "until it is resumed, say so in the log, or nothing",
	  NULL },
	{ "preflight", "DARIO_PREFLIGHT", "preflight", NULL, OPTION_CHOICE,
	  AT(preflight), 0, 0, "allow", "allow|refuse",
	  "a request of a key whose largest possible cost is more than the "
	  "rest of its spend limit",
	  NULL },
	{ "onError", "DARIO_ON_ERROR", "on-error", NULL, OPTION_CHOICE,
	  AT(on_error), 0, 0, "refuse", "allow|refuse",
	  "requests of keys with limits, while what they have used cannot be "
	  "read",
	  NULL },
	{ "otlpUrl", "DARIO_OTLP_URL", NULL, NULL, OPTION_URL, AT(otlp_url), 0,
	  0, "", "URL",
	  "collector (OTLP over HTTP) for what clients report of themselves; "
	  "without it that is dropped",
	  "https://otel.example" },
	{ "store", "DARIO_STORE", "store", NULL, OPTION_STORE, AT(store), 0, 0,
	  "", "URL",
	  "where hosts share their state: redis://HOST:PORT/DB, "
	  "redis+sentinel://HOST,.../MASTER/DB or unix:PATH of a Redis or "
	  "Valkey, rediss for TLS; without it, files of this host",
	  "redis://127.0.0.1:6379/0" },
	{ "storePasswordFile", "DARIO_STORE_PASSWORD_FILE",
	  "store-password-file", NULL, OPTION_STRING, AT(store_password_file),
	  0, 0, "", "FILE", "file with the store's password",
	  "/etc/dario/store.password" },
	{ "storeCaFile", "DARIO_STORE_CA_FILE", NULL, NULL, OPTION_STRING,
	  AT(store_ca_file), 0, 0, "", "FILE",
	  "with rediss://, certificates of the authorities that may have "
	  "signed the store's; without it, those that the system trusts",
	  "/etc/dario/store-ca.pem" },
	{ "storeCertFile", "DARIO_STORE_CERT_FILE", NULL, NULL, OPTION_STRING,
	  AT(store_cert_file), 0, 0, "", "FILE",
	  "with rediss://, the certificate that this host shows",
	  "/etc/dario/store-cert.pem" },
	{ "storeCertKeyFile", "DARIO_STORE_CERT_KEY_FILE", NULL, NULL,
	  OPTION_STRING, AT(store_cert_key_file), 0, 0, "", "FILE",
	  "its key; without it, in the same file",
	  "/etc/dario/store-cert.key" },
	{ "storePrefix", "DARIO_STORE_PREFIX", NULL, NULL, OPTION_STRING,
	  AT(store_prefix), 0, 0, "dario:", "TEXT",
	  "what the names of all keys in the store begin with", NULL },
	{ "storeKeyFile", "DARIO_STORE_KEY_FILE", NULL, NULL, OPTION_STRING,
	  AT(store_key_file), 0, 0, "", "FILE",
	  "file with the keys that tokens and configuration are sealed with in "
	  "the store; without it store.key, if that is there",
	  "/etc/dario/store.key" },
	{ "storeConfig", "DARIO_STORE_CONFIG", NULL, NULL, OPTION_BOOL,
	  AT(store_config), 0, 0, "false", NULL,
	  "take the configuration that is pushed to the store, as it changes",
	  NULL },
	{ "storeTimeoutMs", "DARIO_STORE_TIMEOUT_MS", NULL, NULL, OPTION_INT,
	  AT(store_timeout_ms), 1, 10000, "50", "MS",
	  "how long a request waits for the store at most; then it goes on "
	  "with what this host knows",
	  NULL },
	{ "storeConnectMs", "DARIO_STORE_CONNECT_MS", NULL, NULL, OPTION_INT,
	  AT(store_connect_ms), 50, 60000, "2000", "MS",
	  "time to reach the store", NULL },
	{ "ccPath", "DARIO_CC_PATH", NULL, NULL, OPTION_STRING, AT(cc_path), 0,
	  0, "", "FILE", "Claude Code's program, when it is not found",
	  "/usr/local/bin/claude" },
	{ "noBun", "DARIO_NO_BUN", NULL, NULL, OPTION_BOOL, AT(no_bun), 0, 0,
	  "false", NULL, "accepted from older set-ups; no effect", NULL },
	{ .key = NULL },
};

static bool is_string(const struct option_row *o)
{
	return o->type != OPTION_BOOL && o->type != OPTION_INT;
}

static void *member(const struct settings *s, const struct option_row *o)
{
	return (char *)s + o->at;
}

const struct option_row *option_find(const char *key)
{
	for (const struct option_row *o = options; o->key; o++)
		if (strcmp(o->key, key) == 0)
			return o;
	return NULL;
}

bool settings_key_is_short(const struct settings *s)
{
	return *s->api_key && strlen(s->api_key) < SETTINGS_KEY_MIN;
}

void settings_unknown(struct notes *n, struct json_object *file)
{
	const char *keys[OPTIONS_MAX + EARLIER_MAX + 1] = { NULL };
	size_t k = 0;

	for (size_t i = 0; options[i].key; i++)
		keys[k++] = options[i].key;
	for (size_t i = 0; earlier_is(file) && earlier_keys[i]; i++)
		keys[k++] = earlier_keys[i];
	notes_unknown(n, true, "config.json", file, keys);
	earlier_note(n, file);
}

const char *settings_place(const struct settings *s, const char *key, char *out,
			   size_t n)
{
	const struct option_row *o = option_find(key);

	if (s->source[o - options] == SOURCE_FILE)
		snprintf(out, n, "config.json: %s", key);
	else
		snprintf(out, n, "%s", o->env);
	return out;
}

void settings_init(struct settings *s)
{
	struct err unused;

	memset(s, 0, sizeof(*s));
	for (const struct option_row *o = options; o->key; o++)
		settings_set(s, o, o->preset, SOURCE_DEFAULT, o->key, &unused);
}

void settings_release(struct settings *s)
{
	for (const struct option_row *o = options; o->key; o++)
		if (is_string(o))
			free(*(char **)member(s, o));
	memset(s, 0, sizeof(*s));
}

static int parse_bool(const char *text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "true", true }, { "1", true },      { "yes", true },
		{ "on", true },   { "false", false }, { "0", false },
		{ "no", false },  { "off", false },   { "", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].text) == 0) {
			*out = words[i].value;
			return 0;
		}
	}
	return -1;
}

static int parse_int(const char *text, const struct option_row *o, long *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < o->min || v > o->max)
		return -1;
	*out = v;
	return 0;
}

static bool is_choice(const char *words, const char *text)
{
	size_t n = strlen(text);

	for (const char *at = words; n && (at = strstr(at, text)); at += n)
		if ((at == words || at[-1] == '|') && (at[n] == '|' || !at[n]))
			return true;
	return false;
}

/* A string that could never work. */
static int check_string(const struct option_row *o, const char *value,
			const char *where, struct err *e)
{
	if (o->type == OPTION_ORIGINS)
		return option_check_origins(value, where, e);
	if (o->type == OPTION_HOSTS)
		return option_check_hosts(value, where, e);
	if (o->type == OPTION_URL)
		return option_check_url(value, where, e);
	if (o->type == OPTION_STORE)
		return option_check_store(value, where, e);
	if (o->type == OPTION_CHOICE && !is_choice(o->metavar, value))
		return err_set(e, ERR_CONFIG,
			       "%s must be one of %s, not \"%.40s\"", where,
			       o->metavar, value);
	return 0;
}

int settings_set(struct settings *s, const struct option_row *o,
		 const char *value, enum option_source from, const char *where,
		 struct err *e)
{
	char **string = member(s, o);

	switch (o->type) {
	case OPTION_BOOL:
		if (parse_bool(value, member(s, o)))
			return err_set(e, ERR_CONFIG,
				       "%s must be true or false", where);
		break;
	case OPTION_INT:
		if (parse_int(value, o, member(s, o)))
			return err_set(e, ERR_CONFIG,
				       "%s must be a number "
				       "from %ld to %ld, not \"%.40s\"",
				       where, o->min, o->max, value);
		break;
	case OPTION_STRING:
	case OPTION_SECRET:
	case OPTION_CHOICE:
	case OPTION_ORIGINS:
	case OPTION_HOSTS:
	case OPTION_URL:
	case OPTION_STORE:
		if (check_string(o, value, where, e))
			return -1;
		if (o->type == OPTION_STORE && from == SOURCE_FLAG &&
		    redis_url_has_password(value))
			return err_set(e, ERR_USAGE,
				       "%s: others can read the arguments of a "
				       "program: put the password into a file, "
				       "and give --store-password-file",
				       where);
		free(*string);
		*string = xstrdup(value);
		break;
	}
	s->source[o - options] = from;
	return 0;
}

static const enum json_type json_types[] = {
	[OPTION_BOOL] = json_type_boolean,  [OPTION_INT] = json_type_int,
	[OPTION_STRING] = json_type_string, [OPTION_SECRET] = json_type_string,
	[OPTION_CHOICE] = json_type_string, [OPTION_ORIGINS] = json_type_string,
	[OPTION_HOSTS] = json_type_string,  [OPTION_URL] = json_type_string,
	[OPTION_STORE] = json_type_string,
};

int settings_from_file(struct settings *s, struct json_object *file,
		       struct err *e)
{
	if (file && !json_object_is_type(file, json_type_object))
		return err_set(e, ERR_CONFIG, "config.json: not a JSON object");
	for (const struct option_row *o = options; o->key; o++) {
		struct json_object *v = json_get(file, o->key);
		const char *where = o->key, *text;

		text = v ? json_object_get_string(v)
			 : earlier_text(file, o->key, &where);
		if (!text)
			continue;
		if (v && !json_object_is_type(v, json_types[o->type]))
			return err_set(e, ERR_CONFIG,
				       "config.json: %s must "
				       "be a %s",
				       o->key,
				       json_type_to_name(json_types[o->type]));
		if (settings_set(s, o, text, SOURCE_FILE, where, e))
			return err_add(e, "config.json");
	}
	return 0;
}

int settings_from_env(struct settings *s, struct err *e)
{
	for (const struct option_row *o = options; o->key; o++) {
		const char *v = embed_getenv(o->env);

		if (v && *v && settings_set(s, o, v, SOURCE_ENV, o->env, e))
			return -1;
	}
	return 0;
}

void settings_show(const struct settings *s, const struct option_row *o,
		   struct buf *out)
{
	const char *string;

	switch (o->type) {
	case OPTION_BOOL:
		buf_str(out, *(bool *)member(s, o) ? "true" : "false");
		break;
	case OPTION_INT:
		buf_fmt(out, "%ld", *(long *)member(s, o));
		break;
	case OPTION_STRING:
	case OPTION_CHOICE:
	case OPTION_ORIGINS:
	case OPTION_HOSTS:
	case OPTION_URL:
		buf_str(out, *(char **)member(s, o));
		break;
	case OPTION_STORE:
		redis_url_show(*(char **)member(s, o), out);
		break;
	case OPTION_SECRET:
		string = *(char **)member(s, o);
		buf_str(out, *string ? "set" : "");
		break;
	}
}

const char *option_source_name(enum option_source from)
{
	static const char *const names[] = {
		[SOURCE_DEFAULT] = "default",
		[SOURCE_FILE] = "config.json",
		[SOURCE_ENV] = "environment",
		[SOURCE_FLAG] = "flag",
	};

	return names[from];
}
