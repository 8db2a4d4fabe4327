/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/prompt.h"
#include "cli/say.h"
#include "cli/sign-in.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/run.h"
#include "cli/server.h"
#include "net/login.h"
#include "state/config/login-state.h"
#include "state/show/account-show.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 10000
#define STEP_MS 100

struct flow {
	const struct cmd *cmd;
	struct snapshot *config;
	struct oauth_config oauth;
	struct oauth_login login;
	struct buf url;
	char code[LOGIN_CODE_MAX];
};

void sign_in_terms(void)
{
	fputs("dario: the provider's terms decide where a subscription log-in "
	      "may be used.\n"
	      "dario: an API key is the unrestricted way: dario accounts add "
	      "ALIAS --key-file=FILE\n",
	      stderr);
}

/* --- by hand ------------------------------------------------------------- */

static int by_hand(struct flow *f, struct err *e)
{
	struct login_pasted pasted;
	char line[LOGIN_CODE_MAX];

	oauth_begin(&f->login, &f->oauth, OAUTH_MANUAL_REDIRECT, &f->url);
	fputs("dario: open this address, log in, and copy the code that the "
	      "page shows:\n",
	      stderr);
	say(stderr, "\n%s\n\n", buf_cstr(&f->url));
	/* Until it is used the code is as good as a password. */
	if (prompt_hidden("dario: paste the code: ", line, sizeof(line),
			  LOGIN_STATE_MS))
		return err_set(e, ERR_CONFIG,
			       "no code came before the input ended, or within "
			       "five minutes: run it again");
	if (login_read_pasted(&pasted, line, e) ||
	    login_is_of(&pasted, f->login.state, e))
		return -1;
	snprintf(f->code, sizeof(f->code), "%s", pasted.code);
	return 0;
}

/* --- through the browser ------------------------------------------------- */

static int set_number(struct settings *s, const char *key, long value,
		      struct err *e)
{
	const struct option_row *o = options;
	char text[24];

	while (strcmp(o->key, key))
		o++;
	snprintf(text, sizeof(text), "%ld", value);
	setenv(o->env, text, 1);
	return settings_set(s, o, text, SOURCE_FLAG, key, e);
}

static int start_listener(struct flow *f, struct server *server, struct err *e)
{
	struct settings *s = &f->config->settings;
	struct err why;

	setenv("DARIO_HOST", "127.0.0.1", 1);
	free(s->host);
	s->host = xstrdup("127.0.0.1");
	if (set_number(s, "port", server_free_port(), e) ||
	    set_number(s, "workers", 1, e) || set_number(s, "threads", 4, e) ||
	    server_start(server, e))
		return -1;
	if (server_wait(server, START_MS, &why))
		return err_set(e, ERR_CONFIG,
			       "nothing can listen on port %ld for the browser "
			       "to come back to: use dario login --manual",
			       s->port);
	return 0;
}

static bool has_screen(void)
{
#ifdef __APPLE__
	return true;
#else
	return getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
#endif
}

static void open_browser(const struct flow *f)
{
	const char *xdg[] = { "xdg-open", f->url.p, NULL };
	const char *mac[] = { "open", f->url.p, NULL };

	if (cmd_value(f->cmd, "no-browser"))
		return;
#ifdef __APPLE__
	run_detached(mac);
#else
	(void)mac;
	if (has_screen() && run_exists(xdg[0]))
		run_detached(xdg);
#endif
}

/* On a terminal the time that is left; else nothing. */
static void show_left(int64_t left, int64_t *shown)
{
	char text[24];

	if (!isatty(STDERR_FILENO) || left / 1000 == *shown)
		return;
	*shown = left / 1000;
	show_duration(text, sizeof(text), left);
	fprintf(stderr, "\rdario: waiting for the browser (%s)   ", text);
}

static int take_answer(struct flow *f, const struct buf *code,
		       const struct buf *error, struct err *e)
{
	if (error->n)
		return err_set(e, ERR_CONFIG,
			       "the log-in was refused in the browser (%.80s): "
			       "nothing has changed",
			       error->p);
	if (code->n >= sizeof(f->code))
		return err_set(e, ERR_CONFIG, "the code is too long");
	memcpy(f->code, code->p, code->n + 1);
	return 0;
}

static int wait_for_browser(struct flow *f, struct server *server,
			    struct err *e)
{
	int64_t end = clock_ms() + LOGIN_STATE_MS, shown = -1;
	struct buf code, error;
	int rc = 1;

	buf_init(&code, LOGIN_CODE_MAX);
	buf_init(&error, LOGIN_CODE_MAX);
	while (rc > 0) {
		int64_t left = end - clock_ms();

		rc = login_state_look(f->cmd->home, f->login.state, &code,
				      &error, e);
		if (rc > 0 && left <= 0)
			rc = err_set(e, ERR_CONFIG,
				     "no log-in within five minutes: run dario "
				     "login again");
		else if (rc > 0 && server_ended(server))
			rc = err_set(e, ERR_CONFIG,
				     "the listener for the browser has ended: "
				     "use dario login --manual");
		show_left(left, &shown);
		if (rc > 0)
			poll(NULL, 0, STEP_MS);
	}
	if (shown >= 0)
		fputc('\n', stderr);
	if (rc == 0)
		rc = take_answer(f, &code, &error, e);
	buf_release(&code);
	buf_release(&error);
	return rc;
}

/* A browser on the machine of who is logged in from afar cannot come back to
 * this one by itself. SSH_CONNECTION: both addresses, each with its port. */
static void explain_ssh(const struct flow *f)
{
	long port = f->config->settings.port;
	const char *ssh = getenv("SSH_CONNECTION"), *user = getenv("USER");
	char host[80] = "HOST";

	if (!ssh || !*ssh) { /* sudo does not hand it on */
		if (!has_screen())
			say(stderr, "dario: with a browser on another machine: "
				    "stop here, and add --manual\n");
		return;
	}
	sscanf(ssh, "%*s %*s %79s", host);
	say(stderr,
	    "dario: this is an SSH session: the browser comes back to port "
	    "%ld of this machine, which it reaches from yours while this runs "
	    "there:\n",
	    port);
	say(stderr, "\n\tssh -N -L %ld:localhost:%ld %s%s%s\n\n", port, port,
	    user ? user : "", user ? "@" : "", host);
	say(stderr, "dario: or stop here, and take the code by hand: add "
		    "--manual\n");
}

static int by_browser(struct flow *f, struct err *e)
{
	struct server server = { 0 };
	const char *home = f->cmd->home;
	char redirect[64];
	int rc = start_listener(f, &server, e);

	if (rc)
		goto out;
	snprintf(redirect, sizeof(redirect), "http://localhost:%ld/callback",
		 f->config->settings.port);
	oauth_begin(&f->login, &f->oauth, redirect, &f->url);
	rc = login_state_begin(home, f->login.state, e);
	if (rc)
		goto out;
	fputs("dario: log in at this address:\n", stderr);
	say(stderr, "\n%s\n\n", buf_cstr(&f->url));
	explain_ssh(f);
	open_browser(f);
	rc = wait_for_browser(f, &server, e);
	login_state_end(home, f->login.state);
out:
	server_stop(&server); /* the page reaches the browser first */
	return rc;
}

/* --- what both have in common -------------------------------------------- */

static int finish(struct flow *f, const char *file, struct err *e)
{
	struct buf said;
	struct span rest;
	int rc;

	buf_init(&said, 4096);
	rc = login_finish(f->cmd->home, &f->oauth, &f->login, f->code, file,
			  &said, e);
	rest = buf_get(&said);
	while (rest.n) {
		struct span line = span_cut(&rest, '\n');

		say(stderr, "dario: %.*s\n", SPAN_FMT(line));
	}
	buf_release(&said);
	return rc;
}

int sign_in(const struct cmd *c, const char *file, struct err *e)
{
	struct flow f = { .cmd = c };
	struct account was;
	int rc = -1;

	/* A file that cannot be changed is found before the person logs in. */
	if (account_read(c->home, file, &was, e) < 0)
		return -1;
	account_release(&was);
	buf_init(&f.url, 16384);
	f.config = snapshot_load(c->home, e);
	if (f.config && oauth_config_load(&f.oauth, c->home,
					  f.config->settings.cc_path, e) == 0) {
		sign_in_terms();
		rc = cmd_value(c, "manual") ? by_hand(&f, e)
					    : by_browser(&f, e);
	}
	if (rc == 0)
		rc = finish(&f, file, e);
	buf_release(&f.url);
	snapshot_free(f.config);
	return rc;
}
