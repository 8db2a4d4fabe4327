/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/snapshot.h"

#include "base/clock.h"
#include "base/host.h"
#include "base/log.h"
#include "state/tidy.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKENDS_MAX 256
#define FNV_START 0xcbf29ce484222325u
#define LOOK_MS 1000 /* for what the kernel does not tell (notify.h) */

/* What the log was told last: each fault is said once. */
struct told {
	bool broken;
	char msg[sizeof(((struct err *)0)->msg)];
	uint64_t notes; /* a hash of them, or 0 */
};

struct snapshot_store {
	char *home;
	pthread_mutex_t lock;    /* of current, its refs, error */
	pthread_mutex_t loading; /* one thread loads */
	struct snapshot *current;
	bool broken;
	struct err error;
	uint64_t broken_state; /* of the files that could not be loaded */
	struct notify *notify;
	/* The notify_state up to which `current` is right, and until when; 0:
	 * the files are looked at for each request. */
	_Atomic uint64_t right_at;
	_Atomic int64_t right_until; /* clock_ms */
	uint64_t renewed_at;         /* under `loading`, as what follows */
	bool whole;                  /* all files are watched */
	bool logs;
	struct told told;
	atomic_bool untidy; /* it was loaded: files may need it, too */
};

struct snapshot_store *snapshot_open(char *home)
{
	struct snapshot_store *cs = xcalloc(1, sizeof(*cs));

	cs->home = home;
	cs->notify = notify_new();
	pthread_mutex_init(&cs->lock, NULL);
	pthread_mutex_init(&cs->loading, NULL);
	return cs;
}

void snapshot_close(struct snapshot_store *cs)
{
	struct snapshot *base;

	if (!cs)
		return;
	base = cs->current ? cs->current->base : NULL;
	snapshot_free(cs->current);
	snapshot_free(base);
	notify_free(cs->notify);
	pthread_mutex_destroy(&cs->lock);
	pthread_mutex_destroy(&cs->loading);
	free(cs->home);
	free(cs);
}

const char *snapshot_home(const struct snapshot_store *cs)
{
	return cs->home;
}

static account_watch_fn watch;

static void watch(void *arg, const char *root, const char *name)
{
	struct snapshot *c = arg;

	watches_add(&c->watches, root, name);
}

static bool is_due(int64_t when)
{
	return when && clock_ms() >= when;
}

static bool up_to_date(const struct snapshot *c)
{
	return watches_same(&c->watches) && !is_due(c->watches.again) &&
	       !is_due(c->accounts.ask_again);
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

static struct snapshot *load(const char *home, struct notify *n, struct err *e)
{
	struct snapshot *c = xcalloc(1, sizeof(*c));
	const struct settings *s = &c->settings;

	c->refs = 1;
	watches_init(&c->watches, home, n);
	if (open_home(c, home, e) || load_settings(c, home, e) ||
	    !(c->models = models_load(e)) || !(c->prices = prices_load(e)) ||
	    !(c->providers = providers_load(e)) || load_backends(c, home, e) ||
	    accounts_load(&c->accounts, home, watch, c, e) ||
	    keys_load(&c->keys, home, watch, c, &c->notes, e) ||
	    load_rules(c, home, e) || load_tools(c, home, e) ||
	    load_claude(c, e) || check_key(s, &c->keys, e)) {
		snapshot_free(c);
		return NULL;
	}
	accounts_note(&c->notes, &c->accounts);
	if (s->demo && !snapshot_backend(c, SPAN("demo")))
		backend_demo(&c->backends[c->n_backends++], s->host, s->port,
			     *s->api_key ? s->api_key : c->keys.own);
	return c;
}

struct snapshot *snapshot_load(const char *home, struct err *e)
{
	return load(home, NULL, e);
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

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *c = p;

	while (n--)
		h = (h ^ *c++) * 0x100000001b3u; /* FNV-1a */
	return h;
}

static uint64_t mix_file(uint64_t h, const char *home, const char *name)
{
	struct store_sign s;

	store_sign(home, name, &s);
	h = mix(h, name ? name : "", name ? strlen(name) : 0);
	return mix(h, &s, sizeof(s));
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

/* One number for the state of all files; only asked while it is broken. */
static uint64_t state_of_files(const char *home, const char *template)
{
	static const char *const fixed[] = { NULL,          "backends",
					     "accounts",    KEYS_FOLDER,
					     "config.json", "routes.json",
					     "tools.json",  "template.json" };
	uint64_t h = FNV_START;
	struct dirent **list;
	char path[300];
	int n = list_backends(home, &list);
	struct err unused;
	int open = tidy_folders(home, &unused);

	h = mix(h, &open, sizeof(open));
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

static struct snapshot *take(struct snapshot_store *cs)
{
	struct snapshot *c;

	pthread_mutex_lock(&cs->lock);
	c = cs->current;
	if (c)
		c->refs++;
	pthread_mutex_unlock(&cs->lock);
	return c;
}

struct snapshot *snapshot_share(struct snapshot_store *cs, struct snapshot *c)
{
	pthread_mutex_lock(&cs->lock);
	c->refs++;
	pthread_mutex_unlock(&cs->lock);
	return c;
}

void snapshot_put(struct snapshot_store *cs, struct snapshot *c)
{
	struct snapshot *base;
	bool last;

	for (; c; c = last ? base : NULL) {
		pthread_mutex_lock(&cs->lock);
		last = --c->refs == 0;
		base = c->base;
		pthread_mutex_unlock(&cs->lock);
		if (last)
			snapshot_free(c);
	}
}

bool snapshot_broken(struct snapshot_store *cs, struct err *e)
{
	bool broken;

	pthread_mutex_lock(&cs->lock);
	broken = cs->broken;
	*e = cs->error;
	pthread_mutex_unlock(&cs->lock);
	return broken;
}

/* Of all notes; 0 when there are none. */
static uint64_t hash_of_notes(const struct notes *n)
{
	uint64_t h = FNV_START;

	for (size_t i = 0; i < n->n; i++)
		h = mix(h, n->list[i].text, strlen(n->list[i].text) + 1);
	return n->n ? h : 0;
}

static void tell_broken(struct snapshot_store *cs)
{
	struct told *t = &cs->told;

	if (cs->broken && !(t->broken && strcmp(t->msg, cs->error.msg) == 0)) {
		memcpy(t->msg, cs->error.msg, sizeof(t->msg));
		log_msg(cs->current ? "an edit was refused, the last good "
				      "state stays in force: %s"
				    : "no request can be served: %s",
			t->msg);
	} else if (!cs->broken && t->broken) {
		log_msg("what was refused is mended: all edits are in force");
	}
	t->broken = cs->broken;
}

static void tell_notes(struct snapshot_store *cs)
{
	const struct notes *n = cs->broken ? NULL : &cs->current->notes;
	uint64_t h = n ? hash_of_notes(n) : cs->told.notes;

	if (h == cs->told.notes)
		return;
	for (size_t i = 0; i < n->n; i++)
		log_msg("%s", n->list[i].text);
	if (!n->n)
		log_msg("no file has a fault any more");
	cs->told.notes = h;
}

/* Once per fault, not per request; `loading` is held. */
static void tell(struct snapshot_store *cs)
{
	if (!cs->logs || !(cs->broken || cs->current))
		return;
	tell_broken(cs);
	tell_notes(cs);
}

void snapshot_log(struct snapshot_store *cs)
{
	pthread_mutex_lock(&cs->loading);
	cs->logs = true;
	tell(cs);
	pthread_mutex_unlock(&cs->loading);
}

static key_watch_fn watch_nothing;

static void watch_nothing(void *arg, const char *root, const char *name)
{
	(void)arg;
	(void)root;
	(void)name;
}

/* The last good one, with the keys that people have now: one that was removed
 * must not live on because something else is wrong. `loading` is held. */
static struct snapshot *with_keys(struct snapshot_store *cs)
{
	struct snapshot *was = cs->current, *c;
	struct err unused;

	if (!was)
		return NULL;
	was = was->base ? was->base : was;
	c = xcalloc(1, sizeof(*c));
	*c = *was;
	c->base = was;
	c->refs = 1;
	memset(&c->keys, 0, sizeof(c->keys));
	memset(&c->notes, 0, sizeof(c->notes));
	if (keys_load(&c->keys, cs->home, watch_nothing, NULL, &c->notes,
		      &unused)) {
		keys_release(&c->keys);
		c->keys.any = true; /* and nobody has one */
	}
	pthread_mutex_lock(&cs->lock);
	was->refs++;
	pthread_mutex_unlock(&cs->lock);
	return c;
}

/* Swap in what the files hold now; `loading` is held. */
static void reload(struct snapshot_store *cs)
{
	const struct settings *s = cs->current ? &cs->current->settings : NULL;
	const char *env = getenv("DARIO_TEMPLATE");
	uint64_t state = state_of_files(cs->home, env ? env
						  : s ? s->template
						      : "");
	struct snapshot *fresh = NULL, *old = NULL;
	struct err e = { 0 };
	bool good;

	if (cs->broken && cs->broken_state == state)
		return;
	atomic_store(&cs->untidy, cs->logs);
	notify_begin(cs->notify);
	fresh = load(cs->home, cs->notify, &e);
	good = fresh;
	if (!good)
		fresh = with_keys(cs);
	pthread_mutex_lock(&cs->lock);
	if (fresh) {
		old = cs->current;
		cs->current = fresh;
		memory_set_budget((size_t)fresh->settings.memory << 20);
	}
	cs->broken = !good;
	/* What the system refused may be granted the next time. */
	cs->broken_state = e.code == ERR_INTERNAL ? 0 : state;
	cs->error = e;
	pthread_mutex_unlock(&cs->lock);
	snapshot_put(cs, old);
	tell(cs);
}

/* Nothing can have changed since `current` was found to be right. */
static bool settled(const struct snapshot_store *cs)
{
	uint64_t at = atomic_load(&cs->right_at);

	return at && at == notify_state(cs->notify) &&
	       clock_ms() < atomic_load(&cs->right_until);
}

/* `current` is right, as of that state of the files. */
static void settle(struct snapshot_store *cs, uint64_t state)
{
	const struct snapshot *c = cs->current;
	int64_t until = clock_ms() + LOOK_MS;

	if (c->watches.again && c->watches.again < until)
		until = c->watches.again;
	if (c->accounts.ask_again && c->accounts.ask_again < until)
		until = c->accounts.ask_again;
	atomic_store(&cs->right_until, until);
	atomic_store(&cs->right_at, state);
}

/* Look at the files, load what has changed; `loading` is held. Whatever
 * happens from here on moves the state on. */
static void bring_up_to_date(struct snapshot_store *cs)
{
	uint64_t state = notify_state(cs->notify);
	const struct snapshot *c = cs->current;
	bool told = cs->whole && state != cs->renewed_at;

	if (c && told) {
		notify_begin(cs->notify);
		watches_renew(&c->watches);
		cs->whole = notify_end(cs->notify);
	}
	if (!c || (told && c->watches.again) || !up_to_date(c)) {
		reload(cs);
		cs->whole = !cs->broken && notify_end(cs->notify);
	}
	cs->renewed_at = state;
	if (cs->whole)
		settle(cs, state);
	else
		atomic_store(&cs->right_at, 0);
}

static struct snapshot *current(struct snapshot_store *cs, struct err *e)
{
	struct snapshot *c;

	/* First whether it is right, then what it is. */
	if (settled(cs) && (c = take(cs)))
		return c;
	c = take(cs);
	if (c && !atomic_load(&cs->right_at) && up_to_date(c))
		return c;
	snapshot_put(cs, c);
	pthread_mutex_lock(&cs->loading);
	if (!settled(cs))
		bring_up_to_date(cs);
	c = take(cs);
	pthread_mutex_unlock(&cs->loading);
	/* It may wait, which is not for whoever holds a mutex. */
	if (atomic_exchange(&cs->untidy, false))
		tidy_files(cs->home);
	if (!c)
		snapshot_broken(cs, e);
	return c;
}

int snapshot_fd(const struct snapshot_store *cs)
{
	return notify_fd(cs->notify);
}

void snapshot_poll(struct snapshot_store *cs)
{
	notify_read(cs->notify);
}

struct snapshot *snapshot_current_in_round(struct snapshot_store *cs,
					   struct err *e)
{
	return current(cs, e);
}

struct snapshot *snapshot_current(struct snapshot_store *cs, struct err *e)
{
	notify_read(cs->notify);
	return current(cs, e);
}

const struct backend *snapshot_backend(const struct snapshot *c,
				       struct span name)
{
	for (size_t i = 0; i < c->n_backends; i++)
		if (span_is(name, c->backends[i].name))
			return &c->backends[i];
	return NULL;
}
