/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/jw.h"
#include "cli/backend-add.h"
#include "cli/cmd.h"
#include "cli/probe.h"
#include "cli/save.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "net/catalog.h"
#include "net/fetch.h"
#include "state/snapshot.h"
#include "state/standing.h"

#include <stdio.h>
#include <string.h>

#define TEST_BODY_MAX (4u << 20)

static void put_backend(struct jw *w, const struct backend *b)
{
	struct buf protocols;
	struct span rest;

	buf_init(&protocols, 80);
	backend_protocols(b, &protocols);
	rest = buf_get(&protocols);
	jw_obj(w);
	jw_kcstr(w, "name", b->name);
	jw_key(w, "protocols");
	jw_arr(w);
	while (rest.n)
		jw_str(w, span_cut(&rest, ','));
	jw_arr_end(w);
	buf_release(&protocols);
	jw_kcstr(w, "baseUrl", b->base_url);
	jw_key(w, "models");
	jw_arr(w);
	for (size_t i = 0; i < b->n_models; i++)
		jw_str(w, span_of(b->models[i]));
	jw_arr_end(w);
	jw_kbool(w, "hasKey", backend_has_key(b));
	if (b->key_env)
		jw_kcstr(w, "keyEnv", b->key_env);
	if (b->key_command)
		jw_kcstr(w, "keyProgram", key_command_program(b->key_command));
	jw_obj_end(w);
}

static void print_backend(const struct backend *b)
{
	struct buf protocols;

	buf_init(&protocols, 80);
	backend_protocols(b, &protocols);
	say(stdout, "%-16s %-16s %-40s ", b->name, buf_cstr(&protocols),
	    b->base_url);
	if (b->key_command)
		say(stdout, "key from %s", key_command_program(b->key_command));
	else if (b->key_env)
		say(stdout, "key from $%s%s", b->key_env,
		    b->key_problem ? " (not set here)" : "");
	else
		say(stdout, "%s", b->api_key ? "key set" : "no key");
	buf_release(&protocols);
	for (size_t i = 0; i < b->n_models; i++)
		say(stdout, "%s%s", i ? "," : "  ", b->models[i]);
	putchar('\n');
}

static int run_list(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct buf out;
	struct jw w = jw_to(&out);

	if (!cfg)
		return -1;
	buf_init(&out, 4u << 20);
	jw_arr(&w);
	for (size_t i = 0; i < cfg->n_backends; i++) {
		if (cmd_value(c, "json"))
			put_backend(&w, &cfg->backends[i]);
		else
			print_backend(&cfg->backends[i]);
	}
	jw_arr_end(&w);
	if (cmd_value(c, "json"))
		say_json(buf_get(&out));
	else if (!cfg->n_backends)
		fputs("dario: no backend yet: add one with dario backend "
		      "add\n",
		      stderr);
	buf_release(&out);
	snapshot_free(cfg);
	return 0;
}

static void no_watch(void *arg, const char *root, const char *name)
{
	(void)arg;
	(void)root;
	(void)name;
}

/* Its further keys, and what was learnt of them. */
static void remove_keys(const char *home, const char *name)
{
	struct accounts keys;
	struct err unused;

	if (accounts_load_keys(&keys, home, name, NULL, no_watch, NULL,
			       &unused))
		return;
	for (size_t i = 0; i < keys.n; i++) {
		store_remove(home, keys.list[i].file, &unused);
		limits_remove(home, account_name(&keys.list[i]));
	}
	accounts_release(&keys);
}

static int run_remove(struct cmd *c, struct err *e)
{
	char path[300];
	int lock, rc;

	if (backend_check_name(c->args[0], e))
		return -1;
	backend_file(c->args[0], path, sizeof(path));
	store_clear(c->home, path);
	if (!store_exists(c->home, path))
		return secret_check_name(c->args[0], BACKEND_NAME, e)
			     ? -1
			     : err_set(e, ERR_CONFIG,
				       "there is no backend %s: see "
				       "dario backend list",
				       c->args[0]);
	lock = store_lock(c->home, path, e);
	if (lock < 0)
		return -1;
	rc = save_checked(c->home, path, NULL, e);
	store_unlock(lock);
	if (rc)
		return -1;
	remove_keys(c->home, c->args[0]);
	catalog_forget(c->home, c->args[0]);
	key_command_forget(c->home, c->args[0]);
	return rc;
}

/* --- test: one GET of the model list ------------------------------------ */

static int probe(const char *home, const struct snapshot *cfg,
		 const struct backend *b, struct fetch *f, struct err *e)
{
	struct http *h = http_new(NULL, 4);
	struct buf url, credential;
	int rc;

	if (!h)
		return err_set(e, ERR_INTERNAL, "libcurl cannot start");
	buf_init(&url, 4096);
	buf_init(&credential, 16384);
	backend_url(b, b->protocol, "/models", &url);
	rc = backend_credential(b, home, b->protocol, &credential, e);
	f->url = buf_cstr(&url);
	f->credential = buf_cstr(&credential);
	f->proxy = b->proxy;
	f->ca_file = b->ca_file;
	f->timeout_ms = cfg->settings.connect_ms;
	if (rc == 0 && fetch_run(h, f, e))
		rc = err_add(e, b->base_url);
	http_free(h);
	buf_release(&url);
	buf_release(&credential);
	return rc;
}

/* What an answer to the probe means for the person who asked. */
static int judge(const struct backend *b, const struct fetch *p, int64_t ms,
		 struct err *e)
{
	struct err unused;
	struct json_object *list = json_read(buf_get(&p->body), &unused);
	struct json_object *data = json_get(list, "data");
	int models = json_object_is_type(data, json_type_array)
			   ? (int)json_object_array_length(data)
			   : -1;

	json_object_put(list);
	if (p->status == 401 || p->status == 403)
		return err_set(e, ERR_CONFIG,
			       "backend %s refuses the key "
			       "(HTTP %d): give the right one with dario "
			       "backend add %s --key-file=FILE",
			       b->name, p->status, b->name);
	if (p->status == 404)
		return err_set(e, ERR_CONFIG,
			       "backend %s has no model list "
			       "at %s (HTTP 404): is the base URL complete?",
			       b->name, b->base_url);
	if (p->status != 200)
		return err_set(e, ERR_CONFIG, "backend %s answers HTTP %d",
			       b->name, p->status);
	if (models < 0)
		return err_set(e, ERR_CONFIG,
			       "backend %s answers, but not "
			       "with a model list: is %s an API address?",
			       b->name, b->base_url);
	say(stdout, "backend %s answers in %lld ms and lists %d models\n",
	    b->name, (long long)ms, models);
	return 0;
}

static int run_test(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	const struct backend *b;
	struct fetch p = { 0 };
	int64_t started = clock_ms();
	int rc;

	if (!cfg)
		return -1;
	buf_init(&p.body, TEST_BODY_MAX);
	b = snapshot_backend(cfg, span_of(c->args[0]));
	if (!b && secret_check_name(c->args[0], BACKEND_NAME, e)) {
		rc = -1;
	} else if (!b) {
		rc = err_set(e, ERR_CONFIG,
			     "there is no backend %.64s: see "
			     "dario backend list",
			     c->args[0]);
	} else {
		rc = probe(c->home, cfg, b, &p, e);
		if (rc == 0)
			rc = judge(b, &p, clock_ms() - started, e);
	}
	buf_release(&p.body);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag probe_flags[] = {
	{ "model", "NAME", "ask this model; default the first that is known" },
	{ "write", NULL, "set the switches in the backend's file" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "add", "NAME", "add a provider, or change what the flags name", 1, 1,
	  backend_add_flags, false, backend_add },
	{ "list", "[--json]", "show the providers", 0, 0, cmd_json_flags, false,
	  run_list },
	{ "remove", "NAME", "forget a provider", 1, 1, NULL, false,
	  run_remove },
	{ "test", "NAME", "ask a provider for its models", 1, 1, NULL, false,
	  run_test },
	{ "probe", "NAME",
	  "ask a provider small questions: what it can, and which switches to "
	  "set; costs are shown before",
	  1, 1, probe_flags, false, probe_run },
	{ 0 },
};

const struct cmd_group cmd_backend = { "backend", "providers", entries };
