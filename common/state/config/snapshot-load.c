/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/snapshot-load.h"

#include "base/fnv.h"
#include "base/host.h"
#include "state/shared/tidy.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKENDS_MAX 256

static account_watch_fn watch;

static void watch(void *arg, const char *root, const char *name)
{
	struct snapshot *c = arg;

	watches_add(&c->watches, root, name);
}

static int is_backend(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".json") == 0 &&
	       store_good_name((struct span){ d->d_name, n - 5 });
}

/* The names of the backend files, sorted; malloced as scandir does. */
static int list_backends(const char *home, struct dirent ***list)
{
	char path[PATH_MAX];
	int n;

	snprintf(path, sizeof(path), "%s/backends", home);
	*list = NULL;
	n = scandir(path, list, is_backend, alphasort);
	return n < 0 && errno == ENOENT ? 0 : n;
}

static void free_list(struct dirent **list, int n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}

/* What is known of its provider, and files that it depends on. */
static void note_backend(struct snapshot *c, struct backend *b)
{
	providers_fill(c->providers, b);
	if (b->ca_file)
		watch(c, "", b->ca_file);
}

static int load_backend(struct snapshot *c, const char *home, const char *file,
			struct err *e)
{
	char path[300], name[80];
	struct json_object *json;
	int rc;

	snprintf(name, sizeof(name), "%.*s", (int)strlen(file) - 5, file);
	backend_file(name, path, sizeof(path));
	watch(c, home, path);
	rc = json_load(home, path, &json, e);
	if (rc)
		return rc < 0 ? -1 : 0;
	rc = backend_parse(&c->backends[c->n_backends], name, json, e);
	if (rc == 0 && backend_load_keys(&c->backends[c->n_backends], home,
					 json, watch, c, e)) {
		backend_release(&c->backends[c->n_backends]);
		rc = -1;
	}
	if (rc)
		err_add(e, path);
	else
		note_backend(c, &c->backends[c->n_backends++]);
	backend_unknown(&c->notes, path, json);
	json_object_put(json);
	return rc;
}

/* As they are now. */
static void index_backends(struct snapshot *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_backends; i++)
		n += c->backends[i].n_models;
	c->name_hashes = xrealloc(c->name_hashes,
				  c->n_backends * sizeof(uint64_t));
	c->claims = xrealloc(c->claims, n * sizeof(*c->claims));
	c->n_claims = 0;
	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];

		c->name_hashes[i] = fnv(FNV_START, span_of(b->name));
		for (size_t k = 0; k < b->n_models; k++)
			c->claims[c->n_claims++] = (struct claim){
				b->models[k].needs, &b->models[k], b
			};
	}
}

static int load_backends(struct snapshot *c, const char *home, struct err *e)
{
	struct dirent **list;
	int n, rc = 0;

	watch(c, home, "backends");
	n = list_backends(home, &list);
	if (n < 0)
		return err_sys(e, "list", "backends");
	if (n > BACKENDS_MAX)
		rc = err_set(e, ERR_CONFIG, "more than %d backends",
			     BACKENDS_MAX);
	c->backends = xcalloc((size_t)n + 1, sizeof(*c->backends));
	for (int i = 0; i < n && rc == 0; i++)
		rc = load_backend(c, home, list[i]->d_name, e);
	free_list(list, n);
	if (rc == 0)
		index_backends(c);
	return rc;
}

static int load_settings(struct snapshot *c, const char *home, struct err *e)
{
	struct json_object *file;
	int rc;

	settings_init(&c->settings);
	watch(c, home, "config.json");
	if (json_load(home, "config.json", &file, e) < 0)
		return -1;
	rc = settings_from_file(&c->settings, file, e);
	settings_unknown(&c->notes, file);
	json_object_put(file);
	return rc ? rc : settings_from_env(&c->settings, e);
}

static bool is_target(const void *arg, struct span name)
{
	return span_is(name, "claude") || span_is(name, "demo") ||
	       snapshot_backend(arg, name);
}

static int load_rules(struct snapshot *c, const char *home, struct err *e)
{
	struct json_object *file;
	int rc;

	watch(c, home, RULES_FILE);
	if (json_load(home, RULES_FILE, &file, e) < 0)
		return -1;
	rc = rules_parse(&c->rules, file, is_target, c, e);
	rules_unknown(&c->notes, file);
	json_object_put(file);
	return rc ? err_add(e, RULES_FILE) : 0;
}

static int load_tools(struct snapshot *c, const char *home, struct err *e)
{
	const struct settings *s = &c->settings;
	const char *path = *s->template ? s->template : NULL;

	char one[80], other[80];

	if (s->preserve_tools && s->hybrid_tools)
		return err_set(
			e, ERR_CONFIG,
			"%s and %s exclude each other: choose one",
			settings_place(s, "preserveTools", one, sizeof(one)),
			settings_place(s, "hybridTools", other, sizeof(other)));
	watch(c, home, TOOLS_FILE);
	if (path)
		watch(c, *path == '/' ? "" : ".", path);
	else
		watch(c, home, TEMPLATE_FILE);
	c->tools = tools_load(home, e);
	if (c->tools)
		c->template = template_load(home, path, e);
	return c->template ? 0 : -1;
}

/* A router that other machines reach needs a key, after every edit too. */
static int check_key(const struct settings *s, const struct keys *k,
		     struct err *e)
{
	char place[80];

	if (strpbrk(s->api_key, ", \t\r\n"))
		return err_set(
			e, ERR_CONFIG,
			"%s: the API key may have no comma and no blank",
			settings_place(s, "apiKey", place, sizeof(place)));
	if (host_is_loopback(span_of(s->host)) || *s->api_key || k->any)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "%s: %.60s is open to other machines: set DARIO_API_KEY "
		       "or use dario key add first, or listen on 127.0.0.1",
		       settings_place(s, "host", place, sizeof(place)),
		       s->host);
}

static int load_claude(struct snapshot *c, struct err *e)
{
	const struct settings *s = &c->settings;
	char place[80];

	if (backend_claude(&c->claude, s->anthropic_url, e) == 0)
		return 0;
	return err_add(
		e, settings_place(s, "anthropicBaseUrl", place, sizeof(place)));
}

static int open_home(struct snapshot *c, const char *home, struct err *e)
{
	if (store_folder(home, NULL, e) || store_folder(home, "backends", e) ||
	    store_folder(home, "accounts", e) ||
	    store_folder(home, KEYS_FOLDER, e) || tidy_folders(home, e))
		return -1;
	store_sweep(home, NULL, "");
	store_sweep(home, "backends", "");
	store_sweep(home, "accounts", "");
	store_sweep(home, KEYS_FOLDER, "");
	store_sweep(home, "state", "login-");
	watches_add(&c->watches, home, "");
	return 0;
}

struct snapshot *snapshot_read(const char *home, struct notify *n,
			       struct err *e)
{
	struct snapshot *c = xcalloc(1, sizeof(*c));
	const struct settings *s = &c->settings;

	c->refs = 1;
	watches_init(&c->watches, home, n);
	watch(c, home, PRICES_FILE);
	if (open_home(c, home, e) || load_settings(c, home, e) ||
	    !(c->models = models_load(e)) ||
	    !(c->prices = prices_load(home, e)) ||
	    !(c->providers = providers_load(e)) || load_backends(c, home, e) ||
	    accounts_load(&c->accounts, home, watch, c, e) ||
	    keys_load(&c->keys, home, watch, c, &c->notes, e) ||
	    load_rules(c, home, e) || load_tools(c, home, e) ||
	    load_claude(c, e) || check_key(s, &c->keys, e)) {
		snapshot_free(c);
		return NULL;
	}
	accounts_note(&c->notes, &c->accounts);
	if (s->demo && !snapshot_backend(c, SPAN("demo"))) {
		backend_demo(&c->backends[c->n_backends++], s->host, s->port,
			     *s->api_key ? s->api_key : c->keys.own);
		index_backends(c);
	}
	return c;
}

struct snapshot *snapshot_load(const char *home, struct err *e)
{
	return snapshot_read(home, NULL, e);
}

void snapshot_free(struct snapshot *c)
{
	if (!c)
		return;
	if (c->base) { /* which frees the rest */
		keys_release(&c->keys);
		notes_release(&c->notes);
		free(c);
		return;
	}
	for (size_t i = 0; i < c->n_backends; i++)
		backend_release(&c->backends[i]);
	free(c->backends);
	free(c->name_hashes);
	free(c->claims);
	backend_release(&c->claude);
	keys_release(&c->keys);
	rules_release(&c->rules);
	tool_rows_free(c->tools);
	template_free(c->template);
	accounts_release(&c->accounts);
	watches_release(&c->watches);
	models_free(c->models);
	prices_free(c->prices);
	providers_free(c->providers);
	settings_release(&c->settings);
	notes_release(&c->notes);
	free(c);
}

/* --- are they others? ---------------------------------------------------- */

static uint64_t mix_file(uint64_t h, const char *home, const char *name)
{
	struct store_sign s;

	store_sign(home, name, &s);
	h = fnv(h, span_of(name));
	return fnv(h, (struct span){ (const char *)&s, sizeof(s) });
}

struct mixing {
	uint64_t h;
};

static key_watch_fn mix_key;

static void mix_key(void *arg, const char *root, const char *name)
{
	struct mixing *m = arg;

	m->h = mix_file(m->h, root, name);
}

/* Of people's keys. */
static uint64_t mix_keys(uint64_t h, const char *home)
{
	struct mixing m = { h };
	struct notes notes = { 0 };
	struct keys keys = { 0 };
	struct err unused;

	keys_load(&keys, home, mix_key, &m, &notes, &unused);
	keys_release(&keys);
	notes_release(&notes);
	return m.h;
}

uint64_t snapshot_files(const char *home, const char *template)
{
	static const char *const fixed[] = { NULL,          "backends",
					     "accounts",    KEYS_FOLDER,
					     "config.json", "routes.json",
					     "tools.json",  "template.json",
					     PRICES_FILE };
	uint64_t h = FNV_START;
	struct dirent **list;
	char path[300];
	int n = list_backends(home, &list);
	struct err unused;
	int open = tidy_folders(home, &unused);

	h = fnv_byte(h, (unsigned char)open);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		h = mix_file(h, home, fixed[i]);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "backends/%s", list[i]->d_name);
		h = mix_file(h, home, path);
	}
	free_list(list, n);
	h = mix_keys(h, home);
	return mix_file(h, "", template);
}
