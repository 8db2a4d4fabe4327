/* SPDX-License-Identifier: MIT */
/*
 * dario proxy: lighttpd in the foreground with lighttpd/dario.conf.
 */
#include "config.h"

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/print-config.h"
#include "cli/say.h"
#include "cli/server.h"
#include "cli/show-notes.h"
#include "state/oauth-config.h"
#include "state/snapshot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 10000
#define POLL_MS 20

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

/* Can the address be had? lighttpd would say so later and less clearly. */
static int check_port(const struct settings *s, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *a;
	char port[16];
	int fd, on = 1, rc = 0;

	snprintf(port, sizeof(port), "%ld", s->port);
	if (getaddrinfo(s->host, port, &hints, &a))
		return err_set(e, ERR_CONFIG,
			       "--host=%.60s is not an address "
			       "of this machine",
			       s->host);
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 1)) {
		if (errno == EADDRINUSE)
			rc = err_set(e, ERR_CONFIG,
				     "port %ld is in use: stop "
				     "what listens there, or take another "
				     "with --port=N",
				     s->port);
		else
			rc = err_set(e, ERR_CONFIG,
				     "cannot listen on "
				     "%.60s:%ld: %s",
				     s->host, s->port, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	freeaddrinfo(a);
	return rc;
}

/* The next of our signals within ms, or 0. */
static int next_signal(const sigset_t *set, long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000 };
	int sig = sigtimedwait(set, NULL, &t);

	return sig < 0 ? 0 : sig;
}

/* Until a signal asks for the end: 0; -1 when the server ended by itself. */
static int watch_server(pid_t pid, const struct settings *s,
			const sigset_t *set, struct err *e)
{
	int64_t deadline = clock_ms() + START_MS;
	bool up = false;
	int status, sig;

	for (;;) {
		sig = next_signal(set, up ? 3600000 : POLL_MS);
		if (server_ended(pid, &status))
			return err_set(e, ERR_CONFIG,
				       "lighttpd ended with "
				       "status %d: its message stands above",
				       WIFEXITED(status) ? WEXITSTATUS(status)
							 : WTERMSIG(status));
		if (sig && sig != SIGCHLD)
			return 0;
		if (!up && server_up(s)) {
			bool six = strchr(s->host, ':');

			up = true;
			say(stderr,
			    "dario: listening on http://%s%s%s:%ld "
			    "(Ctrl-C stops)\n",
			    six ? "[" : "", s->host, six ? "]" : "", s->port);
		}
		if (!up && clock_ms() > deadline)
			return err_set(e, ERR_CONFIG,
				       "lighttpd does not "
				       "accept connections");
	}
}

static int serve(const struct server_conf *sc, const struct settings *s,
		 struct err *e)
{
	sigset_t set;
	pid_t pid;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = server_start(sc, false, e);
	if (pid < 0)
		return -1;
	rc = watch_server(pid, s, &set, e);
	server_stop(pid);
	return rc;
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

static int run(struct cmd *c, struct err *e)
{
	struct server_conf sc = { 0 };
	struct snapshot *cfg;
	const char *print = cmd_value(c, "print-config");
	bool check = cmd_value(c, "check");
	int rc = -1;

	if (apply_flags(c, e))
		return -1;
	cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	pin_address(&cfg->settings);
	if (print) {
		rc = print_config(print, c->home, &cfg->settings,
				  cmd_value(c, "socket"), e);
		goto out;
	}
	if (!check) {
		if (check_port(&cfg->settings, e))
			goto out;
		/* A lighttpd that was killed leaves request bodies. */
		server_conf_remove(c->home, &cfg->settings);
	}
	if (server_conf_write(&sc, c->home, &cfg->settings, e) ||
	    server_conf_test(&sc, e))
		goto out;
	rc = check ? check_notes(cfg, c->home, e)
		   : serve(&sc, &cfg->settings, e);
	if (check && rc == 0)
		fprintf(stderr, "dario: everything is in order\n");
out:
	server_conf_release(&sc);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "check", NULL, "check everything, start nothing" },
	{ "print-config", "NAME",
	  "print the configuration for a web server that you run already, with "
	  "this machine's paths: lighttpd, nginx, apache-proxy, apache-fcgid, "
	  "cgi, htaccess, lighttpd-cgi; systemd-socket, systemd-service, "
	  "tmpfiles" },
	{ "socket", "PATH", "the worker's socket in what is printed" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "[FLAGS]", "run the router in the foreground", 0, 0, flags, true,
	  run },
	{ 0 },
};

const struct cmd_group cmd_proxy = { "proxy", "the router", entries };
