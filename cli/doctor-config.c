/* SPDX-License-Identifier: MIT */
/* Versions, the configuration, and the Claude accounts in it. */
#include "config.h"

#include "base/digest.h"
#include "base/install-path.h"
#include "base/run.h"
#include "cli/doctor.h"
#include "cli/listen.h"
#include "cli/server-conf.h"
#include "state/show/account-show.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS 3000

/* --- versions ------------------------------------------------------------ */

/* The first line of what a program says to `flag`. */
static bool first_line(const char *program, const char *flag, char *out,
		       size_t n)
{
	const char *argv[] = { program, flag, NULL };
	struct buf text;
	bool ok;

	buf_init(&text, 65536);
	ok = run_output(argv, &text, RUN_MS) == 0 && text.n;
	if (ok)
		snprintf(out, n, "%.*s", (int)strcspn(buf_cstr(&text), "\n"),
			 text.p);
	buf_release(&text);
	return ok;
}

/* Only its own router needs lighttpd; another web server may do. */
static void lighttpd_version(struct doctor *d)
{
	enum doctor_status bad = d->url ? DOCTOR_SKIP : DOCTOR_FAIL;
	char line[200];
	struct err e;
	char *path = server_conf_program(&e);

	if (!path)
		doctor_say(d, bad, "lighttpd", "install the package lighttpd",
			   "it is not installed");
	else if (!first_line(path, "-v", line, sizeof(line)))
		doctor_say(d, bad, "lighttpd",
			   "install the package lighttpd anew",
			   "%s -v tells no version", path);
	else
		doctor_say(d, DOCTOR_OK, "lighttpd", NULL, "%s", line);
	free(path);
}

/* The two programs belong together. */
static void worker_version(struct doctor *d)
{
	char line[200];
	struct err e;
	char *path = install_path_worker(&e);

	if (!path)
		doctor_say(d, DOCTOR_FAIL, "worker", "install dario anew", "%s",
			   e.msg);
	else if (!first_line(path, "--version", line, sizeof(line)))
		doctor_say(d, DOCTOR_FAIL, "worker", "install dario anew",
			   "%s does not run", path);
	else if (strcmp(line, "dario.fcgi " PACKAGE_VERSION))
		doctor_say(d, DOCTOR_FAIL, "worker", "install dario anew",
			   "%s is of another version: %s", path, line);
	else
		doctor_say(d, DOCTOR_OK, "worker", NULL, "%s", line);
	free(path);
}

void doctor_versions(struct doctor *d)
{
	char text[200];

	doctor_say(d, DOCTOR_OK, "dario", NULL, "dario " PACKAGE_VERSION);
	worker_version(d);
	lighttpd_version(d);
	http_version(text, sizeof(text));
	doctor_say(d, DOCTOR_OK, "libcurl", NULL, "%s", text);
	doctor_say(d, DOCTOR_OK, "openssl", NULL, "%s", digest_version());
	doctor_say(d, DOCTOR_OK, "json-c", NULL, "%s", json_c_version());
}

/* --- the configuration --------------------------------------------------- */

static int is_json(const struct dirent *f)
{
	size_t n = strlen(f->d_name);

	return n > 5 && strcmp(f->d_name + n - 5, ".json") == 0 &&
	       store_good_name((struct span){ f->d_name, n - 5 });
}

static void salvage_backends(struct snapshot *c, const char *home)
{
	char path[PATH_MAX], name[80];
	struct dirent **files;
	struct json_object *o;
	struct err unused;
	int n;

	snprintf(path, sizeof(path), "%s/backends", home);
	n = scandir(path, &files, is_json, alphasort);
	if (n < 0)
		return;
	c->backends = xcalloc((size_t)n + 1, sizeof(*c->backends));
	for (int i = 0; i < n; i++) {
		const char *file = files[i]->d_name;

		snprintf(name, sizeof(name), "%.*s", (int)strlen(file) - 5,
			 file);
		backend_file(name, path, sizeof(path));
		if (json_load(home, path, &o, &unused) == 0 &&
		    backend_parse(&c->backends[c->n_backends], name, o,
				  &unused) == 0)
			c->n_backends++;
		backend_unknown(&c->notes, path, o);
		json_object_put(o);
		free(files[i]);
	}
	free(files);
}

/* What can be had when one file is wrong: the other checks go on with it. */
static struct snapshot *salvage(const char *home)
{
	struct snapshot *c = xcalloc(1, sizeof(*c));
	struct json_object *file;
	struct err unused;

	settings_init(&c->settings);
	json_load(home, "config.json", &file, &unused);
	settings_from_file(&c->settings, file, &unused);
	settings_unknown(&c->notes, file);
	json_object_put(file);
	json_load(home, RULES_FILE, &file, &unused);
	rules_unknown(&c->notes, file);
	json_object_put(file);
	settings_from_env(&c->settings, &unused);
	salvage_backends(c, home);
	accounts_load(&c->accounts, home, NULL, NULL, &unused);
	backend_claude(&c->claude, c->settings.anthropic_url, &unused);
	return c;
}

void doctor_load(struct doctor *d)
{
	if (d->config)
		return;
	d->config = snapshot_load(d->home, &d->broken);
	if (!d->config)
		d->config = salvage(d->home);
	d->key = d->config->settings.api_key;
}

/* An account that cannot be used is said further down. */
static void unknown_keys(struct doctor *d)
{
	const struct notes *n = &d->config->notes;

	for (size_t i = 0; i < n->n; i++)
		if (n->list[i].key)
			doctor_say(d, DOCTOR_WARN, "config key",
				   "correct or remove it: dario config lists "
				   "the settings, man dario the keys of the "
				   "other files",
				   "%s", n->list[i].text);
}

/* Loopback belongs to everybody who is logged in here. Of a router that is
 * looked at by its URL, doctor-path.c knows it. */
static void api_key(struct doctor *d)
{
	if (d->url)
		return;
	if (settings_key_is_short(&d->config->settings))
		doctor_say(d, DOCTOR_WARN, "api key", SETTINGS_KEY_FIX,
			   "the router's has less than %d characters: who "
			   "reaches the router can guess it",
			   SETTINGS_KEY_MIN);
	else if (*d->config->settings.api_key)
		doctor_say(d, DOCTOR_OK, "api key", NULL, "the router has one");
	else if (d->config->keys.any)
		doctor_say(d, DOCTOR_OK, "api key", NULL,
			   "each person has an own one; the owner has none");
	else
		doctor_say(d, DOCTOR_WARN, "api key", DOCTOR_KEYLESS_FIX,
			   "the router has none: " DOCTOR_KEYLESS);
}

/* Loopback has two addresses, and clients choose. */
static void localhost(struct doctor *d)
{
	const struct settings *s = &d->config->settings;
	const char *other = d->url ? NULL : listen_stranger(s);

	if (other)
		doctor_say(d, DOCTOR_WARN, "localhost",
			   "tell your tools the address, not the name; or take "
			   "another port for the router",
			   "at port %ld of %s somebody else answers: tools "
			   "that are told localhost may ask there, and show "
			   "their key",
			   s->port, other);
}

static void people(struct doctor *d)
{
	const struct keys *all = &d->config->keys;
	size_t good = 0;

	for (size_t i = 0; i < all->n; i++) {
		good += !all->list[i].wrong;
		if (all->list[i].wrong)
			doctor_say(d, DOCTOR_FAIL, "key",
				   "dario key list says what is wrong with it",
				   KEYS_FOLDER "/%s.json is refused",
				   all->list[i].name);
	}
	if (all->any)
		doctor_say(d, DOCTOR_OK, "keys", NULL, "people's keys: %zu",
			   good);
}

void doctor_config(struct doctor *d)
{
	const struct snapshot *c;

	doctor_load(d);
	c = d->config;
	if (d->broken.code)
		doctor_say(d, DOCTOR_FAIL, "config",
			   "correct what is named, until dario proxy --check "
			   "finds everything in order",
			   "%s", d->broken.msg);
	else
		doctor_say(d, DOCTOR_OK, "config", NULL,
			   "backends: %zu, Claude accounts: %zu", c->n_backends,
			   c->accounts.n);
	unknown_keys(d);
	api_key(d);
	localhost(d);
	people(d);
}

/* --- Claude accounts ----------------------------------------------------- */

/* How a person gets a new token for it. */
static const char *login_command(const struct account *a, char *out, size_t n)
{
	if (a->borrowed)
		snprintf(out, n, "run claude once, or dario login");
	else if (strcmp(a->alias, ACCOUNT_LOGIN) == 0)
		snprintf(out, n, "dario login");
	else
		snprintf(out, n, "dario accounts add %s%s", a->alias,
			 a->api_key ? " --key-file=FILE" : "");
	return out;
}

/* A token that cannot be used, or that is about to end: true when said. */
static bool say_token(struct doctor *d, const struct seat *s, const char *name)
{
	const struct account *a = s->account;
	enum doctor_status bad = a->borrowed ? DOCTOR_WARN : DOCTOR_FAIL;
	char fix[200];

	login_command(a, fix, sizeof(fix));
	if (a->problem)
		doctor_say(d, bad, name, fix, "%s", a->problem);
	else if (s->cause == CAUSE_AUTH)
		doctor_say(d, bad, name, fix, "%s: %s", show_token_state(s),
			   s->why);
	else if (account_fresh(a, 0))
		return false;
	else if (account_refreshable(a))
		doctor_say(d, DOCTOR_WARN, name,
			   "nothing, the next request refreshes it; dario "
			   "refresh does it now",
			   "its token has expired");
	else
		doctor_say(d, bad, name, fix,
			   "its token has expired and cannot be refreshed");
	return true;
}

static void say_account(struct doctor *d, const struct seat *s, int64_t now)
{
	const struct account *a = s->account;
	char name[DOCTOR_NAME_MAX], left[40] = "", fix[200];

	snprintf(name, sizeof(name), "account %s", a->alias);
	if (say_token(d, s, name))
		return;
	if (!s->usable) {
		show_duration(left, sizeof(left), s->until - now);
		if (s->cause == CAUSE_OVERAGE)
			snprintf(fix, sizeof(fix), "dario accounts resume %s",
				 a->alias);
		else
			snprintf(fix, sizeof(fix),
				 "wait (%s), or add another account with "
				 "dario accounts add",
				 left);
		doctor_say(d, DOCTOR_WARN, name, fix, "%s", s->why);
		return;
	}
	if (!a->api_key && a->expires_at)
		show_duration(left, sizeof(left), a->expires_at - now);
	doctor_say(d, DOCTOR_OK, name, NULL, "%s, %s%s%s",
		   a->borrowed  ? "Claude Code's log-in"
		   : a->api_key ? "API key"
				: "subscription",
		   show_token_state(s), *left ? ", expires in " : "", left);
}

void doctor_accounts(struct doctor *d)
{
	struct pool p;

	doctor_load(d);
	if (!d->config->accounts.n)
		doctor_say(d, DOCTOR_SKIP, "accounts", NULL,
			   "no Claude account");
	pool_look(&p, d->home, &d->config->accounts, NULL);
	for (size_t i = 0; i < p.n; i++)
		say_account(d, &p.seats[i], p.now);
	pool_release(&p);
}
