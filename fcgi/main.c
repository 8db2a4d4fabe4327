/* SPDX-License-Identifier: MIT */
/*
 * dario.fcgi: the worker behind a web server.
 *
 * As FastCGI it serves many requests at a time on a few event loops (worker.h).
 * With DARIO_EXIT_WITH_PARENT set it also ends when the process that started it
 * is gone. As plain CGI it serves one request.
 *
 * `dario proxy` and a web server that spawns hand the listening socket over as
 * descriptor 0, systemd as descriptor 3; for one that does neither, --listen
 * makes it.
 */
#include "config.h"

#include "base/cores.h"
#include "base/install-path.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/port.h"
#include "fcgi/listen.h"
#include "fcgi/worker.h"
#include "net/refresh.h"
#include "state/shared/shared-choose.h"
#include "state/shared/tidy.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_MODE 0660 /* for us and the web server's group */

struct flags {
	const char *listen; /* path, or NULL */
	mode_t mode;
	bool version;
	const char *refresh; /* an account's file: see net/refresh.h */
};

/* Keys are in this process's memory: no core files, no other readers. */
static void keep_memory_private(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	/* The leak checker has to look into the process. */
#ifndef SANITIZED
	port_hide_memory();
#endif
}

/* What is fixed for the life of the process. */
static void app_settings(struct app *app, const struct settings *s)
{
	app->capacity = (int)s->threads;
	app->loops = cores_loops(s->workers);
	app->drain_ms = s->drain_ms;
	log_init(s->verbose);
}

/* A CGI program is a new process for each request: what it cannot load stands
 * in the request's own line, the rest is told by /health and the page. */
static int app_init(struct app *app, bool cgi)
{
	struct settings defaults;
	struct err e = { 0 };
	char *home = store_home(&e);
	struct snapshot *c;

	if (!home) {
		log_msg("%s", e.msg);
		return -1;
	}
	/* Before the configuration, whose accounts have entries in it. */
	if (shared_choose_for(home, &e)) {
		log_msg("%s", e.msg);
		free(home);
		return -1;
	}
	app->program = install_path_self();
	app->config = snapshot_open(home);
	app->departure = departure_new();
	unread_init(&app->unread);
	c = snapshot_current(app->config, &e);
	settings_init(&defaults);
	if (!c) /* as far as it can be known */
		settings_from_env(&defaults, &e);
	app_settings(app, c ? &c->settings : &defaults);
	if (!cgi)
		snapshot_log(app->config);
	tidy_files(home);
	settings_release(&defaults);
	snapshot_put(app->config, c);
	return 0;
}

static void app_release(struct app *app)
{
	free(app->program);
	departure_free(app->departure);
	unread_release(&app->unread);
	snapshot_close(app->config);
}

static int run_cgi(struct app *app)
{
	if (getenv("REQUEST_METHOD"))
		return worker_run_once(app);
	fputs("dario.fcgi is started by a web server: run \"dario proxy\"\n",
	      stderr);
	return 2;
}

static int parse_mode(const char *text, mode_t *out)
{
	char *end;
	long mode = strtol(text, &end, 8);

	if (end == text || *end || mode < 0 || mode > 0777)
		return -1;
	*out = (mode_t)mode;
	return 0;
}

static int parse_flags(struct flags *f, int argc, char **argv)
{
	static const struct option rows[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "mode", required_argument, NULL, 'm' },
		{ "refresh", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, rc = 0;

	while ((c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (c == 'l')
			f->listen = optarg;
		else if (c == 'm')
			rc |= parse_mode(optarg, &f->mode);
		else if (c == 'r')
			f->refresh = optarg;
		else if (c == 'V')
			f->version = true;
		else
			rc = -1;
	}
	if (rc == 0 && optind == argc)
		return 0;
	fputs("usage: dario.fcgi [--listen=SOCKET [--mode=0660]] "
	      "[--version]\n",
	      stderr);
	return -1;
}

/* The lock lets one process at a time look for a stale socket. */
static int listen_where_told(const struct flags *f, struct err *e)
{
	char *home = store_home(e);
	int lock = -1, rc = -1;

	if (home && store_folder(home, NULL, e) == 0)
		lock = store_lock(home, "listen", e);
	if (lock >= 0)
		rc = listen_own(f->listen, f->mode, e);
	store_unlock(lock);
	free(home);
	return rc;
}

/* Where requests come from: 1 plain CGI, 0 FastCGI, -1. */
static int find_gateway(const struct flags *f)
{
	struct err e = { 0 };
	int rc = f->listen ? listen_where_told(f, &e) : listen_inherit(&e);

	if (rc < 0) {
		log_msg("%s", e.msg);
		return -1;
	}
	return listen_is_cgi();
}

int main(int argc, char **argv)
{
	struct flags flags = { .mode = SOCKET_MODE };
	struct app app = { 0 };
	pid_t parent;
	int cgi, rc;

	/* A CGI program's arguments come from the client: a query string
	 * without "=" (RFC 3875, 4.4). */
	port_called(argv[0]);
	if (!getenv("REQUEST_METHOD") && parse_flags(&flags, argc, argv))
		return 2;
	if (flags.version) {
		puts("dario.fcgi " PACKAGE_VERSION);
		return 0;
	}
	if (flags.refresh) {
		keep_memory_private();
		return refresh_main(flags.refresh);
	}
	memory_setup();
	parent = port_obey_parent();
	keep_memory_private();
	cgi = find_gateway(&flags);
	if (!cgi)
		worker_block_signals();
	if (cgi < 0 || app_init(&app, cgi))
		return 1;
	if (!cgi)
		memory_settle();
	if (!cgi)
		shared_keep();
	rc = cgi ? run_cgi(&app) : worker_run(&app, parent);
	shared_end();
	app_release(&app);
	return rc;
}
