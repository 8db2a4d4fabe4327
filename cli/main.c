/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/log.h"
#include "base/nearest.h"
#include "base/port.h"
#include "base/store.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "state/shared/shared-choose.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define CMD_GROUPS_MAX 32

const struct cmd_flag cmd_json_flags[] = {
	{ "json", NULL, "as JSON" },
	{ 0 },
};

/* A row is a line. */
/* clang-format off */
const struct cmd_place cmd_places[] = {
	{ "Run", &cmd_setup },
	{ NULL, &cmd_proxy },
	{ NULL, &cmd_run },
	{ NULL, &cmd_service },
	{ NULL, &cmd_doctor },
	{ "Accounts and providers", &cmd_login },
	{ NULL, &cmd_logout },
	{ NULL, &cmd_refresh },
	{ NULL, &cmd_status },
	{ NULL, &cmd_accounts },
	{ NULL, &cmd_backend },
	{ "Routing", &cmd_route },
	{ NULL, &cmd_explain },
	{ "People and money", &cmd_key },
	{ NULL, &cmd_usage },
	{ NULL, &cmd_top },
	{ "Settings", &cmd_config },
	{ NULL, &cmd_store },
	{ NULL, &cmd_completion },
	{ NULL, NULL },
};
/* clang-format on */

/* The group of that name, or NULL with an error that names the nearest. */
static const struct cmd_group *find_group(const char *name, struct err *e)
{
	const char *names[CMD_GROUPS_MAX + 1] = { 0 };
	const char *near;
	int n = 0;

	for (const struct cmd_place *p = cmd_places; p->group; p++) {
		if (strcmp(p->group->name, name) == 0)
			return p->group;
		if (n < CMD_GROUPS_MAX)
			names[n++] = p->group->name;
	}
	near = nearest(name, names);
	if (near)
		err_set(e, ERR_USAGE,
			"unknown command \"%.40s\": do you mean %s? see dario "
			"help",
			name, near);
	else
		err_set(e, ERR_USAGE,
			"unknown command \"%.40s\": see dario help", name);
	return NULL;
}

static bool is_word(const char *arg, const char *word, const char *letter)
{
	return strcmp(arg, letter) == 0 || strcmp(arg, word) == 0 ||
	       (strncmp(arg, "--", 2) == 0 && strcmp(arg + 2, word) == 0);
}

/* Those that look at the settings, or have flags for them, say themselves what
 * is wrong with the store. */
static int choose_store(const struct cmd *c, struct err *e)
{
	bool looks = c->group == &cmd_config || c->group == &cmd_doctor ||
		     c->group == &cmd_completion || c->entry->settings;
	struct err unused;

	return shared_choose_for(c->home, looks ? &unused : e) && !looks ? -1
									 : 0;
}

static int run_command(int argc, char **argv, int *status, struct err *e)
{
	struct cmd c = { .group = find_group(argv[1], e) };
	char *home;
	int rc;

	if (!c.group)
		return -1;
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (*argv[i] == '-' && is_word(argv[i], "help", "-h")) {
			help_print(c.group);
			return 0;
		}
	}
	if (cmd_parse(&c, argc - 1, argv + 1, e))
		return -1;
	home = store_home(e);
	c.home = home;
	rc = home ? choose_store(&c, e) : -1;
	if (rc == 0)
		rc = c.entry->run(&c, e);
	*status = c.status;
	free(home);
	return rc;
}

static int run_help(int argc, char **argv, struct err *e)
{
	const struct cmd_group *g;

	if (argc <= 2 || is_word(argv[2], "help", "-h") ||
	    is_word(argv[2], "version", "-V")) {
		help_print_all();
		return 0;
	}
	if (strcmp(argv[2], "--man") == 0) {
		help_man();
		return 0;
	}
	if (strcmp(argv[2], "--reference") == 0) {
		help_reference();
		return 0;
	}
	g = find_group(argv[2], e);
	if (g)
		help_print(g);
	return g ? 0 : -1;
}

/* An argument in the wrong place may be a key. */
static void complain(const struct err *e)
{
	struct buf text;

	buf_init(&text, 2 * sizeof(e->msg));
	log_redact(span_of(e->msg), &text);
	say_message("%s", buf_cstr(&text));
	buf_release(&text);
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	struct err e = { 0 };
	int rc, status = 0;

	port_called(argv[0]);
	setrlimit(RLIMIT_CORE, &none); /* keys may be in our memory */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_print_all();
		return 2;
	}
	if (is_word(argv[1], "version", "-V")) {
		puts(argc > 2 && strcmp(argv[2], "--json") == 0
			     ? "{\"version\":\"" PACKAGE_VERSION "\"}"
			     : "dario " PACKAGE_VERSION);
		return 0;
	}
	if (is_word(argv[1], "help", "-h"))
		rc = run_help(argc, argv, &e);
	else
		rc = run_command(argc, argv, &status, &e);
	if (rc == 0 && fflush(stdout))
		rc = err_sys(&e, "write", "standard output");
	if (rc == 0)
		return status;
	complain(&e);
	return e.code == ERR_USAGE ? 2 : 1;
}
