/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/nearest.h"
#include "base/port.h"
#include "cli/cmd.h"
#include "state/config/option.h"
#include "state/config/rule.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define FLAG 0x1000    /* getopt's value: a row of the entry's flags, */
#define SETTING 0x2000 /* or of the options table */
#define LONG_MAX_ROWS (2 * CMD_FLAGS_MAX + 1)

struct parser {
	struct option rows[LONG_MAX_ROWS];
	int n;
	char shorts[3 + CMD_FLAGS_MAX];
};

/* Of a flag only the name is shown: its value may be a secret. */
static int shown(const char *word)
{
	int n = *word == '-' ? (int)strcspn(word, "=") : (int)strlen(word);

	return n < 60 ? n : 60;
}

static int usage(struct err *e, const struct cmd *c, const char *what,
		 const char *word)
{
	return err_set(e, ERR_USAGE, "%s%.*s: see dario help %s", what,
		       shown(word), word, c->group->name);
}

/* A word or flag that nobody knows, and the one of `names` that is meant. */
static int unknown(struct err *e, const struct cmd *c, const char *what,
		   const char *word, const char *const *names)
{
	size_t dashes = strspn(word, "-");
	char name[64];
	const char *near;

	snprintf(name, sizeof(name), "%.*s", shown(word) - (int)dashes,
		 word + dashes);
	near = nearest(name, names);
	if (!near)
		return usage(e, c, what, word);
	return err_set(e, ERR_USAGE,
		       "%s%.*s: do you mean %s%s? see dario help %s", what,
		       shown(word), word, dashes ? "--" : "", near,
		       c->group->name);
}

static int unknown_flag(struct err *e, const struct cmd *c, const char *word,
			const struct option *rows)
{
	const char *names[LONG_MAX_ROWS + 1] = { 0 };

	for (int i = 0; rows[i].name; i++)
		names[i] = rows[i].name;
	return unknown(e, c, "unknown flag ", word, names);
}

static int unknown_word(struct err *e, const struct cmd *c, const char *word)
{
	const char *names[CMD_FLAGS_MAX + 1] = { 0 };
	int k = 0;

	for (const struct cmd_entry *n = c->group->entries;
	     n->name && k < CMD_FLAGS_MAX; n++)
		names[k++] = n->name;
	return unknown(e, c, "unknown word ", word, names);
}

static const struct cmd_entry *find_entry(const struct cmd_group *g,
					  const char *name)
{
	for (const struct cmd_entry *n = g->entries; n->name; n++)
		if (!*n->name || (name && strcmp(n->name, name) == 0))
			return n;
	return NULL;
}

static void add_row(struct parser *p, const char *name, bool value, int id)
{
	p->rows[p->n++] = (struct option){
		.name = name,
		.has_arg = value ? required_argument : no_argument,
		.val = id,
	};
}

static void add_settings(struct parser *p)
{
	for (const struct option_row *o = options; o->key; o++) {
		bool value = o->type != OPTION_BOOL;
		int id = SETTING + (int)(o - options);

		if (!o->flag)
			continue;
		add_row(p, o->flag, value, id);
		if (o->alias && o->alias[1])
			add_row(p, o->alias, value, id);
		else if (o->alias)
			strcat(p->shorts, o->alias);
	}
}

static void build(struct parser *p, const struct cmd_entry *n)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->shorts, n->max == CMD_PROGRAM ? "+:" : ":");
	for (int i = 0; n->flags && n->flags[i].name; i++)
		add_row(p, n->flags[i].name, n->flags[i].metavar, FLAG + i);
	if (n->settings)
		add_settings(p);
}

/* The row of a one-letter alias. */
static int setting_of_letter(int c)
{
	for (const struct option_row *o = options; o->key; o++)
		if (o->alias && o->alias[0] == c && !o->alias[1])
			return (int)(o - options);
	return -1;
}

static int take(struct cmd *c, const struct parser *p, int id, char **argv,
		struct err *e)
{
	const char *value = optarg ? optarg : "";
	int letter;

	if (id == '?' && optopt >= FLAG)
		return usage(e, c, "no value belongs to ", argv[optind - 1]);
	if (id == '?')
		return unknown_flag(e, c, argv[optind - 1], p->rows);
	if (id == ':')
		return usage(e, c, "a value is missing after ",
			     argv[optind - 1]);
	if (id >= SETTING) {
		c->settings[id - SETTING] = optarg ? optarg : "true";
	} else if (id >= FLAG) {
		c->values[id - FLAG] = value;
	} else {
		letter = setting_of_letter(id);
		if (letter >= 0)
			c->settings[letter] = "true";
	}
	return 0;
}

int cmd_parse(struct cmd *c, int argc, char **argv, struct err *e)
{
	const char *verb = argc > 1 ? argv[1] : NULL;
	struct parser p;
	int id;

	c->entry = find_entry(c->group, verb);
	if (!c->entry && !verb)
		return usage(e, c, "say what to do with ", c->group->name);
	if (!c->entry)
		return unknown_word(e, c, verb);
	if (*c->entry->name) {
		argc--;
		argv++;
	}
	build(&p, c->entry);
	port_getopt_restart();
	opterr = 0;
	while ((id = getopt_long(argc, argv, p.shorts, p.rows, NULL)) != -1)
		if (take(c, &p, id, argv, e))
			return -1;
	c->args = argv + optind;
	c->n = argc - optind;
	if (c->n < c->entry->min)
		return usage(e, c, "missing: ", c->entry->args);
	if (c->n > c->entry->max && c->entry->max != CMD_PROGRAM)
		return usage(e, c, "one word too many: it takes ",
			     *c->entry->args ? c->entry->args : "none");
	return 0;
}

const char *cmd_value(const struct cmd *c, const char *flag)
{
	for (int i = 0; c->entry->flags && c->entry->flags[i].name; i++)
		if (strcmp(c->entry->flags[i].name, flag) == 0)
			return c->values[i];
	return NULL;
}

int cmd_check_list(const struct cmd *c, const char *flag, struct err *e)
{
	const char *text = cmd_value(c, flag);

	return text ? glob_check_list(text, flag, e) : 0;
}
