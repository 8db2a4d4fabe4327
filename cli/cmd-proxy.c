/* SPDX-License-Identifier: MIT */
/*
 * dario proxy: lighttpd in the foreground with lighttpd/dario.conf.
 */
#include "config.h"

#include "base/install-path.h"
#include "base/log.h"
#include "base/port.h"
#include "cli/cmd.h"
#include "cli/listen.h"
#include "cli/print-config.h"
#include "cli/say.h"
#include "cli/show-notes.h"
#include "cli/supervise.h"
#include "state/config/oauth-config.h"
#include "state/config/snapshot.h"
#include "state/shared/shared-choose.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The worker has another working directory. */
static int absolute_template(struct settings *s, struct err *e)
{
	char *path;

	if (!*s->template)
		return 0;
	path = realpath(s->template, NULL);
	if (!path)
		return err_sys(e, "open the template", s->template);
	free(s->template);
	s->template = path;
	return setenv("DARIO_TEMPLATE", path, 1);
}

/* Flags become environment, which goes over the file, here and in the worker.
 * A wrong one is the caller's fault. */
static int apply_flags(const struct cmd *c, struct err *e)
{
	struct settings s;
	int rc = 0;

	settings_init(&s);
	for (const struct option_row *o = options; o->key && rc == 0; o++) {
		const char *v = c->settings[o - options];
		char name[80];

		if (!v)
			continue;
		snprintf(name, sizeof(name), "--%s", o->flag);
		if (!*v && strcmp(o->flag, "host") == 0)
			rc = err_set(e, ERR_USAGE, "--host is empty");
		else
			rc = settings_set(&s, o, v, SOURCE_FLAG, name, e);
		setenv(o->env, v, 1);
	}
	/* A flag goes over the other one in the environment and the file. */
	if (s.preserve_tools != s.hybrid_tools)
		setenv(s.preserve_tools ? "DARIO_HYBRID_TOOLS"
					: "DARIO_PRESERVE_TOOLS",
		       "false", 1);
	if (rc == 0 && s.preserve_tools && s.hybrid_tools)
		rc = err_set(e, ERR_USAGE,
			     "--preserve-tools and --hybrid-tools exclude each "
			     "other: choose one");
	if (rc)
		e->code = ERR_USAGE;
	else
		rc = absolute_template(&s, e);
	settings_release(&s);
	return rc;
}

/* Where we listen does not change while we do: the worker must not take it
 * from a file that is edited meanwhile. */
static void pin_address(const struct settings *s)
{
	char port[16];

	snprintf(port, sizeof(port), "%ld", s->port);
	setenv("DARIO_PORT", port, 1);
	setenv("DARIO_HOST", s->host, 1);
}

/* What does no harm while it runs, but is hardly meant. */
static int check_notes(struct snapshot *cfg, const char *home, struct err *e)
{
	struct notes *n = &cfg->notes;
	size_t grave;

	accounts_unknown(n, home, &cfg->accounts);
	if (oauth_config_check(home, n, e))
		return -1;
	show_notes(n);
	grave = notes_grave(n);
	if (!grave)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "correct or remove what is named above: %zu in all",
		       grave);
}

static int hold_other(const struct settings *s)
{
	const char *other;
	int fd = listen_hold(s, &other);

	if (other)
		say_message("somebody else has port %ld of %s, where clients "
			    "that are told localhost may ask: tell them the "
			    "address, or take another port with --port=N",
			    s->port, other);
	return fd;
}

/* Only one at a time gets the port, so the folder is nobody else's: a router
 * that was killed may have left a socket and request bodies there. */
static int serve(struct server_conf *sc, const char *home,
		 const struct settings *s, struct err *e)
{
	struct supervise_plan plan = { .home = home,
				       .conf = sc,
				       .settings = s };
	int rc = -1, other;

	port_obey_parent();
	supervise_signals();
	plan.http = listen_http(s, e);
	if (plan.http < 0)
		return -1;
	other = hold_other(s);
	server_conf_remove(sc, home, s);
	if (server_conf_write(sc, home, s, e) || server_conf_test(sc, e) ||
	    (plan.workers = listen_workers(sc->socket, e)) < 0)
		close(plan.http);
	else
		rc = supervise(&plan, e);
	if (other >= 0)
		close(other);
	server_conf_remove(sc, home, s);
	return rc;
}

/* One that is away keeps nobody from starting: it may come. */
static int check_store(const struct snapshot *cfg, const char *home, bool *away,
		       struct err *e)
{
	struct err why;

	if (shared_choose(home, &cfg->settings, e))
		return -1;
	*away = shared_ask(&why) != 0;
	if (*away)
		say(stderr,
		    "dario: the store is away (%s): until it is there this "
		    "host goes by what it knows itself; see dario doctor\n",
		    why.msg);
	return 0;
}

/* The home's folders, which whoever looks at it makes. */
static const char *const folders[] = { "",      "/accounts", "/backends",
				       "/keys", "/run",      "/state" };
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

static void look_for_folders(const char *home, bool there[FOLDERS])
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s%s", home, folders[i]);
		there[i] = access(path, F_OK) == 0;
	}
}

/* What was made for a look alone goes, as long as it is empty. */
static void remove_folders(const char *home, const bool there[FOLDERS])
{
	char path[PATH_MAX];

	for (size_t i = FOLDERS; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", home, folders[i]);
		if (!there[i])
			rmdir(path);
	}
}

static int check_all(struct server_conf *sc, struct snapshot *cfg,
		     const char *home, struct err *e)
{
	char *worker = install_path_worker(e);
	bool away;

	free(worker);
	if (!worker || server_conf_write(sc, home, &cfg->settings, e) ||
	    server_conf_test(sc, e) || check_notes(cfg, home, e) ||
	    check_store(cfg, home, &away, e))
		return -1;
	if (settings_key_is_short(&cfg->settings))
		fprintf(stderr,
			"dario: warning: the router's key (DARIO_API_KEY) has "
			"less than %d characters: who reaches the router can "
			"guess it: " SETTINGS_KEY_FIX "\n",
			SETTINGS_KEY_MIN);
	fprintf(stderr, "dario: everything %sis in order\n",
		away ? "else " : "");
	return 0;
}

static bool serves(const struct cmd *c)
{
	return !cmd_value(c, "check") && !cmd_value(c, "print-config");
}

/* What is wrong with the files is told as the log is, as far as it is known
 * without them. */
static void log_early(void)
{
	struct settings s;
	struct err unused;

	settings_init(&s);
	settings_from_env(&s, &unused);
	log_init(s.verbose);
	settings_release(&s);
}

static int print_for(const struct cmd *c, const char *name,
		     const struct settings *s, struct err *e)
{
	struct print_plan p = { .name = name,
				.home = c->home,
				.user = cmd_value(c, "user"),
				.settings = s,
				.socket = cmd_value(c, "socket") };
	char *home = p.user ? print_config_home(p.user, e) : NULL;
	int rc = -1;

	if (home)
		p.home = home;
	if (home || !p.user)
		rc = print_config(&p, e);
	free(home);
	return rc;
}

static int run_with(struct cmd *c, struct snapshot *cfg, struct err *e)
{
	struct server_conf sc = { .check = cmd_value(c, "check") };
	const struct settings *s = &cfg->settings;
	const char *print = cmd_value(c, "print-config");
	int rc;

	if (serves(c))
		log_init(s->verbose);
	pin_address(s);
	if (print)
		return print_for(c, print, s, e);
	if (sc.check) {
		rc = check_all(&sc, cfg, c->home, e);
		server_conf_remove(&sc, c->home, s);
	} else {
		rc = serve(&sc, c->home, s, e);
	}
	server_conf_release(&sc);
	return rc;
}

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg;
	bool there[FOLDERS];
	int rc = -1;

	if (apply_flags(c, e))
		return -1;
	if (serves(c))
		log_early();
	look_for_folders(c->home, there);
	cfg = snapshot_load(c->home, e);
	if (cfg)
		rc = run_with(c, cfg, e);
	snapshot_free(cfg);
	if (!serves(c))
		remove_folders(c->home, there);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "check", NULL, "check everything, start nothing" },
	{ "print-config", "NAME",
	  "print the configuration for a web server that you run already, with "
	  "this machine's paths: lighttpd, nginx, nginx-upstream, "
	  "apache-proxy, apache-fcgid, cgi, htaccess, lighttpd-cgi; "
	  "systemd-user, systemd-proxy, systemd-socket, systemd-service, "
	  "tmpfiles" },
	{ "socket", "PATH", "the worker's socket in what is printed" },
	{ "user", "NAME",
	  "what is printed is for this user, and its ~/.dario" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "[FLAGS]", "run the router in the foreground", 0, 0, flags, true,
	  run },
	{ 0 },
};

static const char *const proxy_examples[] = {
	"dario proxy",
	"dario proxy --port=8080 --verbose",
	"dario proxy --print-config=nginx",
	NULL,
};

const struct cmd_group cmd_proxy = { "proxy", "the router", entries,
				     proxy_examples };
