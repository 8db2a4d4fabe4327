/* SPDX-License-Identifier: MIT */
/* state: the text of one file below the home, as the first byte says which,
 * and everything that reads it. A snapshot is whole or an error. */
#include "config.h"

#include "state/pool/breaker.h"
#include "state/usage/history.h"
#include "state/pool/limits.h"
#include "state/config/login-state.h"
#include "state/config/oauth-config.h"
#include "state/pool/standing.h"
#include "state/show/report.h"
#include "state/config/snapshot.h"
#include "state/pool/sticky.h"

#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE "fuzzed-login-0123456789"
#define KEY "ab000000000000000000000000000000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char home[4096];
static struct snapshot *good; /* of an empty home */

static void read_snapshot(void)
{
	struct err e;
	struct snapshot *c = snapshot_load(home, &e);

	for (size_t i = 0; c && i < c->n_backends; i++) {
		struct buf out;

		buf_init(&out, 1 << 20);
		backend_url(&c->backends[i], c->backends[i].protocol,
			    "/chat/completions", &out);
		/* No command is run here. */
		if (c->backends[i].api_key)
			backend_key_credential(&c->backends[i],
					       c->backends[i].api_key,
					       c->backends[i].protocol, &out);
		buf_release(&out);
	}
	for (size_t i = 0; c && i < c->accounts.n; i++) {
		const struct account *a = &c->accounts.list[i];
		char sign[17];
		struct buf out;

		buf_init(&out, 1 << 20);
		/* As the pool asks. */
		if (!a->problem && account_fresh(a, 0))
			account_credential(a, &out);
		account_sign(a, sign, sizeof(sign));
		buf_release(&out);
	}
	snapshot_free(c);
}

static void read_account(void)
{
	struct tokens *t = calloc(1, sizeof(*t));
	struct err e;

	strcpy(t->access, "a");
	json_object_put(account_with_tokens(home, "accounts/a.json", t, &e));
	free(t);
	read_snapshot();
}

static bool touch(struct limits *l, void *arg)
{
	(void)arg;
	l->refresh_after++;
	return true;
}

static void read_limits(void)
{
	struct limits l, stored;
	struct err e;

	limits_read(home, "a", &l);
	for (int f = 0; f < 2; f++) {
		struct asked asked;
		double room;

		asked_claude(&asked, f ? "claude-opus-5" : "x");
		room = limits_headroom(&l, &asked, 1);
		if (!(room >= 0 && room <= 1))
			abort();
	}
	if (limits_update(home, "a", touch, NULL, &e) == 0) {
		limits_read(home, "a", &stored);
		if (stored.cause != l.cause ||
		    strcmp(stored.status, l.status) != 0)
			abort();
	}
}

static void read_breaker(void)
{
	breaker_until(home, "a");
	breaker_allows(home, "a", &good->settings);
	breaker_note(home, "a", &good->settings, false);
	breaker_note(home, "a", &good->settings, true);
	if (breaker_until(home, "a"))
		abort();
}

static void read_history(void)
{
	struct report r;
	struct err e;
	struct buf out;
	struct jw w;

	report_make(&r, home, good);
	buf_init(&out, 1 << 22);
	w = jw_to(&out);
	report_put(&w, &r, home);
	if (!out.full) {
		struct json_object *o = json_read(buf_get(&out), &e);

		if (!o)
			abort();
		json_object_put(o);
	}
	buf_release(&out);
	report_release(&r);
}

static void read_sticky(void)
{
	struct binding b = { .key = KEY };

	sticky_get(home, &b);
	if (!memchr(b.alias, '\0', sizeof(b.alias)))
		abort();
	sticky_set(home, &b, "a");
	sticky_count(home);
}

static void read_oauth(void)
{
	struct oauth_config *g = calloc(1, sizeof(*g));
	struct err e;

	if (oauth_config_load(g, home, "/nonexistent", &e) == 0)
		for (int i = 0; i < OAUTH_VALUES; i++)
			if (!memchr(g->value[i], '\0', sizeof(g->value[i])))
				abort();
	free(g);
}

static void read_login(void)
{
	struct buf code, error;
	struct err e;

	buf_init(&code, 1 << 20);
	buf_init(&error, 1 << 20);
	login_state_look(home, STATE, &code, &error, &e);
	login_state_answer(home, STATE, "code", "", &e);
	buf_release(&code);
	buf_release(&error);
}

static const struct {
	const char *name;
	void (*read)(void);
} files[] = {
	{ "config.json", read_snapshot },
	{ "routes.json", read_snapshot },
	{ "backends/a.json", read_snapshot },
	{ "accounts/a.json", read_account },
	{ "credentials.json", read_snapshot },
	{ "template.json", read_snapshot },
	{ "tools.json", read_snapshot },
	{ "state/limits-a.json", read_limits },
	{ "state/breaker-a.json", read_breaker },
	{ "state/history.jsonl", read_history },
	{ "state/totals.json", read_history },
	{ "state/sticky/ab.json", read_sticky },
	{ "oauth-config.override.json", read_oauth },
	{ "cc-oauth-cache-v3.json", read_oauth },
	{ "", read_login }, /* its name is made of a hash */
};
#define FILES (sizeof(files) / sizeof(files[0]))

/* The file that a log-in in progress has. */
static void login_file(char *out, size_t n)
{
	char pattern[sizeof(home) + 32];
	struct err e;
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/state/login-*.json", home);
	if (login_state_begin(home, STATE, &e) || glob(pattern, 0, NULL, &g))
		abort();
	snprintf(out, n, "%s", g.gl_pathv[0]);
	globfree(&g);
}

static char login[sizeof(home) + 128];

static int drop(const char *path, const struct stat *st, int kind,
		struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void forget(void)
{
	snapshot_free(good);
	if (nftw(home, drop, 8, FTW_DEPTH | FTW_PHYS))
		perror(home);
}

static void prepare(void)
{
	static const char *const folders[] = { "", "/backends", "/accounts",
					       "/state", "/state/sticky" };
	const char *tmp = getenv("TMPDIR");
	struct err e;

	snprintf(home, sizeof(home), "%s/dario-fuzz.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(home))
		abort();
	setenv("HOME", home, 1); /* where Claude Code's files would be */
	for (size_t i = 1; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[sizeof(home) + 32];

		snprintf(path, sizeof(path), "%s%s", home, folders[i]);
		mkdir(path, 0700);
	}
	good = snapshot_load(home, &e);
	if (!good)
		abort();
	login_file(login, sizeof(login));
	atexit(forget);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[sizeof(home) + 64];
	size_t which;
	FILE *f;

	if (!*home)
		prepare();
	if (n == 0)
		return 0;
	which = (size_t)(data[0] - 'a') % FILES;
	snprintf(path, sizeof(path), "%s/%s", home, files[which].name);
	if (!*files[which].name)
		snprintf(path, sizeof(path), "%.*s", (int)sizeof(path) - 1,
			 login);
	unlink(path);
	umask(077);
	f = fopen(path, "w");
	if (!f)
		abort();
	fwrite(data + 1, 1, n - 1, f);
	fclose(f);
	files[which].read();
	unlink(path);
	return 0;
}
