/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/log.h"
#include "net/http.h"
#include "state/config/route.h"
#include "state/keys/session-secret.h"

#include <sys/stat.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif
#include <unistd.h>

static void put(const char *home, const char *name, const char *text)
{
	struct err e;

	if (store_replace(home, name, span_of(text), &e))
		fail_msg("%s", e.msg);
}

/* The store itself never does this to a file. */
static void empty(const char *home, const char *name)
{
	struct err e = { 0 };
	char path[200];

	assert_int_equal(store_replace(home, name, SPAN(""), &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	snprintf(path, sizeof(path), "%s/%s", home, name);
	assert_int_equal(truncate(path, 0), 0);
}

static void add_backend(const char *home, const char *name, const char *rest)
{
	char file[100], text[500];
	struct err e;

	store_folder(home, "backends", &e);
	backend_file(name, file, sizeof(file));
	snprintf(text, sizeof(text),
		 "{\"name\":\"%s\",\"apiKey\":\"k\","
		 "\"baseUrl\":\"https://h/v1\"%s%s}",
		 name, *rest ? "," : "", rest);
	put(home, file, text);
}

static void picks(const struct snapshot *c, const char *model,
		  const char *backend, const char *upstream)
{
	struct plan plan;
	const struct route *r = &plan.routes[0];
	struct err e = { 0 };

	if (route_pick(c, model, &plan, &e)) {
		assert_int_equal(e.code, ERR_NO_MODEL);
		if (backend)
			fail_msg("%s: %s", model, e.msg);
		return;
	}
	if (!backend)
		fail_msg("%s went to %s", model, r->backend->name);
	assert_string_equal(r->backend->name, backend);
	assert_string_equal(r->model, upstream);
	assert_int_equal(r->renamed, strcmp(model, upstream) != 0);
}

/* What a pattern needs is no more than what it matches has. */
static void assert_patterns(void)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "gpt-*", "gpt-5", true },
		{ "gpt-*", "Gpt-5", false },
		{ "*", "", true },
		{ "*-mini", "o4-mini", true },
		{ "*-mini", "o4-mini-2025-04-16", true },
		{ "claude-opus-4-5", "claude-opus-4-5-20251101", true },
		{ "claude-opus-4-5-20251101", "claude-opus-4-5", true },
		{ "claude-opus-4-5-20251101", "claude-opus-4-5-20251102",
		  false },
		{ "claude-opus-4-5-latest", "claude-opus-4-5-20251101", true },
		{ "model-[0-9]*", "model-7b", true },
		{ "model-[0-9]*", "model-b7", false },
		{ "a\\*b", "a*b", true },
		{ "a\\*b", "axb", false },
		{ "m?del", "model", true },
		{ "route-17-*", "route-71-x", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model_pattern p;
		struct asked_name a;

		model_pattern_init(&p, span_of(rows[i].pattern));
		asked_name_init(&a, rows[i].name);
		if (model_pattern_matches(&p, &a) != rows[i].matches)
			fail_msg("%s, %s", rows[i].pattern, rows[i].name);
		model_pattern_release(&p);
	}
}

static void names_of_models(void **state)
{
	static const char *const foreign[] = {
		"gpt-5",     "gpt4",        "o3",
		"o1-mini",   "llama3",      "Meta-Llama-3.1-8B",
		"qwen2.5",   "QwQ-32B",     "gemini-2.5-pro",
		"google/x",  "x:8b",        "my-llama",
		"phi4",      "glm-4.6",     "text-embedding-3-small",
		"codestral", "DeepSeek-R1", "anthropic/claude-x",
		"mistral",   "kimi-k2",     "grok-4",
		"dbrx",      "zephyr-7b",   "tinyllama",
		"TinyLlama", "my-wizard2",  "stablelm2",
	};
	static const char *const not [] = {
		"claude-x", "opus",  "mystery",  "philosopher", "sophia",
		"o10",      "o33",   "fast",     "gptx",        "my-claude-gpt",
		"",         "yield", "novation", "commander",
		"OPUS",     "spring", "llamas",
	};
	static const char *const claudes[] = {
		"OPUS", "Claude-X", "sonnet-4-5", "HAIKU3", "opus-LATEST",
	};
	static const char *const others[] = {
		"opusx", "opus-mt-en-de", "sonnetto", "claude", "my-claude",
		"haiku-", "",
	};
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{ "a", "a", true },
		{ "a", "a-20250929", true },
		{ "a-latest", "a-20250929", true },
		{ "a-2024-08-06", "a:latest", true },
		{ "a-latest", "a:latest", true },
		{ "a-20250929", "a-20240101", false },
		{ "a-latest", "b-20250929", false },
		{ "a-latest", "a-b-20250929", false },
	};
	static const struct {
		const char *name, *undated, *bare, *family;
	} rows[] = {
		{ "a-20250929", "a", NULL, NULL },
		{ "a-2025092", NULL, NULL, NULL },
		{ "-20250929", NULL, NULL, NULL },
		{ "a-2024-08-06", "a", NULL, NULL },
		{ "a@20250929", "a", NULL, NULL },
		{ "a:latest", "a", NULL, NULL },
		{ ":latest", NULL, NULL, NULL },
		{ "models/a", NULL, "a", NULL },
		{ "openai:a/b", NULL, "a/b", NULL },
		{ "Anthropic/A", NULL, "A", NULL },
		{ "models/", NULL, NULL, NULL },
		{ "modelsx", NULL, NULL, NULL },
		{ "opus", NULL, NULL, "opus" },
		{ "claude-haiku1m", NULL, NULL, "haiku" },
		{ "sonnet-latest", "sonnet", NULL, "sonnet" },
		{ "sonnet-4", NULL, NULL, NULL },
		{ "claude-opus-4", NULL, NULL, NULL },
	};
	char name[2 * PEEK_MODEL_MAX];
	struct model_name out;
	bool million;

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!model_name_is_foreign(foreign[i]))
			fail_msg("%s", foreign[i]);
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (model_name_is_foreign(not [i]))
			fail_msg("%s", not [i]);
	for (size_t i = 0; i < sizeof(claudes) / sizeof(claudes[0]); i++)
		if (!model_name_is_claude(claudes[i]))
			fail_msg("%s", claudes[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (model_name_is_claude(others[i]))
			fail_msg("%s", others[i]);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (model_name_same(pairs[i].a, pairs[i].b) != pairs[i].same ||
		    model_name_same(pairs[i].b, pairs[i].a) != pairs[i].same)
			fail_msg("%s, %s", pairs[i].a, pairs[i].b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *n = rows[i].name;
		const char *got[] = { model_name_undated(n, &out),
				      model_name_bare(n),
				      model_name_family(n, &million) };
		const char *want[] = { rows[i].undated, rows[i].bare,
				       rows[i].family };

		for (int k = 0; k < 3; k++)
			if (!got[k] != !want[k] ||
			    (got[k] && strcmp(got[k], want[k])))
				fail_msg("%s: %s, not %s", n,
					 got[k] ? got[k] : "none",
					 want[k] ? want[k] : "none");
	}
	assert_patterns();
	memset(name, 'x', sizeof(name));
	strcpy(name + sizeof(name) - 8, "[1m]");
	assert_false(model_name_million(name, &out));
	strcpy(name + sizeof(name) - 8, ":latest");
	assert_null(model_name_undated(name, &out));
}

static void routes_in_order(void **state)
{
	struct err e = { 0 };
	struct snapshot *c;

	add_backend(*state, "anth", "\"protocol\":\"anthropic\"");
	add_backend(*state, "groq", "\"models\":[\"llama-*\",\"gpt-oss*\"]");
	add_backend(*state, "local",
		    "\"models\":[\"llama-3*\",\"exact\",\"*\\u002dtail\"]");
	c = snapshot_load(*state, &e);
	assert_non_null(c);
	picks(c, "groq:anything", "groq", "anything");
	picks(c, "groq:a:b", "groq", "a:b");
	picks(c, "local:", NULL, NULL);    /* a prefix needs a model */
	picks(c, "llama3:8b", NULL, NULL); /* llama3 is no backend */
	picks(c, "llama-2", "groq", "llama-2");
	picks(c, "llama-3.3-70b", "local", "llama-3.3-70b");
	picks(c, "exact", "local", "exact");
	picks(c, "gpt-oss-20b", "groq", "gpt-oss-20b");
	picks(c, "gpt-5", "groq", "gpt-5"); /* the first that is OpenAI's */
	picks(c, "o3-mini", "groq", "o3-mini");
	picks(c, "text-embedding-3-small", "groq", "text-embedding-3-small");
	picks(c, "claude-opus-5", NULL, NULL);
	snapshot_free(c);

	add_backend(*state, "openai", "");
	c = snapshot_load(*state, &e);
	assert_non_null(c);
	picks(c, "gpt-5", "openai", "gpt-5");
	picks(c, "gpt-oss-20b", "groq", "gpt-oss-20b");
	snapshot_free(c);
}

static void one_backend_takes_all(void **state)
{
	struct err e = { 0 };
	struct snapshot *c;

	setenv("DARIO_DEMO", "1", 1);
	c = snapshot_load(*state, &e);
	picks(c, "demo", "demo", "demo");
	picks(c, "whatever", "demo", "whatever");
	snapshot_free(c);
	add_backend(*state, "only", "");
	c = snapshot_load(*state, &e);
	picks(c, "demo", "demo", "demo");
	picks(c, "whatever", "only", "whatever");
	snapshot_free(c);
	unsetenv("DARIO_DEMO");
	c = snapshot_load(*state, &e);
	picks(c, "demo", "only", "demo");
	snapshot_free(c);
}

static void refused(const char *home, const char *part)
{
	struct err e = { 0 };
	struct snapshot *c = snapshot_load(home, &e);

	if (c)
		fail_msg("accepted, without \"%s\"", part);
	if (!strstr(e.msg, part))
		fail_msg("got \"%s\", wanted \"%s\"", e.msg, part);
}

static void wrong_files_are_named(void **state)
{
	char path[200];
	const char *home = *state;

	add_backend(home, "bad", "\"protocol\":\"soap\"");
	refused(home, "backends/bad.json: unknown protocol \"soap\"");
	put(home, "backends/bad.json", "{\"apiKey\":");
	refused(home, "backends/bad.json: JSON text ends too early");
	empty(home, "backends/bad.json");
	refused(home, "backends/bad.json");
	put(home, "backends/bad.json",
	    "{\"apiKey\":\"a b\",\"baseUrl\":\"https://h\"}");
	refused(home, "apiKey has blanks");
	put(home, "backends/bad.json", "{\"apiKey\":\"k\",\"baseURL\":\"x\"}");
	refused(home, "baseUrl is missing");
	put(home, "backends/bad.json", "{\"apiKey\":7}");
	refused(home, "apiKey must be a string");
	put(home, "backends/bad.json", "{\"models\":[1]}");
	refused(home, "models must be a list");
	put(home, "backends/bad.json", "{}");
	put(home, "config.json", "{\"port\":70000}");
	refused(home, "config.json: port must be a number from 1 to 65535");
	put(home, "config.json", "{}");

	snprintf(path, sizeof(path), "%s/backends/bad.json", home);
	chmod(path, 0644);
	refused(home, "chmod 600");
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	refused(home, "is a symbolic link");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(home, "is not a plain file");
	rmdir(path);
	chmod(home, 0755);
	refused(home, "chmod 700");
	chmod(home, 0700);
}

static void settings_have_an_order(void **state)
{
	const struct option_row *port = NULL;
	struct err e = { 0 };
	struct snapshot *c;

	for (const struct option_row *o = options; o->key; o++)
		if (strcmp(o->key, "port") == 0)
			port = o;
	assert_non_null(port);
	assert_true((size_t)(port - options) < OPTIONS_MAX);
	c = snapshot_load(*state, &e);
	assert_int_equal(c->settings.port, 3456);
	snapshot_free(c);
	put(*state, "config.json", "{\"port\":4000,\"verbose\":true}");
	c = snapshot_load(*state, &e);
	assert_int_equal(c->settings.port, 4000);
	assert_true(c->settings.verbose);
	assert_int_equal(c->settings.source[port - options], SOURCE_FILE);
	snapshot_free(c);
	setenv("DARIO_PORT", "5000", 1);
	c = snapshot_load(*state, &e);
	assert_int_equal(c->settings.port, 5000);
	assert_int_equal(settings_set(&c->settings, port, "6000", SOURCE_FLAG,
				      "--port", &e),
			 0);
	assert_int_equal(c->settings.port, 6000);
	assert_int_equal(settings_set(&c->settings, port, "6000x", SOURCE_FLAG,
				      "--port", &e),
			 -1);
	snapshot_free(c);
	unsetenv("DARIO_PORT");
}

static void snapshots_follow_the_files(void **state)
{
	struct snapshot_store *cs = snapshot_open(xstrdup(*state));
	struct snapshot *old, *c;
	struct err e = { 0 };

	old = snapshot_current(cs, &e);
	assert_int_equal(old->n_backends, 0);
	/* What has just been written is looked at once more after a moment,
	 * which may be now. */
	c = snapshot_current(cs, &e);
	for (int i = 0; i < 2 && c != old; i++) {
		snapshot_put(cs, old);
		old = c;
		c = snapshot_current(cs, &e);
	}
	assert_ptr_equal(c, old); /* nothing changed: nothing loaded */
	snapshot_put(cs, c);

	add_backend(*state, "a", "");
	c = snapshot_current(cs, &e);
	assert_int_equal(c->n_backends, 1);
	assert_int_equal(old->n_backends, 0); /* still whole */
	snapshot_put(cs, old);
	snapshot_put(cs, c);

	put(*state, "backends/a.json", "not json");
	c = snapshot_current(cs, &e);
	assert_int_equal(c->n_backends, 1); /* the last good one */
	assert_true(snapshot_broken(cs, &e));
	assert_non_null(strstr(e.msg, "backends/a.json"));
	snapshot_put(cs, c);

	add_backend(*state, "a", "\"models\":[\"x\"]");
	c = snapshot_current(cs, &e);
	assert_int_equal(c->backends[0].n_models, 1);
	assert_false(snapshot_broken(cs, &e));
	snapshot_put(cs, c);
	snapshot_close(cs);
}

/* The only model that the only backend has now, or "". */
static char only_model(struct snapshot_store *cs)
{
	struct err e;
	struct snapshot *c = snapshot_current(cs, &e);
	char model = '\0';

	if (c->n_backends)
		model = *c->backends[0].models[0].text;
	snapshot_put(cs, c);
	return model;
}

static void move(const char *home, const char *from, const char *to)
{
	struct err e;

	if (store_rename(home, from, to, &e))
		fail_msg("%s", e.msg);
}

/* However soon after the last one, and of equal size. */
static void no_change_is_missed(void **state)
{
	struct snapshot_store *cs = snapshot_open(xstrdup(*state));
	char away[STORE_PATH_MAX];
	struct err e;

	for (int round = 0; round < 200; round++) {
		add_backend(*state, "a", "\"models\":[\"x\"]");
		assert_int_equal(only_model(cs), 'x');
		add_backend(*state, "a", "\"models\":[\"y\"]");
		assert_int_equal(only_model(cs), 'y');
		add_backend(*state, "b", "\"models\":[\"z\"]");
		move(*state, "backends/b.json", "backends/a.json");
		assert_int_equal(only_model(cs), 'z');
		move(*state, "backends", "away");
		assert_int_equal(only_model(cs), '\0');
		add_backend(*state, "a", "\"models\":[\"w\"]");
		assert_int_equal(only_model(cs), 'w');
		move(*state, "backends/a.json", "away/b.json");
		assert_int_equal(only_model(cs), '\0');
		move(*state, "away/b.json", "backends/a.json");
		assert_int_equal(only_model(cs), 'w');
		snprintf(away, sizeof(away), "%s/away", (char *)*state);
		store_remove(*state, "away/a.json", &e);
		assert_int_equal(rmdir(away), 0);
	}
	snapshot_close(cs);
}

static void url_of_file_is(struct json_object *file, const char *base,
			   const char *protocol, enum dialect_id dialect,
			   const char *want)
{
	struct backend b;
	struct buf out;
	struct err e;

	json_set_str(file, "baseUrl", base);
	json_set_str(file, "protocol", protocol);
	assert_int_equal(backend_parse(&b, "x", file, &e), 0);
	buf_init(&out, 500);
	backend_url(&b, dialect, "/p", &out);
	assert_span(buf_get(&out), want);
	buf_release(&out);
	backend_release(&b);
	json_object_put(file);
}

static void url_is(const char *base, const char *protocol,
		   enum dialect_id dialect, const char *want)
{
	url_of_file_is(json_object_new_object(), base, protocol, dialect, want);
}

static void base_urls_of_every_habit(void **state)
{
	struct json_object *file = json_object_new_object();

	(void)state;
	url_is("https://api.openai.com/v1/", "openai", DIALECT_OPENAI,
	       "https://api.openai.com/v1/p");
	url_is("http://localhost:8080", "openai", DIALECT_OPENAI,
	       "http://localhost:8080/v1/p");
	url_is("https://x/openai", "openai", DIALECT_OPENAI,
	       "https://x/openai/p");
	url_is("https://api.anthropic.com", "anthropic", DIALECT_ANTHROPIC,
	       "https://api.anthropic.com/v1/p");
	url_is("https://x/anthropic/", "anthropic", DIALECT_ANTHROPIC,
	       "https://x/anthropic/v1/p");
	url_is("https://x/a/v1", "anthropic", DIALECT_ANTHROPIC,
	       "https://x/a/v1/p");
	json_object_object_add(file, "noVersion", json_object_new_boolean(1));
	url_of_file_is(file, "https://x", "openai", DIALECT_OPENAI,
		       "https://x/p");
}

static void urls_are_checked(void **state)
{
	bool tls, loopback, path;
	struct err e;

	(void)state;
	assert_int_equal(
		http_check_url("https://h/v1", &tls, &loopback, &path, &e), 0);
	assert_true(tls && !loopback && path);
	assert_int_equal(
		http_check_url("http://[::1]:80", &tls, &loopback, &path, &e),
		0);
	assert_true(!tls && loopback && !path);
	assert_int_equal(http_check_url("ftp://h/", &tls, &loopback, &path, &e),
			 -1);
	assert_int_equal(
		http_check_url("https://u:p@h/", &tls, &loopback, &path, &e),
		-1);
	assert_int_equal(
		http_check_url("https://h/?q=1", &tls, &loopback, &path, &e),
		-1);
	assert_int_equal(http_check_url("h/v1", &tls, &loopback, &path, &e),
			 -1);
}

static void redacts(const char *text, const char *want)
{
	struct buf out;

	buf_init(&out, 1000);
	log_redact(span_of(text), &out);
	assert_span(buf_get(&out), want);
	buf_release(&out);
}

static void log_hides_credentials(void **state)
{
	(void)state;
	redacts("key sk-ant-oat01-abcdefgh.x_y, next", "key sk-***, next");
	redacts("Authorization: Bearer abcdefghijkl", "Authorization: "
						      "Bearer ***");
	redacts("\"gsk_0123456789abcdef\"", "\"gsk_***\"");
	redacts("?key=AIzaSyA1234567890", "?key=***");
	redacts("desk-top and sk-short", "desk-top and sk-short");
	redacts("nothing to hide", "nothing to hide");
	redacts("sk-", "sk-");
}

/* Settings that could never match are refused with what to write instead. */
static void lists_of_hosts_are_checked(void **state)
{
	static const struct {
		const char *key, *text, *says; /* NULL: fine */
	} cases[] = {
		{ "corsOrigin", "", NULL },
		{ "corsOrigin", "https://app.example", NULL },
		{ "corsOrigin", "http://app.example:8080", NULL },
		{ "corsOrigin", "http://[fd00::5]:8080", NULL },
		{ "corsOrigin", "https://a.example, https://b.example", NULL },
		{ "corsOrigin", "chrome-extension://abcdef", NULL },
		{ "corsOrigin", "null", "would let every page in" },
		{ "corsOrigin", "*", "would let every page in" },
		{ "corsOrigin", "https://a.example,*", "every page" },
		{ "corsOrigin", "https://app.example/",
		  "write https://app.example" },
		{ "corsOrigin", "https://app.example/a/b",
		  "write https://app.example" },
		{ "corsOrigin", "app.example", "write https://app.example" },
		{ "corsOrigin", "app.example:80", "http://app.example:80" },
		{ "corsOrigin", "https://a.example,", "commas between" },
		{ "corsOrigin", ",", "commas between" },
		{ "corsOrigin", "https://a.example https://b.example",
		  "commas between" },
		{ "corsOrigin", "https://*.example", "not a web origin" },
		{ "corsOrigin", "https://u@a.example", "not a web origin" },
		{ "corsOrigin", "https://a.example:0", "not a web origin" },
		{ "corsOrigin", "https://a.example?x", "not a web origin" },
		{ "corsOrigin", "javascript://a.example", "not a web origin" },
		{ "corsOrigin", "file:///", "not a web origin" },
		{ "corsOrigin", " ", "not a web origin" },
		{ "allowedHosts", "", NULL },
		{ "allowedHosts", "my.box, other,fd00::5,[fd00::6]", NULL },
		{ "allowedHosts", "my.box:3456", "write my.box" },
		{ "allowedHosts", "https://my.box", "write my.box" },
		{ "allowedHosts", "https://my.box/llm", "not a host name" },
		{ "allowedHosts", "*", "never for all names" },
		{ "allowedHosts", "my.*", "stands in front alone" },
		{ "allowedHosts", "*.*.box", "stands in front alone" },
		{ "allowedHosts", ".box", "not a host name" },
		{ "allowedHosts", "my.box,", "not a host name" },
		{ "allowedHosts", "a b!", "not a host name" },
	};
	struct settings s;

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };
		int rc = settings_set(&s, option_find(cases[i].key),
				      cases[i].text, SOURCE_FILE, "WHERE", &e);

		if (rc ? !cases[i].says || !strstr(e.msg, cases[i].says) ||
				    strncmp(e.msg, "WHERE: ", 7)
		       : cases[i].says != NULL)
			fail_msg("%s %s: %s", cases[i].key, cases[i].text,
				 rc ? e.msg : "accepted");
	}
	settings_release(&s);
}

/* The switches of `model` at a backend of this file, as names. */
static void switches_are(const char *file, const char *dialect,
			 const char *model, const char *want)
{
	struct json_object *json = NULL;
	struct providers *p;
	struct backend b;
	struct quirks q;
	struct buf got;
	struct err e;

	p = providers_load(&e);
	json = json_read(span_of(file), &e);
	if (!p || !json || backend_parse(&b, "x", json, &e))
		fail_msg("%s", e.msg);
	providers_fill(p, &b);
	q = providers_quirks(
		p, &b,
		(enum dialect_id)(dialect_find(span_of(dialect)) - dialects),
		model);
	buf_init(&got, 1000);
	for (const struct quirk_row *r = quirk_rows; r->key; r++)
		if ((r->kind == QUIRK_FLAG || r->kind == QUIRK_OFF) &&
		    *(bool *)((char *)&q + r->at))
			buf_fmt(&got, "%s%s", got.n ? " " : "", r->key);
	if (quirks_lack_custom(&q))
		buf_fmt(&got, "%sno customTools", got.n ? " " : "");
	if (q.min_tokens)
		buf_fmt(&got, " min=%d", (int)q.min_tokens);
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
	backend_release(&b);
	providers_free(p);
	json_object_put(json);
}

static void providers_are_known(void **state)
{
	(void)state;
	/* By the base URL, and then whatever the model is called. */
	switches_are("{\"baseUrl\":\"https://api.deepseek.com/v1\"}", "openai",
		     "kimi-k2",
		     "reasoningContent noStrictTools noImages callsPaired "
		     "no customTools");
	/* What the file says goes over it, "no" too. */
	switches_are("{\"baseUrl\":\"https://api.deepseek.com/v1\","
		     "\"noImages\":false,\"mend\":false,\"topK\":true}",
		     "openai", "m",
		     "reasoningContent topK noStrictTools callsPaired mend "
		     "no customTools");
	/* By the model where the URL hides who answers, also with a prefix. */
	switches_are(
		"{\"baseUrl\":\"http://10.0.0.1:9\"}", "openai",
		"moonshotai/Kimi-K2.6",
		"reasoningContent noStrictTools noEmptyMessages callsPaired "
		"no customTools");
	switches_are("{\"baseUrl\":\"https://openrouter.ai/api/v1\"}", "openai",
		     "qwen/qwen3.8",
		     "reasoning tellsCost developerRole reasoningDetails topK "
		     "oneSystemMessage callsPaired jsonArguments "
		     "no customTools");
	switches_are("{\"baseUrl\":\"http://10.0.0.1:9\","
		     "\"oneSystemMessage\":false}",
		     "openai", "qwen3.8",
		     "callsPaired jsonArguments no customTools");
	/* A floor that holds in one API only. */
	switches_are("{\"baseUrl\":\"https://api.openai.com/v1\"}", "openai",
		     "gpt-5.4",
		     "maxCompletionTokens developerRole webSearch "
		     "customTools foreignFieldsRefused callsPaired");
	switches_are("{\"baseUrl\":\"https://api.openai.com/v1\"}", "responses",
		     "gpt-5.4",
		     "maxCompletionTokens developerRole webSearch "
		     "customTools foreignFieldsRefused callsPaired min=16");
	switches_are("{\"baseUrl\":\"http://10.0.0.1:9\"}", "openai", "m", "");
}

static void refuses_switch(const char *file, const char *says)
{
	struct json_object *json;
	struct backend b;
	struct err e = { 0 };

	json = json_read(span_of(file), &e);
	assert_int_equal(backend_parse(&b, "x", json, &e), -1);
	if (!strstr(e.msg, says))
		fail_msg("%s: %s", file, e.msg);
	json_object_put(json);
}

static void switches_are_checked(void **state)
{
	(void)state;
	refuses_switch("{\"noImages\":1}", "noImages must be true or false");
	refuses_switch("{\"mend\":\"no\"}", "mend must be true or false");
	refuses_switch("{\"minOutputTokens\":\"16\"}",
		       "minOutputTokens must be a whole number");
	refuses_switch("{\"toolIdMax\":9}", "toolIdMax must be at least 16");
	refuses_switch("{\"topFields\":[\"nonsense\"]}", "\"nonsense\"");
	refuses_switch("{\"topFields\":\"model\"}", "must be a list");
}

#ifdef __linux__
/* How often a file was opened since the last time. */
static int opened(int watch)
{
	char events[4096];
	ssize_t n = read(watch, events, sizeof(events));
	int times = 0;

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *x = (const void *)(events + at);

		times += x->len && strcmp(x->name, SESSION_SECRET) == 0;
		at += (ssize_t)(sizeof(*x) + x->len);
	}
	return times;
}

static void secret_is_read_once(void **state)
{
	const char *home = *state;
	char first[DIGEST_URL_BYTES], again[DIGEST_URL_BYTES];
	int watch = inotify_init1(IN_NONBLOCK);
	struct err e;

	assert_int_equal(session_sign(home, "a", SPAN("x"), first, &e), 0);
	assert_true(inotify_add_watch(watch, home, IN_OPEN) >= 0);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(session_sign(home, "a", SPAN("x"), again, &e),
				 0);
		assert_string_equal(first, again);
	}
	assert_true(opened(watch) <= 1);
	put(home, SESSION_SECRET, "another-secret-of-forty-three-characters---");
	opened(watch);
	for (int i = 0; i < 9; i++)
		assert_int_equal(session_sign(home, "a", SPAN("x"), again, &e),
				 0);
	assert_string_not_equal(first, again);
	assert_int_equal(opened(watch), 1);
	assert_int_equal(session_sign(home, "b", SPAN("x"), again, &e), 0);
	assert_string_not_equal(first, again);
	put(home, SESSION_SECRET, "short");
	assert_int_equal(session_sign(home, "a", SPAN("x"), again, &e), -1);
	close(watch);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_hosts_are_checked),
		cmocka_unit_test(names_of_models),
		WITH_HOME(routes_in_order),
		WITH_HOME(one_backend_takes_all),
		WITH_HOME(wrong_files_are_named),
		WITH_HOME(settings_have_an_order),
		WITH_HOME(snapshots_follow_the_files),
		WITH_HOME(no_change_is_missed),
#ifdef __linux__
		WITH_HOME(secret_is_read_once),
#endif
		cmocka_unit_test(base_urls_of_every_habit),
		cmocka_unit_test(providers_are_known),
		cmocka_unit_test(switches_are_checked),
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(log_hides_credentials),
	};

	for (const struct option_row *o = options; o->key; o++)
		unsetenv(o->env);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
