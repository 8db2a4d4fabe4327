/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/prompt.h"
#include "cli/say.h"
#include "cli/sign-in.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/query.h"
#include "base/run.h"
#include "cli/server.h"
#include "net/oauth.h"
#include "state/account-show.h"
#include "state/credential.h"
#include "state/login-state.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 10000
#define STEP_MS 100
#define CODE_MAX 4096

struct flow {
	const struct cmd *cmd;
	struct snapshot *config;
	struct oauth_config oauth;
	struct oauth_login login;
	struct buf url;
	char code[CODE_MAX];
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

/* What is pasted is CODE#STATE, or the address of the page. */
static int take_pasted(struct flow *f, char *line, struct err *e)
{
	char state[CODE_MAX] = "";
	char *query = strchr(line, '?'), *hash;
	struct span s = span_trim(span_of(line));

	line[s.p - line + (ptrdiff_t)s.n] = '\0';
	if (query && strstr(line, "://")) {
		query_get(query + 1, "code", f->code, sizeof(f->code));
		query_get(query + 1, "state", state, sizeof(state));
	} else {
		hash = strchr(line, '#');
		if (hash)
			*hash = '\0';
		snprintf(f->code, sizeof(f->code), "%s", s.p);
		snprintf(state, sizeof(state), "%s", hash ? hash + 1 : "");
	}
	if (!*f->code)
		return err_set(e, ERR_CONFIG,
			       "no code was given: run dario login --manual "
			       "again and paste what the page shows");
	if (strcmp(state, f->login.state))
		return err_set(e, ERR_CONFIG,
			       "the code is not of this log-in: paste all that "
			       "the page shows, CODE#STATE, from the address "
			       "above");
	return 0;
}

static int by_hand(struct flow *f, struct err *e)
{
	char line[CODE_MAX];

	oauth_begin(&f->login, &f->oauth, OAUTH_MANUAL_REDIRECT, &f->url);
	fputs("dario: open this address, log in, and copy the code that the "
	      "page shows:\n",
	      stderr);
	say(stderr, "\n%s\n\n", buf_cstr(&f->url));
	/* Until it is used the code is as good as a password. */
	if (prompt_hidden("dario: paste the code: ", line, sizeof(line),
			  LOGIN_STATE_MS))
		return err_set(e, ERR_CONFIG,
			       "no code came within five minutes: run dario "
			       "login --manual again");
	return take_pasted(f, line, e);
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

static void open_browser(const struct flow *f)
{
	bool screen = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
	const char *xdg[] = { "xdg-open", f->url.p, NULL };
	const char *mac[] = { "open", f->url.p, NULL };

	if (cmd_value(f->cmd, "no-browser"))
		return;
#ifdef __APPLE__
	run_detached(mac);
#else
	(void)mac;
	if (screen && run_exists(xdg[0]))
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

	buf_init(&code, CODE_MAX);
	buf_init(&error, CODE_MAX);
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
	open_browser(f);
	rc = wait_for_browser(f, &server, e);
	login_state_end(home, f->login.state);
out:
	server_stop(&server); /* the page reaches the browser first */
	return rc;
}

/* --- what both have in common -------------------------------------------- */

static int store(const char *home, const char *file, const struct tokens *t,
		 struct err *e)
{
	struct json_object *o;
	struct err why;
	int lock, rc;

	if (store_folder(home, NULL, e) || store_folder(home, "accounts", e))
		return -1;
	lock = store_lock(home, file, e);
	if (lock < 0)
		return -1;
	o = account_with_tokens(home, file, t, e);
	if (o)
		credential_new_login(o);
	rc = o ? store_replace(home, file, span_of(json_pretty(o)), e) : -1;
	json_object_put(o);
	if (rc == 0 && credential_sync(home, file, &why))
		say(stderr, "dario: other hosts do not have it yet: %s\n",
		    why.msg);
	store_unlock(lock);
	return rc;
}

static int exchange(struct flow *f, const char *file, struct err *e)
{
	struct tokens *t = xcalloc(1, sizeof(*t));
	struct http *h = http_new(NULL, 4);
	char left[32];
	int rc;

	rc = h ? oauth_exchange(h, &f->oauth, &f->login, f->code, t, e)
	       : err_set(e, ERR_INTERNAL, "libcurl cannot start");
	if (rc == 0)
		rc = store(f->cmd->home, file, t, e);
	if (rc == 0) {
		show_duration(left, sizeof(left),
			      t->expires_at - clock_wall_ms());
		fprintf(stderr,
			"dario: logged in; the token is good for %s and is "
			"refreshed by itself\n",
			left);
	}
	http_free(h);
	free(t);
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
		rc = exchange(&f, file, e);
	buf_release(&f.url);
	snapshot_free(f.config);
	return rc;
}
