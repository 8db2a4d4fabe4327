/* SPDX-License-Identifier: MIT */
/* service: the router as a service of one user, by systemd. */
#include "config.h"

#include "base/jw.h"
#include "base/run.h"
#include "cli/cmd.h"
#include "cli/print-config.h"
#include "cli/say.h"
#include "state/config/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIT "dario.service"
#define FOLDERS 2        /* systemd/user: what is above is not systemd's */
#define CONTROL_MS 60000 /* a start waits until the router is up */
#define SHORT_MS 5000
#define UNIT_MAX (16u << 10)

/* --- the unit's file ----------------------------------------------------- */

/* ~/.config/systemd/user, and the folders on the way to it. */
static int folder_path(char *out, size_t n, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	bool given = config && *config == '/';

	if (!given && !(home && *home == '/'))
		return err_set(e, ERR_CONFIG, "HOME is not set");
	if (snprintf(out, n, "%s%s/systemd/user", given ? config : home,
		     given ? "" : "/.config") >= (int)n)
		return err_set(e, ERR_CONFIG, "HOME is too long");
	return 0;
}

static int make_folder(char *folder, struct err *e)
{
	for (char *p = folder + 1;; p++) {
		char was = *p;

		if (was && was != '/')
			continue;
		*p = '\0';
		if (mkdir(folder, 0755) && errno != EEXIST)
			return err_sys(e, "make", folder);
		*p = was;
		if (!was)
			return 0;
	}
}

/* Those that hold nothing else, from the last one on. */
static void remove_folders(char *folder)
{
	for (int i = 0; i < FOLDERS && rmdir(folder) == 0; i++)
		*strrchr(folder, '/') = '\0';
}

static int unit_path(char *out, size_t n, bool make, struct err *e)
{
	char folder[PATH_MAX - 32];

	if (folder_path(folder, sizeof(folder), e) ||
	    (make && make_folder(folder, e)))
		return -1;
	snprintf(out, n, "%s/" UNIT, folder);
	return 0;
}

/* Whole or not at all. */
static int put_unit(const char *path, struct span text, struct err *e)
{
	char new[PATH_MAX + 8];
	FILE *f;
	bool well;

	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "we");
	if (!f)
		return err_sys(e, "write", new);
	well = fwrite(text.p, 1, text.n, f) == text.n;
	if (fclose(f) || !well || rename(new, path)) {
		err_sys(e, "write", path);
		unlink(new);
		return -1;
	}
	return 0;
}

static int write_unit(struct cmd *c, const char *path, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct print_plan p = { .name = PRINT_CONFIG_USER, .home = c->home };
	struct buf text;
	int rc = -1;

	buf_init(&text, UNIT_MAX);
	if (cfg)
		p.settings = &cfg->settings;
	if (cfg && print_config_text(&p, &text, e) == 0)
		rc = put_unit(path, buf_get(&text), e);
	buf_release(&text);
	snapshot_free(cfg);
	return rc;
}

/* --- systemd ------------------------------------------------------------- */

static int need_systemd(struct err *e)
{
	if (run_exists("systemctl"))
		return 0;
	return err_set(e, ERR_CONFIG,
		       "there is no systemctl: start \"dario proxy\" by what "
		       "starts services here");
}

static int control(const char *verb, const char *flag, struct err *e)
{
	const char *argv[] = { "systemctl", "--user", verb, UNIT, flag, NULL };
	struct buf said;
	int rc;

	if (strcmp(verb, "daemon-reload") == 0)
		argv[3] = NULL;
	buf_init(&said, 4096);
	rc = run_output(argv, &said, CONTROL_MS);
	buf_release(&said);
	if (rc)
		err_set(e, ERR_CONFIG,
			"systemctl --user %s does not go well: run it to see "
			"why; what the router says is in dario service logs",
			verb);
	return rc;
}

/* What is set here does not reach the service. */
static void warn_of_settings(void)
{
	for (const struct option_row *o = options; o->key; o++)
		if (o->env && getenv(o->env))
			say(stderr,
			    "dario: %s is set here, not for the service: put "
			    "%s into config.json\n",
			    o->env, o->key);
}

static void tell_of_boot(void)
{
	char user[32];
	const char *argv[] = { "loginctl", "show-user", user,
			       "--property=Linger", NULL };
	struct buf said;

	snprintf(user, sizeof(user), "%lu", (unsigned long)geteuid());
	buf_init(&said, 1024);
	if (run_output(argv, &said, SHORT_MS) ||
	    !span_starts(buf_get(&said), "Linger=yes"))
		say(stderr, "dario: it starts when you log in; for a start at "
			    "boot: loginctl enable-linger\n");
	buf_release(&said);
}

static int run_install(struct cmd *c, struct err *e)
{
	char path[PATH_MAX];

	if (need_systemd(e) || unit_path(path, sizeof(path), true, e) ||
	    write_unit(c, path, e) || control("daemon-reload", NULL, e) ||
	    control("enable", NULL, e) || control("restart", NULL, e))
		return -1;
	say(stderr, "dario: the service runs, by %s\n", path);
	warn_of_settings();
	tell_of_boot();
	return 0;
}

static int run_remove(struct cmd *c, struct err *e)
{
	char path[PATH_MAX];

	(void)c;
	if (need_systemd(e) || unit_path(path, sizeof(path), false, e))
		return -1;
	if (access(path, F_OK))
		return err_set(e, ERR_CONFIG, "there is no service: no %s",
			       path);
	if (control("disable", "--now", e))
		return -1;
	if (unlink(path))
		return err_sys(e, "remove", path);
	*strrchr(path, '/') = '\0';
	remove_folders(path);
	if (control("daemon-reload", NULL, e))
		return -1;
	say(stderr, "dario: the service is gone; %s is as it was\n", c->home);
	return 0;
}

/* In our place: what it prints, and its status, are for the user. */
static int become(const char *const argv[], struct err *e)
{
	execvp(argv[0], (char *const *)argv);
	return err_sys(e, "run", argv[0]);
}

/* What systemd says of the unit under that name; empty: nothing. */
static struct span property(struct span said, const char *name)
{
	while (said.n) {
		struct span line = span_cut(&said, '\n');

		if (span_is(span_cut(&line, '='), name))
			return line;
	}
	return said;
}

/* As systemctl status ends: 3 where it does not run, 4 where there is none. */
static int put_status(struct cmd *c, struct span said)
{
	struct span active = property(said, "ActiveState");
	bool there = span_is(property(said, "LoadState"), "loaded");
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, UNIT_MAX);
	jw_obj(&w);
	jw_kbool(&w, "installed", there);
	jw_kbool(&w, "enabled",
		 span_is(property(said, "UnitFileState"), "enabled"));
	jw_kstr(&w, "state", active);
	jw_obj_end(&w);
	say_json(buf_get(&out));
	buf_release(&out);
	c->status = span_is(active, "active") ? 0 : there ? 3 : 4;
	return 0;
}

static int status_json(struct cmd *c, struct err *e)
{
	const char *argv[] = {
		"systemctl", "--user",
		"show",      "--property=LoadState,UnitFileState,ActiveState",
		UNIT,        NULL
	};
	struct buf said;
	int rc;

	buf_init(&said, UNIT_MAX);
	rc = run_output(argv, &said, SHORT_MS);
	if (rc)
		err_set(e, ERR_CONFIG,
			"systemctl --user show does not go well: run it to "
			"see why");
	else
		rc = put_status(c, buf_get(&said));
	buf_release(&said);
	return rc;
}

static int run_status(struct cmd *c, struct err *e)
{
	const char *argv[] = { "systemctl", "--user", "--no-pager",
			       "status",    UNIT,     NULL };

	if (need_systemd(e))
		return -1;
	return cmd_value(c, "json") ? status_json(c, e) : become(argv, e);
}

static int run_logs(struct cmd *c, struct err *e)
{
	const char *argv[] = {
		"journalctl",
		"--user",
		"--unit=" UNIT,
		cmd_value(c, "follow") ? "--follow" : "--lines=200",
		"--no-pager",
		NULL
	};

	return need_systemd(e) ? -1 : become(argv, e);
}

static const struct cmd_flag logs_flags[] = {
	{ "follow", NULL, "go on with what comes, until Ctrl-C" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "install", "", "run the router as a service of yours, from now on", 0,
	  0, NULL, false, run_install },
	{ "status", "[--json]", "show whether it runs", 0, 0, cmd_json_flags,
	  false, run_status },
	{ "logs", "[--follow]", "show the last of what it said", 0, 0,
	  logs_flags, false, run_logs },
	{ "remove", "", "stop it, and run it no more", 0, 0, NULL, false,
	  run_remove },
	{ 0 },
};

static const char *const service_examples[] = {
	"dario service install",
	"dario service logs --follow",
	NULL,
};

const struct cmd_group cmd_service = { "service", "start with the machine",
				       entries, service_examples };
