/* SPDX-License-Identifier: MIT */
/*
 * What the earlier dario (npm: @askalf/dario) has in ~/.dario. When that is our
 * home as well, its log-in, accounts and backends are in force as they are, and
 * what has no place here is named. Of another home its keys are taken over; a
 * log-in is not, since its refresh token is good for one use.
 */
#include "config.h"

#include "cli/setup.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER ".dario"

typedef void file_fn(struct setup *s, const char *name,
		     struct json_object *file, const char *source);

static bool same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int is_json(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && d->d_name[0] != '.' &&
	       strcmp(d->d_name + n - 5, ".json") == 0;
}

/* Each file NAME.json of a folder, by name. */
static size_t each(struct setup *s, const char *folder, file_fn *fn)
{
	const char *path = setup_home_path(s, folder);
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_json, NULL);
	const char *names[SETUP_MAX];
	size_t k = 0;

	for (int i = 0; i < n; i++) {
		if (k < SETUP_MAX)
			names[k++] = arena_str(&s->arena,
					       span_of(list[i]->d_name));
		free(list[i]);
	}
	free(list);
	qsort(names, k, sizeof(names[0]), by_name);
	for (size_t i = 0; fn && i < k; i++) {
		const char *file = arena_fmt(&s->arena, "%s/%s", path,
					     names[i]);
		struct span name = { names[i], strlen(names[i]) - 5 };
		const char *source = setup_shown_path(s, file);
		struct err e = { 0 };
		struct json_object *o = json_file(file, &e);

		if (o)
			fn(s, arena_str(&s->arena, name), o, source);
		else
			setup_other(s, SETUP_LEFT, arena_str(&s->arena, name),
				    source, e.msg);
		json_object_put(o);
	}
	return k;
}

static void take_backend(struct setup *s, const char *name,
			 struct json_object *file, const char *source)
{
	struct setup_offer o = {
		.source = source,
		.name = name,
		.url = json_cstr(file, "baseUrl"),
		.key = json_cstr(file, "apiKey"),
		.protocol = json_cstr(file, "protocol"),
	};

	setup_offer(s, &o);
}

static void take_account(struct setup *s, const char *name,
			 struct json_object *file, const char *source)
{
	struct setup_offer o = { .source = source,
				 .provider = "anthropic",
				 .key = json_cstr(file, "apiKey") };

	if (o.key)
		setup_offer(s, &o);
	else
		setup_other(s, SETUP_LEFT,
			    arena_fmt(&s->arena, "account %s", name), source,
			    arena_fmt(&s->arena,
				      "a log-in is not copied, its refresh "
				      "token is good for one use: dario "
				      "accounts add %s",
				      name));
}

/* Its names may have full stops, which no name here has: such a file is not
 * read. */
static void name_odd(struct setup *s, const char *name,
		     struct json_object *file, const char *source)
{
	char good[ACCOUNT_ALIAS_MAX + 1];
	size_t n = 0;

	(void)file;
	if (store_good_name(span_of(name)))
		return;
	for (; name[n] && n < ACCOUNT_ALIAS_MAX; n++)
		good[n] = store_good_name((struct span){ name + n, 1 })
				? name[n]
				: '-';
	good[n] = '\0';
	setup_other(s, SETUP_LEFT, name, source,
		    arena_fmt(&s->arena,
			      "no name here has such characters: rename the "
			      "file to %s.json",
			      good));
}

/* What has no place here. */
static void name_rest(struct setup *s)
{
	const char *seats = FOLDER "/codex-accounts";
	const char *keys = setup_home_path(s, FOLDER "/keys.json");
	struct stat st;

	if (each(s, seats, NULL))
		setup_other(s, SETUP_LEFT, "ChatGPT log-ins",
			    setup_shown_path(s, setup_home_path(s, seats)),
			    "they have no place here: dario backend add openai "
			    "takes an API key");
	if (stat(keys, &st) == 0)
		setup_other(s, SETUP_LEFT, "keys of people",
			    setup_shown_path(s, keys),
			    "each gets a new one: dario key add NAME");
}

void setup_find_dario(struct setup *s)
{
	const char *theirs = setup_home_path(s, FOLDER);
	struct stat st;

	if (stat(theirs, &st))
		return;
	name_rest(s);
	if (same_folder(theirs, s->home)) {
		each(s, FOLDER "/accounts", name_odd);
		each(s, FOLDER "/backends", name_odd);
		return;
	}
	each(s, FOLDER "/backends", take_backend);
	each(s, FOLDER "/accounts", take_account);
	if (stat(setup_home_path(s, FOLDER "/credentials.json"), &st) == 0)
		setup_other(s, SETUP_LEFT, "log-in",
			    setup_shown_path(
				    s, setup_home_path(s, FOLDER
						       "/credentials.json")),
			    "it is not copied, its refresh token is good for "
			    "one use: dario login");
}
