/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/doctor-router.h"

#include "base/digest.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 8000
#define OPEN_FOLDERS 8

/* A setting, here and in the worker. */
static int set(struct settings *s, const char *key, const char *value,
	       struct err *e)
{
	const struct option_row *o = option_find(key);

	setenv(o->env, value, 1);
	return settings_set(s, o, value, SOURCE_FLAG, key, e);
}

/* Nothing of what the user has set: it is checked elsewhere. */
static int make_settings(struct doctor_router *r, struct err *e)
{
	char port[16];
	struct settings *s = &r->settings;

	for (const struct option_row *o = options; o->key; o++)
		unsetenv(o->env);
	setenv("DARIO_HOME", r->home, 1);
	digest_random_id(r->key, sizeof(r->key), "doctor-");
	snprintf(port, sizeof(port), "%ld", server_free_port());
	settings_init(s);
	if (set(s, "port", port, e) || set(s, "host", "127.0.0.1", e) ||
	    set(s, "workers", "1", e) || set(s, "threads", "16", e) ||
	    set(s, "demo", "true", e) || set(s, "apiKey", r->key, e))
		return -1;
	snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%s", port);
	return 0;
}

static int make_home(struct doctor_router *r, struct err *e)
{
	const char *dir = getenv("TMPDIR");

	/* A socket's path is short, so a long TMPDIR is of no use. */
	if (!dir || *dir != '/' || strlen(dir) > 40)
		dir = "/tmp";
	snprintf(r->home, sizeof(r->home), "%s/dario-XXXXXX", dir);
	if (mkdtemp(r->home))
		return 0;
	err_sys(e, "make a folder in", dir);
	r->home[0] = '\0';
	return -1;
}

int doctor_router_start(struct doctor_router *r, struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (make_home(r, e) || make_settings(r, e) ||
	    server_start(&r->server, e))
		return -1;
	return server_wait(&r->server, START_MS, e);
}

static int remove_one(const char *path, const struct stat *st, int flag,
		      struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	remove(path);
	return 0;
}

void doctor_router_stop(struct doctor_router *r)
{
	server_stop(&r->server);
	if (*r->home)
		nftw(r->home, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	settings_release(&r->settings);
	memset(r, 0, sizeof(*r));
}
