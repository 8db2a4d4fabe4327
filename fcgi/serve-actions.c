/* SPDX-License-Identifier: MIT */
/*
 * serve-actions: what the owner changes on the page: POST /page/actions/NAME
 * with a form. The same is refused as by the commands. The router notices by
 * itself that its files have changed.
 */
#include "config.h"

#include "base/jw.h"
#include "base/query.h"
#include "base/secret-name.h"
#include "base/wait.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "net/backend-edit.h"
#include "net/login.h"
#include "state/config/account-edit.h"
#include "state/config/rule-edit.h"
#include "state/keys/key-change.h"
#include "state/keys/session-secret.h"

#include <stdio.h>
#include <string.h>

#define PATH "/page/actions/"
#define FORM_MAX 65536
#define VALUE_MAX 8192

/* One action, which may wait for the disk: in a helper thread, where nothing of
 * the request is touched but its arena and its form. */
struct action {
	struct request *r;
	const char *home, *form;
	struct buf said;          /* what the owner is told, in lines */
	char key[KEY_TEXT_BYTES]; /* a person's new one, shown this once */
	struct buf url;           /* to be opened, for a log-in */
	int rc;
	struct err error;
	int (*run)(struct action *a, struct err *e);
};

/* The field of the form without blanks around it, or NULL. */
static const char *field(struct action *a, const char *name)
{
	char text[VALUE_MAX];

	if (!query_get(a->form, name, text, sizeof(text)))
		return NULL;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return arena_str(a->r->arena, span_trim(span_of(text)));
}

/* One that is empty counts as not there. */
static const char *value(struct action *a, const char *name)
{
	const char *text = field(a, name);

	return text && *text ? text : NULL;
}

static int need(struct action *a, const char *name, const char **out,
		struct err *e)
{
	*out = value(a, name);
	return *out ? 0
		    : err_set(e, ERR_BAD_REQUEST, "%s is missing in the form",
			      name);
}

/* --- accounts ------------------------------------------------------------- */

/* That the form names: alias, and the backend of its pool. */
static int find_account(struct action *a, const struct account **out,
			struct err *e)
{
	const char *alias, *backend = value(a, "backend");
	const struct accounts *p;

	if (need(a, "alias", &alias, e))
		return -1;
	for (size_t i = 0; (p = accounts_pool(a->r->config, i)); i++)
		if (strcmp(accounts_pool_name(p),
			   backend ? backend : "claude") == 0 &&
		    (*out = accounts_find(p, alias)))
			return 0;
	return err_set(e, ERR_NOT_FOUND, "there is no account %.64s", alias);
}

static int pause_account(struct action *a, struct err *e)
{
	const struct account *x;

	return find_account(a, &x, e) ? -1 : account_pause(a->home, x, true, e);
}

static int resume_account(struct action *a, struct err *e)
{
	const struct account *x;

	return find_account(a, &x, e) ? -1
				      : account_pause(a->home, x, false, e);
}

static int change_account(struct action *a, struct err *e)
{
	struct account_choices c = { 0 };
	const struct account *x;

	if (find_account(a, &x, e) ||
	    account_take_choices(&c, value(a, "reserve"), value(a, "priority"),
				 e))
		return -1;
	if (!*x->file || !strchr(x->file, '/'))
		return err_set(e, ERR_CONFIG,
			       "%s is a log-in without a file of its own: add "
			       "an account with an alias",
			       x->alias);
	return account_change(a->home, x->alias, x->file, SPAN(""), &c, e);
}

static int add_account(struct action *a, struct err *e)
{
	struct account_choices c = { .reserve = -1, .priority = -1 };
	const char *alias, *key;
	char file[192];

	if (need(a, "alias", &alias, e) || need(a, "key", &key, e) ||
	    secret_check_name(alias, ACCOUNT_ALIAS, e) ||
	    account_check_alias(alias, e))
		return -1;
	if (strpbrk(key, " \t\r\n"))
		return err_set(e, ERR_CONFIG, "the API key has a blank in it");
	if (store_folder(a->home, "accounts", e) ||
	    account_place(a->r->config, a->home, alias, value(a, "backend"),
			  file, sizeof(file), e) ||
	    account_check_others(a->r->config, alias, file, span_of(key), e))
		return -1;
	return account_change(a->home, alias, file, span_of(key), &c, e);
}

/* --- log-ins -------------------------------------------------------------- */

/* Where the tokens go: of an account with an alias, or the one log-in. */
static int login_file(struct action *a, char *file, size_t n, struct err *e)
{
	const char *alias = value(a, "alias");

	if (!alias) {
		snprintf(file, n, "credentials.json");
		return 0;
	}
	if (secret_check_name(alias, ACCOUNT_ALIAS, e) ||
	    account_check_alias(alias, e))
		return -1;
	return account_place(a->r->config, a->home, alias, "claude", file, n,
			     e);
}

/* The verifier (RFC 7636) is made of the state, which comes back with the code:
 * nothing is kept in between, and any worker can end what another began. */
static int set_verifier(struct action *a, struct oauth_login *l, struct err *e)
{
	snprintf(l->redirect, sizeof(l->redirect), OAUTH_MANUAL_REDIRECT);
	return session_sign(a->home, "oauth", span_of(l->state), l->verifier,
			    e);
}

static int begin_login(struct action *a, struct err *e)
{
	struct oauth_config g;
	struct oauth_login l;
	char file[192];

	digest_random_url(l.state);
	if (login_file(a, file, sizeof(file), e) || set_verifier(a, &l, e) ||
	    oauth_config_load(&g, a->home, a->r->config->settings.cc_path, e))
		return -1;
	oauth_address(&l, &g, &a->url);
	return 0;
}

static int end_login(struct action *a, struct err *e)
{
	const char *text;
	struct login_pasted pasted;
	struct oauth_config g;
	struct oauth_login l;
	char file[192];

	if (need(a, "code", &text, e) || login_file(a, file, sizeof(file), e) ||
	    login_read_pasted(&pasted, text, e))
		return -1;
	if (strlen(pasted.state) != sizeof(l.state) - 1)
		return login_is_of(&pasted, "", e);
	memcpy(l.state, pasted.state, sizeof(l.state));
	if (set_verifier(a, &l, e) ||
	    oauth_config_load(&g, a->home, a->r->config->settings.cc_path, e))
		return -1;
	return login_finish(a->home, &g, &l, pasted.code, file, &a->said, e);
}

/* --- backends ------------------------------------------------------------- */

/* A program that prints a key, or a variable that holds one, is named by a
 * command alone: who reaches the page does not choose what runs here. */
static int add_backend(struct action *a, struct err *e)
{
	struct backend_ask ask = {
		.home = a->home,
		.key = span_of(value(a, "key")),
		.base_url = value(a, "base-url"),
		.protocol = value(a, "protocol"),
		.models = value(a, "models"),
		.said = &a->said,
	};

	if (need(a, "name", &ask.name, e))
		return -1;
	if (ask.key.n && strpbrk(ask.key.p, " \t"))
		return err_set(e, ERR_CONFIG, "the API key has a blank in it");
	return backend_edit_add(&ask, e);
}

/* --- rules ---------------------------------------------------------------- */

static int add_rule(struct action *a, struct err *e)
{
	struct rule_ask ask = { .home = a->home,
				.fallback = value(a, "fallback") };

	if (need(a, "match", &ask.match, e) ||
	    need(a, "target", &ask.target, e) ||
	    secret_check_name(ask.match, "a model", e) ||
	    secret_check_name(ask.target, "a target", e))
		return -1;
	return rule_add(&ask, e);
}

static int remove_rule(struct action *a, struct err *e)
{
	struct rule_ask ask = { .home = a->home };

	return need(a, "match", &ask.match, e) ? -1 : rule_remove(&ask, e);
}

/* --- keys of people ------------------------------------------------------- */

/* A limit that the form leaves empty is taken away. */
static int read_wish(struct action *a, struct key_wish *w, struct err *e)
{
	*w = (struct key_wish){ .home = a->home, .actor = "owner" };
	for (const struct key_limit *l = key_limits; l->name; l++)
		key_wish_set(w, l, field(a, l->name));
	return need(a, "name", &w->name, e);
}

static void say_past(struct action *a, const struct key_wish *w, bool past)
{
	if (past && w->expires && *w->expires)
		buf_fmt(&a->said, "%s is in the past\n", w->expires);
}

static int add_key(struct action *a, struct err *e)
{
	struct key_wish w;
	bool past;

	if (read_wish(a, &w, e) || key_add(&w, a->key, &past, e))
		return -1;
	say_past(a, &w, past);
	return 0;
}

static int change_key(struct action *a, struct err *e)
{
	struct key_wish w;
	bool past;

	if (read_wish(a, &w, e) || key_change(&w, &past, e))
		return -1;
	say_past(a, &w, past);
	return 0;
}

static int rotate_key(struct action *a, struct err *e)
{
	struct key_wish w;

	return read_wish(a, &w, e) ? -1 : key_rotate(&w, a->key, e);
}

static int disable_key(struct action *a, struct err *e)
{
	struct key_wish w;

	return read_wish(a, &w, e) ? -1 : key_disable(&w, true, e);
}

static int enable_key(struct action *a, struct err *e)
{
	struct key_wish w;

	return read_wish(a, &w, e) ? -1 : key_disable(&w, false, e);
}

static int remove_key(struct action *a, struct err *e)
{
	struct key_wish w;

	return read_wish(a, &w, e) ? -1 : key_remove(&w, NULL, NULL, e);
}

/* --- all of them ---------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(struct action *a, struct err *e);
} actions[] = {
	{ "account-add", add_account },
	{ "account-change", change_account },
	{ "account-login", begin_login },
	{ "account-login-code", end_login },
	{ "account-pause", pause_account },
	{ "account-resume", resume_account },
	{ "backend-add", add_backend },
	{ "key-add", add_key },
	{ "key-change", change_key },
	{ "key-disable", disable_key },
	{ "key-enable", enable_key },
	{ "key-remove", remove_key },
	{ "key-rotate", rotate_key },
	{ "rule-add", add_rule },
	{ "rule-remove", remove_rule },
};

static int find_action(struct action *a, struct err *e)
{
	const char *name = a->r->path + strlen(PATH);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0) {
			a->run = actions[i].run;
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "there is no action %.40s", name);
}

static void run(void *arg)
{
	struct action *a = arg;

	a->rc = a->run(a, &a->error);
}

static int read_form(struct action *a, struct err *e)
{
	struct request *r = a->r;
	const char *type = r->vars.content_type;
	bool whole;

	if (!type || strncmp(type, "application/x-www-form-urlencoded", 33))
		return err_set(e, ERR_BAD_REQUEST,
			       "an action is a form: send it as "
			       "application/x-www-form-urlencoded");
	if (request_hold_body(r, FORM_MAX, &whole, e))
		return -1;
	if (!whole)
		return err_set(e, ERR_TOO_BIG, "the form is too large");
	a->form = buf_cstr(&r->body);
	/* What cannot be read must not pass for what is not there. */
	return query_fits(a->form, VALUE_MAX)
		     ? 0
		     : err_set(e, ERR_TOO_BIG,
			       "a field of the form is longer than %d bytes, "
			       "or no text",
			       VALUE_MAX - 1);
}

static int answer(struct action *a)
{
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, 65536);
	jw_obj(&w);
	jw_kbool(&w, "done", true);
	jw_kcstr(&w, "said", a->said.n ? buf_cstr(&a->said) : NULL);
	if (*a->key)
		jw_kcstr(&w, "key", a->key);
	if (a->url.n)
		jw_kcstr(&w, "url", buf_cstr(&a->url));
	jw_obj_end(&w);
	reply_field(a->r, "Cache-Control", SPAN("no-store"));
	reply_json(a->r, 200, buf_get(&out));
	buf_release(&out);
	return 0;
}

int serve_action(struct request *r, struct err *e)
{
	struct action a = { .r = r, .home = snapshot_home(r->app->config) };

	if (find_action(&a, e) || read_form(&a, e))
		return -1;
	buf_init(&a.said, 16384);
	buf_init(&a.url, 16384);
	wait_work(run, &a);
	if (a.rc) {
		*e = a.error;
		/* To who fills in a form all is about the form. */
		if (e->code == ERR_USAGE || e->code == ERR_CONFIG)
			e->code = ERR_BAD_REQUEST;
	} else {
		answer(&a);
	}
	buf_release(&a.said);
	buf_release(&a.url);
	return a.rc;
}
