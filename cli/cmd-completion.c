/* SPDX-License-Identifier: MIT */
/*
 * completion: shells ask dario itself what may come next, with the words of
 * the line so far; the last one, which may be empty, is the one to complete.
 * So the commands' tables and the files of the home are all there is to know,
 * and the scripts are the same for every version.
 */
#include "config.h"

#include "base/file.h"
#include "base/install-path.h"
#include "base/run.h"
#include "cli/cmd.h"
#include "cli/run-tools.h"
#include "cli/say.h"
#include "state/config/option.h"
#include "state/config/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was typed of a word; only what begins so is printed. */
struct typed {
	const char *text;
	size_t n;
};

static void offer(struct typed p, const char *word, const char *help)
{
	if (strncmp(word, p.text, p.n) != 0)
		return;
	say(stdout, "%s", word); /* it may be from a file */
	printf("\t%s\n", help);
}

/* --- words and flags ----------------------------------------------------- */

static void offer_commands(struct typed p)
{
	for (const struct cmd_place *at = cmd_places; at->group; at++) {
		const struct cmd_entry *n = at->group->entries;

		offer(p, at->group->name, *n->name ? at->group->help : n->help);
	}
	offer(p, "help", "commands, or one of them");
	offer(p, "version", "the version");
}

static void offer_entries(struct typed p, const struct cmd_group *g)
{
	for (const struct cmd_entry *n = g->entries; n->name; n++)
		offer(p, n->name, n->help);
}

/* "--flag=" with each word of a choice. */
static void offer_choices(struct typed p, const char *flag, const char *words)
{
	char word[160];

	while (words && *words) {
		size_t n = strcspn(words, "|");

		snprintf(word, sizeof(word), "--%s=%.*s", flag, (int)n, words);
		offer(p, word, "");
		words += n + (words[n] == '|');
	}
}

static void offer_flag(struct typed p, const char *flag, const char *metavar,
		       const char *help)
{
	char word[96];

	if (strchr(p.text, '=')) {
		if (metavar && strchr(metavar, '|'))
			offer_choices(p, flag, metavar);
		return;
	}
	snprintf(word, sizeof(word), "--%s%s", flag, metavar ? "=" : "");
	offer(p, word, help);
}

static void offer_flags(struct typed p, const struct cmd_entry *n)
{
	for (const struct cmd_flag *f = n->flags; f && f->name; f++)
		offer_flag(p, f->name, f->metavar, f->help);
	for (const struct option_row *o = options; n->settings && o->key; o++)
		if (o->flag)
			offer_flag(p, o->flag,
				   o->type == OPTION_BOOL ? NULL : o->metavar,
				   o->help);
	offer(p, "--help", "show this command's help");
}

/* --- what is in the home ------------------------------------------------- */

static void offer_accounts(struct typed p, const struct accounts *a,
			   const char *of)
{
	for (size_t i = 0; i < a->n; i++)
		offer(p, a->list[i].alias, of);
}

static void offer_names(struct typed p, const struct cmd_group *g,
			const struct snapshot *s)
{
	if (g == &cmd_accounts || g == &cmd_refresh)
		offer_accounts(p, &s->accounts, "Claude");
	for (size_t i = 0; i < s->n_backends; i++) {
		if (g == &cmd_backend)
			offer(p, s->backends[i].name, "");
		if (g == &cmd_accounts)
			offer_accounts(p, &s->backends[i].keys,
				       s->backends[i].name);
	}
	for (size_t i = 0; g == &cmd_key && i < s->keys.n; i++)
		offer(p, s->keys.list[i].name, "");
	for (size_t i = 0; g == &cmd_route && i < s->rules.n; i++)
		offer(p, s->rules.list[i].match.text, "");
}

/* --- the command --------------------------------------------------------- */

static const struct cmd_group *group_of(const char *name)
{
	for (const struct cmd_place *at = cmd_places; at->group; at++)
		if (strcmp(at->group->name, name) == 0)
			return at->group;
	return NULL;
}

static const struct cmd_entry *entry_of(const struct cmd_group *g,
					const char *word)
{
	for (const struct cmd_entry *n = g->entries; n->name; n++)
		if (!*n->name || strcmp(n->name, word) == 0)
			return n;
	return NULL;
}

/* Those of the programs that run knows which are there. */
static void offer_programs(struct typed p)
{
	const char *names[RUN_TOOLS_MAX];

	run_tool_names(names);
	for (size_t i = 0; names[i]; i++)
		if (run_exists(names[i]))
			offer(p, names[i], "");
}

/* The arguments of an entry; one that makes something new has no names yet. */
static void offer_arguments(struct typed p, const struct cmd_group *g,
			    const struct cmd_entry *n, const char *home)
{
	struct snapshot *s;
	struct err ignored = { 0 };

	if (n->max == CMD_PROGRAM)
		offer_programs(p);
	if (strcmp(n->name, "add") == 0 || n->max <= 0)
		return;
	s = snapshot_load(home, &ignored);
	if (s)
		offer_names(p, g, s);
	snapshot_free(s);
}

static int run_words(struct cmd *c, struct err *e)
{
	const char *last = c->n ? c->args[c->n - 1] : "";
	struct typed p = { last, strlen(last) };
	const struct cmd_group *g;
	const struct cmd_entry *n;

	(void)e;
	if (c->n <= 1 || (c->n == 2 && strcmp(c->args[0], "help") == 0)) {
		offer_commands(p);
		return 0;
	}
	g = group_of(c->args[0]);
	if (g && c->n == 2 && *g->entries->name)
		offer_entries(p, g);
	n = g ? entry_of(g, c->args[1]) : NULL;
	if (n && *last == '-')
		offer_flags(p, n);
	else if (n && c->n > (*n->name ? 2 : 1))
		offer_arguments(p, g, n, c->home);
	return 0;
}

static int print_script(const char *name, struct err *e)
{
	char *path = install_path_data(name, e);
	struct buf text;
	int rc = -1;

	buf_init(&text, SAY_MAX);
	if (path && file_read(path, &text, e) == 0) {
		fwrite(text.p, 1, text.n, stdout);
		rc = 0;
	}
	buf_release(&text);
	free(path);
	return rc;
}

static int run_bash(struct cmd *c, struct err *e)
{
	(void)c;
	return print_script("share/completion/dario.bash", e);
}

static int run_zsh(struct cmd *c, struct err *e)
{
	(void)c;
	return print_script("share/completion/_dario", e);
}

static int run_fish(struct cmd *c, struct err *e)
{
	(void)c;
	return print_script("share/completion/dario.fish", e);
}

static const struct cmd_entry entries[] = {
	{ "bash", "", "print a script for bash", 0, 0, NULL, false, run_bash },
	{ "zsh", "", "print a script for zsh", 0, 0, NULL, false, run_zsh },
	{ "fish", "", "print a script for fish", 0, 0, NULL, false, run_fish },
	{ "words", "-- [WORD...]",
	  "what could stand in the place of the last word: for the scripts", 0,
	  64, NULL, false, run_words },
	{ 0 },
};

static const char *const completion_examples[] = {
	"eval \"$(dario completion bash)\"",
	"dario completion fish >~/.config/fish/completions/dario.fish",
	NULL,
};

const struct cmd_group cmd_completion = { "completion", "what shells complete",
					  entries, completion_examples };
