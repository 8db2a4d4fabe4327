/* SPDX-License-Identifier: MIT */
/* Each backend is asked for its models: all at once, so that many that do not
 * answer take no longer than one. */
#include "config.h"

#include "base/task.h"
#include "cli/doctor.h"
#include "net/backend-answer.h"
#include "net/catalog.h"
#include "net/fetch.h"
#include "state/pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 4000
#define LIST_MAX (8u << 20)
#define FIX_MAX 400

struct probe {
	const struct backend *backend;
	struct catalog catalog;
	struct fetch fetch;
	struct err err;
	int rc;
	bool with_key;
	bool wants_tls; /* it is asked without */
	struct round *of;
};

/* All of them, at the same time. */
struct round {
	struct probe *probes;
	size_t n, running;
	struct task *waiting;
};

static void ask(void *arg)
{
	struct probe *p = arg;

	p->rc = catalog_credential(&p->catalog, &p->err);
	p->with_key = p->catalog.credential.n;
	p->fetch.credential = buf_cstr(&p->catalog.credential);
	if (p->rc == 0)
		p->rc = fetch_run(p->catalog.http, &p->fetch, &p->err);
	p->wants_tls = backend_wants_tls(p->catalog.http, p->backend->base_url,
					 &p->fetch, p->rc, p->err.code);
	p->of->running--;
	task_wake(p->of->waiting);
}

static void ask_all(void *arg)
{
	struct round *r = arg;

	r->waiting = task_self();
	for (size_t i = 0; i < r->n; i++) {
		struct probe *p = &r->probes[i];

		p->of = r;
		p->rc = task_start(task_loop(), ask, p, &p->err);
		r->running += p->rc == 0;
	}
	while (r->running)
		task_wait(INT64_MAX);
}

static void begin(struct doctor *d, struct probe *p, const struct backend *b,
		  const struct account *account)
{
	p->backend = b;
	catalog_init(&p->catalog, d->http, d->home, b, account);
	p->fetch.url = buf_cstr(&p->catalog.url);
	p->fetch.field = p->catalog.field;
	p->fetch.more = b->fields;
	p->fetch.n_more = b->n_fields;
	p->fetch.proxy = b->proxy;
	p->fetch.ca_file = b->ca_file;
	p->fetch.timeout_ms = ASK_MS;
	buf_init(&p->fetch.body, LIST_MAX);
}

/* --- what came of it ----------------------------------------------------- */

/* What to do when no answer came, by the kind of failure. */
static const char *fix_of(const struct backend *b, const struct err *e)
{
	if (b->claude)
		return "look at this machine's network and DNS, and at "
		       "DARIO_ANTHROPIC_BASE_URL if it is set";
	if (strstr(e->msg, HTTP_NO_TLS))
		return "write http:// in its baseUrl, or the port that does";
	if (strstr(e->msg, "caFile"))
		return "name a file of certificates in PEM as caFile in its "
		       "file, or, for one that others vouch for, install the "
		       "package ca-certificates";
	switch ((int)e->code) {
	case ERR_CONFIG:
		return "mend keyCommand or keyEnv in its file, or give a key "
		       "with dario backend add --key-file=FILE";
	case ERR_DNS:
		return "correct the name in its baseUrl, or this machine's "
		       "/etc/resolv.conf";
	case ERR_CONNECT:
		return "start it, or correct host and port in its baseUrl";
	case ERR_TLS:
		return "use the name that its certificate has in baseUrl, "
		       "name a certificate of your own as caFile in its file, "
		       "install the package ca-certificates, and look at the "
		       "clock";
	case ERR_TIMEOUT:
		return "look whether a firewall or the network is in the way "
		       "of its baseUrl";
	}
	return "correct its baseUrl: is an HTTP API there?";
}

/* "234 ms (name 12, TCP 40, TLS 98)" */
static void show_times(const struct http_times *t, char *out, size_t n)
{
	int at = snprintf(out, n, "%ld ms (name %ld, TCP %ld", t->first_byte,
			  t->name, t->tcp);

	if (t->tls)
		at += snprintf(out + at, n - (size_t)at, ", TLS %ld", t->tls);
	snprintf(out + at, n - (size_t)at, ")");
}

/* Where a key is changed. */
static void key_command(const struct backend *b, char *out, size_t n)
{
	if (b->claude)
		snprintf(out, n, "dario refresh, or dario login");
	else
		snprintf(out, n, "dario backend add %s --key-file=FILE",
			 b->name);
}

static bool is_plain(const struct backend *b)
{
	bool tls = true, loopback, has_path;
	struct err unused;

	return http_check_url(b->base_url, &tls, &loopback, &has_path,
			      &unused) == 0 &&
	       !tls && !loopback;
}

/* An answer with status 200. */
static void judge_list(struct doctor *d, const struct probe *p,
		       const char *name, const char *times)
{
	const struct backend *b = p->backend;
	int models = backend_answer_models(&p->fetch);

	if (models < 0)
		doctor_say(d, DOCTOR_WARN, name,
			   "correct its baseUrl: is it an API's address?",
			   "%s answers in %s, but with no list of models",
			   b->base_url, times);
	else if (is_plain(b))
		doctor_say(d, DOCTOR_WARN, name,
			   "use https in its baseUrl, or a tunnel",
			   "%s answers in %s, and %s goes there unencrypted",
			   b->base_url, times,
			   backend_has_key(b) ? "the key" : "everything");
	else
		doctor_say(d, DOCTOR_OK, name, NULL,
			   "%s answers in %s, models: %d", b->base_url, times,
			   models);
}

static void judge_answer(struct doctor *d, const struct probe *p,
			 const char *name)
{
	const struct backend *b = p->backend;
	char times[100], fix[FIX_MAX], said[BACKEND_WORDS_MAX];
	int status = p->fetch.status;
	bool refused = status == 401 || status == 403;

	backend_answer_words(&p->fetch, said, sizeof(said));
	show_times(&p->fetch.times, times, sizeof(times));
	key_command(b, fix, sizeof(fix));
	if (refused && p->with_key)
		doctor_say(d, DOCTOR_FAIL, name, fix,
			   "%s refuses the key (HTTP %d)%s", b->base_url,
			   status, said);
	else if (refused && b->claude)
		doctor_say(d, DOCTOR_OK, name, NULL,
			   "%s answers in %s; no account is fresh enough to "
			   "ask with",
			   b->base_url, times);
	else if (refused)
		doctor_say(d, DOCTOR_FAIL, name, fix,
			   "%s wants a key (HTTP %d)%s", b->base_url, status,
			   said);
	else if (status == 200)
		judge_list(d, p, name, times);
	else if (status == 404 || status == 405)
		doctor_say(d, DOCTOR_WARN, name,
			   "correct its baseUrl, unless it has no list of "
			   "models",
			   "%s answers in %s, but HTTP %d for the list of "
			   "models",
			   b->base_url, times, status);
	else
		doctor_say(d, status / 100 == 3 ? DOCTOR_FAIL : DOCTOR_WARN,
			   name,
			   status / 100 == 3
				   ? "put the address it redirects to into "
				     "its baseUrl"
				   : "ask its provider, or try again later",
			   "%s answers HTTP %d%s", b->base_url, status, said);
}

static void judge(struct doctor *d, const struct probe *p)
{
	char name[DOCTOR_NAME_MAX];

	snprintf(name, sizeof(name), "backend %s", p->backend->name);
	if (p->wants_tls) {
		doctor_say(d, DOCTOR_FAIL, name,
			   "write https:// in its baseUrl",
			   "%s: the port speaks TLS", p->backend->base_url);
		return;
	}
	if (p->rc) {
		doctor_say(d, DOCTOR_FAIL, name, fix_of(p->backend, &p->err),
			   "%s: %s (%s)", p->backend->base_url, p->err.msg,
			   err_name(p->err.code));
		return;
	}
	judge_answer(d, p, name);
	doctor_note_clock(d, name, p->fetch.date, p->fetch.came);
}

/* --- all of them --------------------------------------------------------- */

/* An account that Claude's API can be asked with as it is, or NULL. */
static const struct account *fresh_account(struct doctor *d)
{
	const struct accounts *all = &d->config->accounts;
	const struct account *found = NULL;
	struct pool p;

	pool_look(&p, d->home, all, NULL);
	for (size_t i = 0; i < p.n && !found; i++)
		if (p.seats[i].cause != CAUSE_AUTH &&
		    !p.seats[i].account->problem &&
		    account_fresh(p.seats[i].account, 0))
			found = p.seats[i].account;
	pool_release(&p);
	return found;
}

static size_t begin_all(struct doctor *d, struct probe *probes)
{
	const struct snapshot *c = d->config;
	size_t n = 0;

	/* The demo is a part of the router: see doctor-path.c. */
	for (size_t i = 0; i < c->n_backends; i++)
		if (!c->backends[i].demo)
			begin(d, &probes[n++], &c->backends[i], NULL);
	if (c->accounts.n && c->claude.base_url)
		begin(d, &probes[n++], &c->claude, fresh_account(d));
	return n;
}

static void release_all(struct round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		buf_release(&r->probes[i].fetch.body);
		catalog_release(&r->probes[i].catalog);
	}
	free(r->probes);
}

void doctor_backends(struct doctor *d)
{
	struct round r = { 0 };
	struct err e;

	doctor_load(d);
	r.probes = xcalloc(d->config->n_backends + 1, sizeof(*r.probes));
	r.n = begin_all(d, r.probes);
	if (task_call(http_loop(d->http), ask_all, &r, &e))
		r.n = 0;
	for (size_t i = 0; i < r.n; i++)
		judge(d, &r.probes[i]);
	if (!r.n && d->config->n_backends)
		doctor_say(d, DOCTOR_SKIP, "backends", NULL,
			   "only the built-in demo");
	else if (!r.n)
		doctor_say(d, d->url ? DOCTOR_WARN : DOCTOR_FAIL, "backends",
			   "dario backend add, or dario login",
			   "there is no backend and no Claude account in %s",
			   d->home);
	release_all(&r);
}
