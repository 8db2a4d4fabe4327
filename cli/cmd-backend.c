/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/backend-add.h"
#include "cli/cmd.h"
#include "cli/library.h"
#include "cli/probe.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "net/catalog.h"
#include "state/config/save.h"
#include "state/config/snapshot.h"
#include "state/pool/standing.h"

#include <stdio.h>
#include <string.h>

static void print_backend(const struct backend *b)
{
	struct buf protocols, line;

	buf_init(&protocols, 80);
	buf_init(&line, SAY_MAX);
	backend_protocols(b, &protocols);
	buf_fmt(&line, "%-16s %-16s %-40s ", b->name, buf_cstr(&protocols),
		b->base_url);
	if (b->key_command)
		buf_fmt(&line, "key from %s",
			key_command_program(b->key_command));
	else if (b->key_env)
		buf_fmt(&line, "key from $%s%s", b->key_env,
			b->key_problem ? " (not set here)" : "");
	else
		buf_str(&line, b->api_key ? "key set" : "no key");
	for (size_t i = 0; i < b->n_models; i++)
		buf_fmt(&line, "%s%s", i ? "," : "  ", b->models[i].text);
	say_line(4, "%s", buf_cstr(&line));
	buf_release(&protocols);
	buf_release(&line);
}

static int run_list(struct cmd *c, struct err *e)
{
	struct snapshot *cfg;

	if (cmd_value(c, "json"))
		return library_show(c->home, dario_backends, e);
	cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	for (size_t i = 0; i < cfg->n_backends; i++)
		print_backend(&cfg->backends[i]);
	if (!cfg->n_backends)
		fputs("dario: no backend yet: add one with dario backend add\n",
		      stderr);
	snapshot_free(cfg);
	return 0;
}

static void print_tested(const char *backend, int models, int64_t ms)
{
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, 1024);
	jw_obj(&w);
	jw_kcstr(&w, "backend", backend);
	jw_kint(&w, "ms", ms);
	jw_kint(&w, "models", models);
	jw_obj_end(&w);
	say_json(buf_get(&out));
	buf_release(&out);
}

static int run_test(struct cmd *c, struct err *e)
{
	const char *name = c->args[0];
	struct dario_error why;
	struct dario *d;
	int64_t ms;
	int models;

	if (secret_check_short_name(name, BACKEND_NAME, e))
		return -1;
	d = library_open(c->home, e);
	if (!d)
		return -1;
	models = dario_backend_test(d, name, &ms, &why);
	dario_close(d);
	if (models < 0 && why.code == DARIO_NOT_FOUND)
		return secret_check_name(name, BACKEND_NAME, e)
			     ? -1
			     : err_set(e, ERR_CONFIG,
				       "%s: see dario backend list",
				       why.message);
	if (models < 0)
		return library_error(e, &why);
	if (cmd_value(c, "json"))
		print_tested(name, models, ms);
	else
		say(stdout,
		    "backend %s answers in %lld ms and lists %d models\n", name,
		    (long long)ms, models);
	return 0;
}

/* Its further keys, and what was learnt of them. */
static void remove_keys(const char *home, const char *name)
{
	struct accounts keys;
	struct err unused;

	if (accounts_load_keys(&keys, home, name, NULL, NULL, NULL, &unused))
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

	if (secret_check_short_name(c->args[0], BACKEND_NAME, e))
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

static const struct cmd_flag probe_flags[] = {
	{ "model", "NAME", "ask this model; default the first that is known" },
	{ "write", NULL, "set the switches in the backend's file" },
	{ "json", NULL, "as JSON" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "add", "NAME", "add a provider, or change what the flags name", 1, 1,
	  backend_add_flags, false, backend_add },
	{ "list", "[--json]", "show the providers", 0, 0, cmd_json_flags, false,
	  run_list },
	{ "remove", "NAME", "forget a provider", 1, 1, NULL, false,
	  run_remove },
	{ "test", "NAME [--json]", "ask a provider for its models", 1, 1,
	  cmd_json_flags, false, run_test },
	{ "probe", "NAME",
	  "ask a provider small questions: what it can, and which switches to "
	  "set; costs are shown before",
	  1, 1, probe_flags, false, probe_run },
	{ 0 },
};

static const char *const backend_examples[] = {
	"dario backend add groq --key-file=groq.key",
	"dario backend add home --base-url=http://127.0.0.1:11434/v1",
	"dario backend test groq",
	NULL,
};

const struct cmd_group cmd_backend = { "backend", "providers", entries,
				       backend_examples };
