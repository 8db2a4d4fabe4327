/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/refresh.h"

#include "base/clock.h"
#include "base/embed.h"
#include "base/log.h"
#include "base/run.h"
#include "base/wait.h"
#include "net/oauth.h"
#include "state/config/credential.h"
#include "state/config/snapshot.h"
#include "state/pool/pool.h"
#include "state/shared/shared-choose.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_MS 20          /* between looks at a lock or a process */
#define RESERVE_BYTES 49152 /* of an account's file with the longest tokens */
#define HOSTS_STEP_MS 100   /* between looks at what another host does */
#define HOSTS_PAUSE_MS 1000 /* the same, where nobody waits for it */

/* How the asking process ends. */
enum {
	ASKED,
	FAILED,
	OTHERS_ASK
};

/* --- the caller's side --------------------------------------------------- */

/* 1: the file has another token; 0: not; -1. *now is to be released. */
static int adopt(const struct refresh *r, const struct account *old,
		 struct account *now, struct err *e)
{
	int rc = account_read(r->home, old->file, now, e);

	if (rc > 0)
		return err_set(e, ERR_CONFIG, "%s is gone", old->file);
	if (rc < 0) {
		account_release(now);
		return -1;
	}
	if (now->access_token &&
	    (!old->access_token ||
	     strcmp(now->access_token, old->access_token)) &&
	    account_fresh(now, 0))
		return 1;
	return 0;
}

static int lock_in_turn(const struct refresh *r, const struct account *old,
			struct err *e)
{
	for (;;) {
		bool busy;
		int lock = store_try_lock(r->home, old->file, &busy, e);

		if (lock >= 0 || !busy)
			return lock;
		if (r->wait(r->arg, STEP_MS, e))
			return -1;
	}
}

struct start {
	const char *worker, *home, *file;
	int lock;
	pid_t pid;
	int error; /* errno; 0: pid runs */
};

/* A session of its own: what ends the worker's group leaves it alone. The
 * system may take its time over a new process. */
static void start(void *arg)
{
	struct start *s = arg;
	char flag[sizeof(((struct account *)0)->file) + 16];
	const char *const argv[] = { "dario.fcgi", flag, NULL };
	struct run_home home;
	char **env = run_environment_at(&home, s->home, NULL, false);
	struct run_plan p = {
		.program = s->worker,
		.argv = argv,
		.environment = env,
		.out = -1,
		.third = s->lock,
		/* A host's standard error is its own. */
		.errors = embed_now() ? RUN_ERRORS_GO_NOWHERE : RUN_ERRORS_STAY,
	};

	snprintf(flag, sizeof(flag), "--refresh=%s", s->file);
	s->pid = run_start(&p);
	s->error = s->pid < 0 ? errno : 0;
	run_home_release(&home, env);
}

/* Also when the client has left: nobody else would fetch the exit status. 1:
 * another host was first. */
static int wait_for(const struct refresh *r, pid_t pid, struct err *e)
{
	int rc = 0, status;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid && rc == 0 && WIFEXITED(status))
			return WEXITSTATUS(status) == OTHERS_ASK;
		if (ended == pid || (ended < 0 && errno != EINTR))
			return rc;
		if (rc)
			wait_ms(STEP_MS);
		else
			rc = r->wait(r->arg, STEP_MS, e);
		if (rc && e->code == ERR_SHUTDOWN)
			return rc; /* it goes on without us */
	}
}

/* Why there is no new token: what the asking process has left. */
static int explain(const struct refresh *r, const struct account *old,
		   struct err *e)
{
	struct limits l;

	limits_read(r->home, account_name(old), &l);
	if (l.cause == CAUSE_AUTH)
		return err_set(e, ERR_CONFIG,
			       "account %s needs a new log-in: its refresh "
			       "token is void, run dario login%s%s",
			       old->alias,
			       strcmp(old->alias, ACCOUNT_LOGIN)
				       ? " or dario accounts add "
				       : "",
			       strcmp(old->alias, ACCOUNT_LOGIN) ? old->alias
								 : "");
	return err_set(
		e, ERR_CONFIG,
		"account %s: its token could not be refreshed: the "
		"log says why, the next try is in %lld s",
		old->alias,
		(long long)(l.refresh_after > clock_wall_ms()
				    ? (l.refresh_after - clock_wall_ms()) /
						      1000 +
					      1
				    : 0));
}

static bool note_pause(struct limits *l, void *arg)
{
	char sign[ACCOUNT_SIGN_BYTES];

	account_sign(arg, sign, sizeof(sign));
	if (strcmp(l->sign, sign))
		return false; /* another host has new tokens by now */
	l->refresh_after = clock_wall_ms() + HOSTS_PAUSE_MS;
	return true;
}

/* With the lock: 0 it is ours to ask, 1 the file has new tokens, -1. Others of
 * this host wait for the lock meanwhile. */
static int wait_for_hosts(const struct refresh *r, const struct account *old,
			  struct err *e)
{
	enum credential_turn turn;
	struct err unused;

	for (;;) {
		if (credential_look(r->home, old->file, &turn, e))
			return -1;
		if (turn != CREDENTIAL_THEIRS)
			return turn == CREDENTIAL_RENEWED;
		if (!r->needed) {
			limits_update(r->home, account_name(old), note_pause,
				      (void *)old, &unused);
			return err_set(e, ERR_CONFIG,
				       "account %s: another host asks for its "
				       "new token",
				       old->alias);
		}
		if (r->wait(r->arg, HOSTS_STEP_MS, e))
			return -1;
	}
}

/* With the lock: 0 a process may ask, 1 *out is new, -1. */
static int may_ask(const struct refresh *r, const struct account *old,
		   struct account *out, struct err *e)
{
	struct limits l;
	int rc = adopt(r, old, out, e);

	if (rc)
		return rc;
	account_release(out);
	limits_read(r->home, account_name(old), &l);
	if ((pool_refresh_pause(old, &l) > clock_wall_ms() && !r->insist) ||
	    !old->refresh_token)
		return explain(r, old, e);
	rc = old->shared ? wait_for_hosts(r, old, e) : 0;
	if (rc <= 0)
		return rc;
	rc = adopt(r, old, out, e);
	if (rc == 0)
		account_release(out);
	return rc;
}

/* 0 *out is new, 1 another host was first, -1. */
static int try_refresh(const struct refresh *r, const struct account *old,
		       struct account *out, struct err *e)
{
	struct start s = { .worker = r->worker,
			   .home = r->home,
			   .file = old->file };
	int rc;

	s.lock = lock_in_turn(r, old, e);
	if (s.lock < 0)
		return -1;
	rc = may_ask(r, old, out, e);
	if (rc) {
		store_unlock(s.lock);
		return rc > 0 ? 0 : -1;
	}
	wait_work(start, &s);
	store_unlock(s.lock); /* the new process has it too */
	errno = s.error;
	if (errno)
		return err_sys(e, "start", r->worker);
	rc = wait_for(r, s.pid, e);
	if (rc)
		return rc;
	rc = adopt(r, old, out, e);
	if (rc > 0)
		return 0;
	account_release(out);
	return rc < 0 ? -1 : explain(r, old, e);
}

int refresh_account(const struct refresh *r, const struct account *old,
		    struct account *out, struct err *e)
{
	int rc;

	do
		rc = try_refresh(r, old, out, e);
	while (rc > 0);
	return rc;
}

bool refresh_is_due(const struct account *a)
{
	return !account_fresh(a, ACCOUNT_REFRESH_AHEAD_MS) &&
	       account_refreshable(a);
}

int refresh_or_keep(const struct refresh *r, const struct account *old,
		    struct account *out, struct err *e)
{
	struct refresh asked = *r;

	asked.needed |= !account_fresh(old, 0);
	if (refresh_account(&asked, old, out, e) == 0)
		return 0;
	if (asked.needed || e->code == ERR_GONE || e->code == ERR_SHUTDOWN ||
	    !account_fresh(old, 0))
		return -1;
	return account_copy(out, old);
}

/* --- the asking process -------------------------------------------------- */

struct outcome {
	const struct account *account;
	bool final, ok;
	bool doubt; /* another host may have the new tokens */
	char sign[ACCOUNT_SIGN_BYTES]; /* of the new tokens */
};

/* What is known of the account goes on with its new tokens; what was known of
 * another log-in does not. */
static void hand_over(struct limits *l, const struct outcome *o)
{
	char sign[ACCOUNT_SIGN_BYTES];

	account_sign(o->account, sign, sizeof(sign));
	if (*l->sign && strcmp(l->sign, sign))
		limits_clear(l);
	snprintf(l->sign, sizeof(l->sign), "%s", o->ok ? o->sign : sign);
}

static bool note(struct limits *l, void *arg)
{
	const struct outcome *o = arg;

	hand_over(l, o);
	l->refresh_after = o->ok ? 0 : clock_wall_ms() + REFRESH_PAUSE_MS;
	if (o->final) {
		limits_rest(l, CAUSE_AUTH, 0, clock_wall_ms());
	} else if (o->ok && l->cause == CAUSE_AUTH) {
		l->cause = CAUSE_NONE;
	}
	return true;
}

static int ask_and_store(const char *home, const struct account *a,
			 const struct settings *s, struct outcome *o,
			 struct err *e)
{
	struct json_object *file = NULL;
	struct http *h = NULL;
	struct store_slot slot;
	struct tokens *t;
	struct oauth_config g;
	int rc = -1;

	/* Room first: a new token that cannot be kept would be lost. */
	if (oauth_config_load(&g, home, s->cc_path, e) ||
	    store_reserve(&slot, home, a->file, RESERVE_BYTES, e))
		return -1;
	if (a->proxy)
		g.proxy = a->proxy;
	if (a->ca_file)
		g.ca_file = a->ca_file;
	t = xcalloc(1, sizeof(*t));
	h = http_new(NULL, 1);
	if (!h)
		err_set(e, ERR_INTERNAL, "libcurl cannot start");
	else if (oauth_refresh(h, &g, a->refresh_token, t, &o->final, e) == 0)
		file = account_with_tokens(home, a->file, t, e);
	if (file) {
		struct account fresh = { .refresh_token = t->refresh,
					 .access_token = t->access };

		account_sign(&fresh, o->sign, sizeof(o->sign));
		rc = store_fill(&slot, span_of(json_pretty(file)), e);
	} else {
		store_abandon(&slot);
	}
	json_object_put(file);
	http_free(h);
	free(t);
	return rc;
}

/* In our turn among all hosts, if there are others. */
static int ask_in_turn(const char *home, const struct account *a,
		       const struct settings *s, struct err *e)
{
	struct outcome o = { .account = a };
	enum credential_turn turn;
	struct err why;
	int rc;

	if (credential_take(home, a->file, &turn, &o.doubt, e))
		return FAILED;
	if (turn != CREDENTIAL_OURS)
		return turn == CREDENTIAL_RENEWED ? ASKED : OTHERS_ASK;
	rc = ask_and_store(home, a, s, &o, e);
	if (credential_give(home, a->file, &why))
		log_msg("account %s: its tokens stay with this host until the "
			"store takes them: %s",
			a->alias, why.msg);
	o.ok = rc == 0;
	o.final = o.final && !o.doubt;
	limits_update(home, a->alias, note, &o, &why);
	if (rc)
		err_add(e, a->alias);
	return rc ? FAILED : ASKED;
}

/* With the lock held: look again, ask, store, say how it went. */
static int refresh_file(const char *home, const char *file, struct err *e)
{
	struct settings s;
	struct account a;
	struct json_object *conf = NULL;
	struct err unused;
	int rc = FAILED;

	/* A store that is wrong is no reason to lose a token. */
	if (shared_choose_for(home, &unused))
		log_msg("%s", unused.msg);
	settings_init(&s);
	if (account_read(home, file, &a, e) ||
	    json_load(home, "config.json", &conf, e) < 0 ||
	    settings_from_file(&s, conf, e) || settings_from_env(&s, e))
		goto out;
	if (a.refresh_token)
		rc = ask_in_turn(home, &a, &s, e);
	else
		err_set(e, ERR_CONFIG, "%s has no refresh token", file);
out:
	json_object_put(conf);
	account_release(&a);
	settings_release(&s);
	return rc;
}

int refresh_main(const char *file)
{
	struct err e = { 0 };
	char *home = store_home(&e);
	int rc;

	/* Others wait for the lock to go; nobody after us shall hold it. */
	fcntl(REFRESH_LOCK_FD, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	rc = home ? refresh_file(home, file, &e) : FAILED;
	if (rc == FAILED)
		log_msg("token refresh: %s", e.msg);
	free(home);
	return rc;
}
