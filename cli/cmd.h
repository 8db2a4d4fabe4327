/* SPDX-License-Identifier: MIT */
/*
 * cmd: the commands of dario, as tables.
 *
 * One file per command (cmd-*.c) exports a struct cmd_group. The tables make
 * the parser, the help and the manual page. `run` returns 0 or -1 with an
 * error; ERR_USAGE ends with status 2, any other with 1. Data goes to standard
 * output, messages to standard error.
 */
#ifndef DARIO_CMD_H
#define DARIO_CMD_H

#include "base/buf.h"
#include "base/err.h"

#define CMD_FLAGS_MAX 64
#define CMD_PROGRAM (-1) /* as max: the first argument ends our flags */

struct cmd_flag {
	const char *name;    /* without dashes */
	const char *metavar; /* NULL: takes no value */
	const char *help;
};

struct cmd;
struct cmd_entry {
	const char *name; /* "add" of "backend add"; "" when there is none */
	const char *args; /* for the synopsis */
	const char *help;
	int min, max;                 /* arguments */
	const struct cmd_flag *flags; /* ends with name == NULL; or NULL */
	bool settings; /* takes the flags of the options table too */
	int (*run)(struct cmd *c, struct err *e);
};

struct cmd_group {
	const char *name, *help;
	const struct cmd_entry *entries; /* ends with name == NULL */
	const char *const *examples;     /* ends with NULL */
};

/* A group's place in the help: `title` begins a section there. */
struct cmd_place {
	const char *title; /* NULL: it stands in the section before */
	const struct cmd_group *group;
};

/* One call: arguments and flags as given. */
struct cmd {
	const struct cmd_group *group;
	const struct cmd_entry *entry;
	const char *home; /* DARIO_HOME */
	char **args;
	int n;
	const char *values[CMD_FLAGS_MAX];   /* by row of entry->flags */
	const char *settings[CMD_FLAGS_MAX]; /* by row of `options` */
	int status; /* out: what dario ends with when all went well */
};

/* Value of a flag of the entry's table; "" for one without; NULL not given. */
const char *cmd_value(const struct cmd *c, const char *flag);
/* Is the value a list with commas, of patterns, none of them empty? So is a
 * flag that was not given. */
int cmd_check_list(const struct cmd *c, const char *flag, struct err *e);

extern const struct cmd_group cmd_accounts, cmd_backend, cmd_completion,
	cmd_config, cmd_doctor, cmd_explain, cmd_key, cmd_login, cmd_logout,
	cmd_proxy, cmd_refresh, cmd_route, cmd_run, cmd_service, cmd_setup,
	cmd_status, cmd_store, cmd_top, cmd_usage;
extern const struct cmd_flag cmd_json_flags[]; /* --json alone */
extern const struct cmd_place cmd_places[];    /* ends with group == NULL */

/* Fill *c from the command line (argv[0] is the group's name). */
int cmd_parse(struct cmd *c, int argc, char **argv, struct err *e);

/* The help of all commands, or of one. */
void help_print_all(void);
void help_print(const struct cmd_group *g);
/* "--key-file=FILE, -k" of a flag, for help, into out. */
void help_flag(char *out, size_t n, const char *name, const char *alias,
	       const char *metavar);
/* "backend add NAME", into out. */
void help_synopsis(const struct cmd_group *g, const struct cmd_entry *entry,
		   char *out, size_t n);
void help_man(void);       /* manual page dario(1), as roff */
void help_reference(void); /* doc/configuration.md */

#endif
