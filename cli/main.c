/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/log.h"
#include "base/store.h"
#include "cli/cmd.h"
#include "cli/say.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

const struct cmd_flag cmd_json_flags[] = {
	{ "json", NULL, "as JSON" },
	{ 0 },
};

const struct cmd_group *const cmd_groups[] = {
	&cmd_proxy,    &cmd_login,  &cmd_logout, &cmd_refresh, &cmd_status,
	&cmd_accounts, &cmd_key,    &cmd_usage,  &cmd_backend, &cmd_route,
	&cmd_explain,  &cmd_config, &cmd_doctor, NULL,
};

static const struct cmd_group *find_group(const char *name)
{
	for (int i = 0; cmd_groups[i]; i++)
		if (strcmp(cmd_groups[i]->name, name) == 0)
			return cmd_groups[i];
	return NULL;
}

static int run_command(int argc, char **argv, struct err *e)
{
	struct cmd c = { .group = find_group(argv[1]) };
	char *home;
	int rc;

	if (!c.group)
		return err_set(e, ERR_USAGE,
			       "unknown command \"%.40s\": see "
			       "dario help",
			       argv[1]);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			help_print(c.group->name);
			return 0;
		}
	}
	if (cmd_parse(&c, argc - 1, argv + 1, e))
		return -1;
	home = store_home(e);
	c.home = home;
	rc = home ? c.entry->run(&c, e) : -1;
	free(home);
	return rc;
}

static int run_help(int argc, char **argv, struct err *e)
{
	if (argc > 2 && strcmp(argv[2], "--man") == 0) {
		help_man();
		return 0;
	}
	if (argc > 2 && !find_group(argv[2]))
		return err_set(e, ERR_USAGE,
			       "unknown command \"%.40s\": see "
			       "dario help",
			       argv[2]);
	help_print(argc > 2 ? argv[2] : NULL);
	return 0;
}

/* An argument in the wrong place may be a key. */
static void complain(const struct err *e)
{
	struct buf text;

	buf_init(&text, 2 * sizeof(e->msg));
	log_redact(span_of(e->msg), &text);
	say(stderr, "dario: %s\n", buf_cstr(&text));
	buf_release(&text);
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	struct err e = { 0 };
	int rc;

	setrlimit(RLIMIT_CORE, &none); /* keys may be in our memory */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_print(NULL);
		return 2;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("dario " PACKAGE_VERSION);
		return 0;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		rc = run_help(argc, argv, &e);
	else
		rc = run_command(argc, argv, &e);
	if (rc == 0 && fflush(stdout))
		rc = err_sys(&e, "write", "standard output");
	if (rc == 0)
		return 0;
	complain(&e);
	return e.code == ERR_USAGE ? 2 : 1;
}
