/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/cmd.h"
#include "dialect/quirks.h"
#include "state/config/oauth-config.h"
#include "state/config/option.h"
#include "state/config/rule.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text for roff: a hyphen there is a minus here, a leading dot is harmless. */
static void man_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '-')
			putchar('\\');
		if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
	}
}

static void man_item(const char *term, const char *text)
{
	printf(".TP\n.B ");
	man_text(term);
	printf("\n");
	man_text(text);
	printf("\n");
}

/* However long it becomes. */
static void man_item_fmt(const char *term, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void man_item_fmt(const char *term, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert(n >= 0 && n < (int)sizeof(text));
	man_item(term, text);
}

static void man_group(const struct cmd_group *g)
{
	char line[160];

	for (const struct cmd_entry *n = g->entries; n->name; n++) {
		help_synopsis(g, n, line, sizeof(line));
		man_item(line, n->help);
		for (int i = 0; n->flags && n->flags[i].name; i++) {
			help_flag(line, sizeof(line), n->flags[i].name, NULL,
				  n->flags[i].metavar);
			printf(".RS\n");
			man_item(line, n->flags[i].help);
			printf(".RE\n");
		}
		for (const struct option_row *o = options;
		     n->settings && o->key; o++) {
			if (!o->flag)
				continue;
			help_flag(line, sizeof(line), o->flag, o->alias,
				  o->metavar);
			printf(".RS\n");
			man_item(line, o->help);
			printf(".RE\n");
		}
	}
}

static const char *const man_files[][2] = {
	{ "config.json", "settings, by the keys above" },
	{ "backends/NAME.json",
	  "a provider: name, apiKey (or keyEnv, a variable of the router's "
	  "environment, read when it starts, or keyCommand, a program that "
	  "prints the key, and keyTtl, for how many seconds), baseUrl, "
	  "protocol, models, modelsPath (where on that host the list of models "
	  "is, if not below baseUrl), proxy, caFile, "
	  "headers (fields of each call; {key} in one is the key, in the place "
	  "of the usual credential), forward (names of a client's fields that "
	  "also go to another API), organization, project, connectTimeoutMs, "
	  "firstByteTimeoutMs, idleTimeoutMs, and the switches below" },
	{ RULES_FILE,
	  "routing rules: match, target, fallbacks, on, retries, budgetMs, "
	  "firstByteTimeoutMs" },
	{ "credentials.json", "the log-in of dario login" },
	{ "accounts/ALIAS.json",
	  "a Claude account: accessToken, refreshToken, expiresAt, or apiKey; "
	  "reserve, priority, paused, proxy, caFile" },
	{ "backends/NAME/ALIAS.json",
	  "a further key of that backend: apiKey, and the same" },
	{ "keys/NAME.json, keys/NAME/DEVICE.json",
	  "a key of a person: hash (SHA-256), created, models, spend, rate, "
	  "tokens, parallel, priority, to, expires, disabled; audit.jsonl has "
	  "each change" },
	{ "oauth-config.override.json",
	  "clientId, authorizeUrl, tokenUrl, scopes: instead of those found "
	  "or built in" },
	{ "cc-oauth-cache-v3.json", "what was found in Claude Code's program" },
	{ "tools.json",
	  "rows of your own for the mapping of tools: tools (name, "
	  "description, input_schema), map (names, tool, fields, unless)" },
	{ "template.json",
	  "defaults for requests to the Claude backend: system, max_tokens, "
	  "thinking, effort, betas, metadata, order, cache" },
	{ "prices.json",
	  "prices of your own, which go before share/prices.json: prices "
	  "(match, at, input, output, read, write5m, write1h, reasoning, "
	  "search, from, long), "
	  "defaultPrice" },
	{ "managed-settings.json",
	  "settings for the Claude Code of all who have signed in" },
	{ "state/",
	  "what the workers share and may lose; a file in it that is open to "
	  "others is thrown away" },
	{ "run/PORT/",
	  "files of a running dario proxy; run/PORT-HOST/ on another "
	  "address than 127.0.0.1" },
};

static const char *const man_worker[][2] = {
	{ "dario.fcgi",
	  "is the worker, a FastCGI program on the socket that a web server or "
	  "systemd (LISTEN_FDS) hands to it, and a CGI program else" },
	{ "dario.fcgi --listen=SOCKET [--mode=0660]",
	  "listens by itself, for a web server that starts no programs; a "
	  "socket that nobody listens on any more is replaced" },
};

static const char *const man_signals[][2] = {
	{ "SIGINT (Ctrl-C), SIGTERM",
	  "let answers end, for DARIO_DRAIN_MS, refuse new requests with a "
	  "503, and then end; the same signal again: at once" },
	{ "SIGHUP",
	  "replace the workers by the dario.fcgi that is on the disk now; no "
	  "request is lost" },
};

static const char *const man_paths[][2] = {
	{ "POST /v1/messages, /v1/messages/count_tokens", "Anthropic" },
	{ "POST /v1/chat/completions, /v1/completions, /v1/embeddings, "
	  "/v1/responses",
	  "OpenAI" },
	{ "/v1/images/..., /audio/..., /moderations, /rerank, /files, "
	  "/uploads, /batches, /responses/ID, /conversations, "
	  "/fine_tuning/..., /vector_stores, /videos, /skills, "
	  "/messages/batches",
	  "a provider's other endpoints, literally: to the backend for the "
	  "model, to whoever keeps the object that is named, to the one in "
	  "the header field x-dario-backend, or to the only one that can. In "
	  "a form the field model is best before the file: where it decides "
	  "and comes late, what stands before it waits in a file, 64 MiB at "
	  "most" },
	{ "/to/NAME/ANY/PATH",
	  "any other path of the backend NAME (claude: the accounts), with its "
	  "credential" },
	{ "GET /v1/models, /v1/models/ID",
	  "the models that can be asked for, in the caller's shape; limit, "
	  "after_id and before_id give a page" },
	{ "GET /status", "the log-ins and how long they are good" },
	{ "GET /accounts", "the pool: what is left of each account" },
	{ "GET /analytics",
	  "requests, tokens, cost and burn rate: lately, all time; by, since "
	  "and errors ask as dario usage does, and a person gets what is "
	  "theirs" },
	{ "GET /requests",
	  "the last 200 requests, without what was in them; a person gets "
	  "what is theirs" },
	{ "GET /metrics",
	  "counters and sums for Prometheus, or as OpenMetrics" },
	{ "GET /callback", "where a log-in in the browser ends" },
	{ "GET /device", "where the sign-in of a program is confirmed" },
	{ "/v1/organizations/spend_limits",
	  "limits of keys, for the owner, as in Anthropic's Admin API" },
	{ "GET /", "all this for people, as a page" },
	{ "GET /health", "200 when a request could be served, else 503" },
};

static const char *const man_kinds[] = {
	[QUIRK_FLAG] = "true or false",
	[QUIRK_OFF] = "true or false, by default true",
	[QUIRK_NUMBER] = "a number",
	[QUIRK_FIELDS] = "a list",
};

static void man_switches(void)
{
	printf(".SH SWITCHES OF A BACKEND\n"
	       "What a provider refuses or needs, in backends/NAME.json. "
	       "share/providers.json knows many providers by their base URL, "
	       "and by the model's name where a router hides them; what a "
	       "file says goes over that; dario backend probe finds out.\n");
	for (const struct quirk_row *r = quirk_rows; r->key; r++)
		man_item_fmt(r->key, "%s. %c%s.", r->help,
			     toupper((unsigned char)man_kinds[r->kind][0]),
			     man_kinds[r->kind] + 1);
}

static void man_table(const char *title, const char *const rows[][2], size_t n)
{
	printf(".SH %s\n", title);
	for (size_t i = 0; i < n; i++)
		man_item(rows[i][0], rows[i][1]);
}

void help_man(void)
{
	printf(".TH DARIO 1 \"\" \"dario %s\"\n.SH NAME\n"
	       "dario \\- one local address for every language model API\n"
	       ".SH SYNOPSIS\n.B dario\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n"
	       ".SH COMMANDS\n",
	       PACKAGE_VERSION);
	for (const struct cmd_place *p = cmd_places; p->group; p++)
		man_group(p->group);
	printf(".SH SETTINGS\nA flag beats the environment, the environment "
	       "beats config.json, config.json beats the default. "
	       "An edit counts on the next request; threads, workers, verbose "
	       "and drainMs when the workers are replaced (SIGHUP), host, port "
	       "and what begins with store on the next start.\n");
	for (const struct option_row *o = options; o->key; o++)
		man_item_fmt(o->env, "%s. Key %s%s%s.", o->help, o->key,
			     *o->preset ? ", default " : "", o->preset);
	for (int v = 0; v < OAUTH_VALUES; v++) {
		enum oauth_value g = (enum oauth_value)v;

		man_item_fmt(oauth_config_env(g),
			     "for log-ins, instead of what is found in Claude "
			     "Code or built in. Key %s in "
			     "oauth-config.override.json.",
			     oauth_config_name(g));
	}
	man_table("WORKER", man_worker,
		  sizeof(man_worker) / sizeof(man_worker[0]));
	man_table("SIGNALS OF DARIO PROXY", man_signals,
		  sizeof(man_signals) / sizeof(man_signals[0]));
	man_table("HTTP", man_paths, sizeof(man_paths) / sizeof(man_paths[0]));
	printf(".SH FILES\nUnder DARIO_HOME, by default ~/.dario. Folders are "
	       "0700, files 0600; anything looser is refused.\n");
	for (size_t i = 0; i < sizeof(man_files) / sizeof(man_files[0]); i++)
		man_item(man_files[i][0], man_files[i][1]);
	man_switches();
	printf(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage.\n");
}
