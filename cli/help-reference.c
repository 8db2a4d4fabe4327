/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/cmd.h"
#include "dialect/quirks.h"
#include "state/config/member.h"
#include "state/config/oauth-config.h"
#include "state/config/option.h"

#include <stdio.h>
#include <string.h>

#define CELL_MAX 200 /* bytes */

/* Text for a cell of a table: "|" ends one, "*" and "<" are markup. */
static void cell(const char *text)
{
	for (; *text; text++) {
		if (strchr("|*<", *text))
			putchar('\\');
		putchar(*text);
	}
}

/* Between backquotes nothing but "|" is special. */
static void code(const char *text)
{
	if (!*text)
		return;
	putchar('`');
	for (; *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
	putchar('`');
}

static void head(const char *title, const char *text)
{
	printf("\n## %s\n\n%s\n\n", title, text);
	puts("| member | | takes | default | example |\n|---|---|---|---|---|");
}

static void member_row(const struct member *m)
{
	printf("| `%s` | ", m->name);
	cell(m->help);
	printf(" | ");
	cell(m->takes);
	printf(" | ");
	cell(m->preset);
	printf(" | ");
	code(m->example);
	puts(" |");
}

static void table(const char *title, const char *text,
		  const struct member *rows)
{
	head(title, text);
	for (const struct member *m = rows; m->name; m++)
		member_row(m);
}

/* --- settings ------------------------------------------------------------ */

static void setting_takes(const struct option_row *o, char *out, size_t n)
{
	static const char *const forms[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_STRING] = "text",
		[OPTION_SECRET] = "text",
		[OPTION_ORIGINS] = "web origins, with commas",
		[OPTION_HOSTS] = "names, with commas",
		[OPTION_URL] = "an https URL; http on this machine",
		[OPTION_STORE] = "a URL",
	};
	const char *unit = o->metavar && !strcmp(o->metavar, "MS")
				 ? ", in milliseconds"
			 : o->metavar && !strcmp(o->metavar, "MIB") ? ", in MiB"
								    : "";

	if (o->type == OPTION_INT)
		snprintf(out, n, "%ld to %ld%s", o->min, o->max, unit);
	else
		snprintf(out, n, "%s",
			 o->type == OPTION_CHOICE ? o->metavar
						  : forms[o->type]);
}

/* As JSON: what is no number and no truth value stands in quotes. */
static void setting_example(const struct option_row *o, char *out, size_t n)
{
	const char *text = o->example ? o->example : o->preset;

	snprintf(out, n,
		 o->type == OPTION_INT || o->type == OPTION_BOOL ? "%s"
								 : "\"%s\"",
		 text);
}

static void setting_row(const struct option_row *o)
{
	char takes[CELL_MAX], example[CELL_MAX];

	setting_takes(o, takes, sizeof(takes));
	setting_example(o, example, sizeof(example));
	printf("| `%s` | `%s`", o->key, o->env);
	if (o->flag)
		printf(", `--%s`", o->flag);
	printf(" | ");
	cell(o->help);
	printf(" | ");
	cell(takes);
	printf(" | ");
	code(o->preset);
	printf(" | ");
	code(example);
	puts(" |");
}

static void settings_table(void)
{
	puts("\n## config.json\n\n"
	     "The settings of the router. A flag of `dario proxy` beats the "
	     "variable of\nthe environment, that beats the file, the file "
	     "beats the default.\n`dario config` shows what is in force. An "
	     "edit counts on the next request;\n`threads`, `workers`, "
	     "`verbose` and `drainMs` when the workers are replaced\n(`kill "
	     "-HUP`), `host`, `port` and what begins with `store` on the "
	     "next start.\n\n"
	     "| member | variable, flag | | takes | default | example |\n"
	     "|---|---|---|---|---|---|");
	for (const struct option_row *o = options; o->key; o++)
		setting_row(o);
	puts("\nOf log-ins, in `oauth-config.override.json`, instead of what "
	     "is found in Claude\nCode or built in:\n\n"
	     "| member | variable |\n|---|---|");
	for (int v = 0; v < OAUTH_VALUES; v++)
		printf("| `%s` | `%s` |\n",
		       oauth_config_name((enum oauth_value)v),
		       oauth_config_env((enum oauth_value)v));
}

/* --- switches ------------------------------------------------------------ */

static void switch_row(const struct quirk_row *r)
{
	static const struct {
		const char *takes, *preset, *example;
	} kinds[] = {
		[QUIRK_FLAG] = { "true or false", "false", "true" },
		[QUIRK_OFF] = { "true or false", "true", "false" },
		[QUIRK_NUMBER] = { "a number", "0: none is known", "128" },
		[QUIRK_FIELDS] = { "a list", "all",
				   "[\"model\", \"messages\", \"stream\"]" },
	};
	const struct member m = {
		.name = r->key,
		.takes = kinds[r->kind].takes,
		.preset = kinds[r->kind].preset,
		.example = kinds[r->kind].example,
		.help = r->help,
	};

	member_row(&m);
}

void help_reference(void)
{
	puts("# Configuration\n\n"
	     "Every member of the files in `~/.dario` (`DARIO_HOME`), as\n"
	     "`dario help --reference` prints them. Files are JSON, mode\n"
	     "0600, their folders 0700. A member that is none of these is\n"
	     "told by `dario proxy --check`; what begins with `_` is a\n"
	     "remark. Commands write most of this: the page is for those\n"
	     "who write it by hand.");
	settings_table();
	table("backends/NAME.json",
	      "A provider, as `dario backend add` writes it.", backend_members);
	head("Switches of a backend",
	     "What a provider refuses or needs, in the same file.\n"
	     "`share/providers.json` knows many; what the file says goes\n"
	     "over that; `dario backend probe NAME` finds out.");
	for (const struct quirk_row *r = quirk_rows; r->key; r++)
		switch_row(r);
	table("accounts/ALIAS.json, backends/NAME/ALIAS.json",
	      "A Claude account, or a further key of a backend:\n"
	      "`dario accounts add`. What has no example is never written\n"
	      "by hand.",
	      account_members);
	table("routes.json",
	      "`{\"rules\": [...]}`: at most 512 rules, of which the first\n"
	      "that matches counts: `dario route add`.",
	      rule_members);
	table("keys/NAME.json, keys/NAME/DEVICE.json",
	      "A person's key: `dario key add`.", key_members);
	table("prices.json",
	      "`{\"prices\": [...], \"defaultPrice\": {\"input\": 5, "
	      "\"output\": 25}}`: prices of your own,\nwhich go before those "
	      "of `share/prices.json`; the first row that matches counts.",
	      price_members);
	puts("\n## Other files\n\n"
	     "`tools.json` and `template.json` are told in "
	     "[tools.md](tools.md),\n`managed-settings.json` in "
	     "[team.md](team.md).");
}
