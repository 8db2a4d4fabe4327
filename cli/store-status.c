/* SPDX-License-Identifier: MIT */
/* dario store status. */
#include "config.h"

#include "base/jw.h"
#include "cli/say.h"
#include "cli/store.h"
#include "state/config/credential.h"
#include "state/config/snapshot.h"
#include "state/shared/config-share.h"
#include "state/shared/keyring.h"
#include "state/shared/redis-url.h"
#include "state/shared/shared-choose.h"
#include "state/shared/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THINGS_MAX 512

/* A row of what the server says of itself. */
static const char *const rows[][2] = {
	{ "version", "redis_version" },
	{ "role", "role" },
	{ "memory", "used_memory_human" },
	{ "appendOnly", "aof_enabled" },
	{ "lastSnapshot", "rdb_last_save_time" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct thing {
	char name[VAULT_NAME_MAX + 1];
	int64_t version;
	const char *here;
};

struct seen {
	struct buf where, info;
	bool remote, up;
	char *key_file;
	const char *key; /* "": none */
	struct keyring keys;
	struct thing *things;
	size_t n;
	struct err refused; /* why the configuration is not taken; or none */
	const char *home;
};

/* The value of a line "name:value" of INFO. */
static struct span value_of(struct span info, const char *name)
{
	size_t n = strlen(name);

	while (info.n) {
		struct span line = span_trim(span_cut(&info, '\n'));

		if (span_starts(line, name) && line.n > n && line.p[n] == ':')
			return span_skip(line, n + 1);
	}
	return SPAN("");
}

/* --- what is there ------------------------------------------------------- */

static const char *compare(int64_t here, int64_t there, bool ahead)
{
	return !here         ? "not here"
	     : ahead         ? "newer here"
	     : here == there ? "the same here"
	     : here < there  ? "older here"
			     : "newer here";
}

static void take_thing(void *arg, const char *name, int64_t version)
{
	struct seen *s = arg;
	struct thing *t = &s->things[s->n];
	bool ahead = false;
	int64_t here;

	if (s->n == THINGS_MAX)
		return;
	if (strcmp(name, CONFIG_THING) == 0)
		here = config_version(s->home);
	else if (strchr(name, '.') && !strstr(name, ".."))
		here = credential_version(s->home, name, &ahead);
	else
		return; /* none of ours */
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->version = version;
	t->here = compare(here, version, ahead);
	s->n++;
}

static int by_name(const void *a, const void *b)
{
	const struct thing *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int look(struct seen *s, const struct settings *set, struct err *e)
{
	struct err unused;
	int rc = 0;

	redis_url_show(*set->store ? set->store : "files", &s->where);
	s->remote = *set->store;
	s->key_file = vault_key_path(s->home, set);
	if (keyring_load(&s->keys, s->key_file, &unused) == 0)
		s->key = s->keys.list[s->keys.n - 1].id;
	if (!s->remote) {
		s->up = true;
		return 0;
	}
	rc = shared_ask(e);
	if (rc == 0)
		rc = shared_info("all", &s->info, e);
	if (rc == 0)
		rc = vault_list(take_thing, s, e);
	s->up = rc == 0;
	if (s->up && vault_exists())
		config_check(s->home, &s->refused);
	qsort(s->things, s->n, sizeof(*s->things), by_name);
	return rc;
}

/* --- for programs -------------------------------------------------------- */

static void print_json(const struct seen *s)
{
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, 1u << 20);
	jw_obj(&w);
	jw_kstr(&w, "store", buf_get(&s->where));
	jw_kcstr(&w, "status", s->up ? "ok" : "away");
	for (size_t i = 0; s->remote && s->up && i < ROWS; i++) {
		jw_key(&w, rows[i][0]);
		jw_str(&w, value_of(buf_get(&s->info), rows[i][1]));
	}
	jw_kcstr(&w, "key", *s->key ? s->key : NULL);
	jw_key(&w, "sealed");
	jw_arr(&w);
	for (size_t i = 0; i < s->n; i++) {
		jw_obj(&w);
		jw_kcstr(&w, "name", s->things[i].name);
		jw_kint(&w, "version", s->things[i].version);
		jw_kcstr(&w, "here", s->things[i].here);
		jw_obj_end(&w);
	}
	jw_arr_end(&w);
	if (s->refused.code)
		jw_kcstr(&w, "refused", s->refused.msg);
	jw_obj_end(&w);
	say_json(buf_get(&out));
	buf_release(&out);
}

/* --- for people ---------------------------------------------------------- */

static void row(const char *name, const char *value)
{
	say(stdout, "%-14s %s\n", name, value);
}

static void span_row(const char *name, struct span value)
{
	if (value.n)
		say(stdout, "%-14s %.*s\n", name, SPAN_FMT(value));
}

/* Versions are moments. */
static void print_thing(const struct thing *t)
{
	time_t at = (time_t)(t->version / 1000);
	char when[40] = "?";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	say(stdout, "%-30s %-24s %s\n", t->name, when, t->here);
}

static void print_table(struct seen *s)
{
	struct span info = buf_get(&s->info);

	row("store", buf_cstr(&s->where));
	row("status", s->up ? "ok" : "away");
	if (s->remote && s->up) {
		struct span aof = value_of(info, "aof_enabled");

		span_row("version", value_of(info, "redis_version"));
		span_row("role", value_of(info, "role"));
		span_row("memory", value_of(info, "used_memory_human"));
		row("append-only", span_is(aof, "1") ? "yes" : "no");
	}
	if (*s->key)
		say(stdout, "%-14s %s, of %zu in %s\n", "seals with", s->key,
		    s->keys.n, s->key_file);
	else if (s->remote)
		row("seals with", "nothing: see dario help store");
	if (s->n)
		say(stdout, "\n%-30s %-24s %s\n", "SEALED THERE", "SINCE", "");
	for (size_t i = 0; i < s->n; i++)
		print_thing(&s->things[i]);
	if (s->refused.code)
		say(stdout, "\nnot taken: %s\n", s->refused.msg);
}

int store_status(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct seen s = { .home = c->home, .key = "" };
	int rc;

	if (!cfg)
		return -1;
	buf_init(&s.where, 1024);
	buf_init(&s.info, 1u << 18);
	s.things = xcalloc(THINGS_MAX, sizeof(*s.things));
	rc = look(&s, &cfg->settings, e);
	if (cmd_value(c, "json"))
		print_json(&s);
	else
		print_table(&s);
	buf_release(&s.where);
	buf_release(&s.info);
	keyring_forget(&s.keys);
	free(s.key_file);
	free(s.things);
	snapshot_free(cfg);
	return rc;
}
