/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/cmd.h"
#include "cli/term.h"
#include "state/config/option.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 28 /* where explanations begin */
#define COMMAND 14
#define LEAST 24 /* columns of an explanation */

void help_synopsis(const struct cmd_group *g, const struct cmd_entry *entry,
		   char *out, size_t n)
{
	snprintf(out, n, "%s%s%s%s%s", g->name, *entry->name ? " " : "",
		 entry->name, *entry->args ? " " : "", entry->args);
}

void help_flag(char *out, size_t n, const char *name, const char *alias,
	       const char *metavar)
{
	snprintf(out, n, "--%s%s%s%s%s", name, metavar ? "=" : "",
		 metavar ? metavar : "",
		 alias ? (alias[1] ? ", --" : ", -") : "", alias ? alias : "");
}

/* Two columns; a left one that is too wide has its line to itself. */
static void row(const char *left, const char *right, int column)
{
	int used;

	if (term_width() < column + LEAST)
		column = 6;
	used = printf("  %-*s ", column - 3, left);

	if (used > column)
		used = printf("\n%*s", column, "") - 1;
	term_wrap(right, used, column);
}

static void title(const char *text)
{
	printf("\n%s", term_bold());
	term_wrap(text, 0, 0);
	fputs(term_plain(), stdout);
}

static void print_flags(const struct cmd_entry *n)
{
	char left[80];

	for (int i = 0; n->flags && n->flags[i].name; i++) {
		help_flag(left, sizeof(left), n->flags[i].name, NULL,
			  n->flags[i].metavar);
		row(left, n->flags[i].help, COLUMN);
	}
	for (const struct option_row *o = options; n->settings && o->key; o++) {
		if (!o->flag)
			continue;
		help_flag(left, sizeof(left), o->flag, o->alias, o->metavar);
		row(left, o->help, COLUMN);
	}
}

static void print_settings(void)
{
	title("Settings (environment variable, key in config.json, default; "
	      "a flag beats them)");
	for (const struct option_row *o = options; o->key; o++) {
		char right[400];

		snprintf(right, sizeof(right), "%s (%s%s%s)", o->help, o->key,
			 *o->preset ? ", " : "", o->preset);
		row(o->env, right, COLUMN);
	}
}

void help_print(const struct cmd_group *g)
{
	char line[160];

	for (const struct cmd_entry *n = g->entries; n->name; n++) {
		help_synopsis(g, n, line, sizeof(line));
		printf("%sdario ", term_bold());
		term_wrap(line, 6, 8);
		printf("%s    ", term_plain());
		term_wrap(n->help, 4, 4);
		print_flags(n);
		if (n->settings)
			print_settings();
		if (n[1].name)
			putchar('\n');
	}
	title("Examples");
	for (int i = 0; g->examples[i]; i++)
		printf("  %s\n", g->examples[i]);
}

/* What a group is for, and its words. */
static void print_summary(const struct cmd_group *g)
{
	const struct cmd_entry *n = g->entries;
	char right[400];
	int used;

	if (!*n->name) {
		row(g->name, n->help, COMMAND);
		return;
	}
	used = snprintf(right, sizeof(right), "%s: ", g->help);
	for (; n->name && used < (int)sizeof(right); n++)
		used += snprintf(right + used, sizeof(right) - (size_t)used,
				 "%s%s", n->name, n[1].name ? ", " : "");
	row(g->name, right, COMMAND);
}

void help_print_all(void)
{
	term_wrap("dario: one local address for every language model API", 0,
		  0);
	printf("\nusage: dario COMMAND [ARGUMENTS] [FLAGS]\n");
	for (const struct cmd_place *p = cmd_places; p->group; p++) {
		if (p->title)
			title(p->title);
		print_summary(p->group);
	}
	title("About");
	row("help", "this; dario help COMMAND: its words, flags and examples",
	    COMMAND);
	row("version", "the version", COMMAND);
}
