/* SPDX-License-Identifier: MIT */
/* dario route: the routing rules. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "state/config/rule-edit.h"
#include "state/config/snapshot.h"

#include <stdio.h>
#include <string.h>

static int run_add(struct cmd *c, struct err *e)
{
	if (secret_check_name(c->args[0], "a model", e) ||
	    secret_check_name(c->args[1], "a target", e) ||
	    cmd_check_list(c, "fallback", e) || cmd_check_list(c, "on", e))
		return -1;
	return rule_add(
		&(struct rule_ask){ .home = c->home,
				    .match = c->args[0],
				    .target = c->args[1],
				    .fallback = cmd_value(c, "fallback"),
				    .on = cmd_value(c, "on") },
		e);
}

static int run_remove(struct cmd *c, struct err *e)
{
	struct rule_ask ask = { .home = c->home, .match = c->args[0] };
	struct err unused;

	if (rule_remove(&ask, e) == 0)
		return 0;
	/* What looks like a key is not repeated. */
	return secret_check_name(c->args[0], "a model", &unused)
		     ? secret_check_name(c->args[0], "a model", e)
		     : -1;
}

static void print_rule(const struct rule *r)
{
	struct buf line, on;

	buf_init(&line, SAY_MAX);
	buf_init(&on, 1024);
	buf_fmt(&line, "%-24s", r->match.text);
	for (size_t i = 0; i < r->n; i++)
		buf_fmt(&line, "%s%s%s%s",
			i == 0   ? " "
			: i == 1 ? "  else "
				 : ", ",
			r->targets[i].backend, r->targets[i].model ? ":" : "",
			r->targets[i].model ? r->targets[i].model : "");
	if (r->n > 1) {
		rule_on_text(r, &on);
		buf_fmt(&line, "  on %s", buf_cstr(&on));
	}
	say_line(4, "%s", buf_cstr(&line));
	buf_release(&line);
	buf_release(&on);
}

static int run_list(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct json_object *list, *file;

	if (!cfg)
		return -1;
	if (cmd_value(c, "json")) {
		file = rules_open(c->home, &list, e);
		if (file)
			say_json(span_of(json_pretty(list)));
		json_object_put(file);
	} else {
		for (size_t i = 0; i < cfg->rules.n; i++)
			print_rule(&cfg->rules.list[i]);
		if (!cfg->rules.n)
			fputs("dario: no rule yet: models go by name, see "
			      "dario explain MODEL\n",
			      stderr);
	}
	snapshot_free(cfg);
	return 0;
}

static const struct cmd_flag add_flags[] = {
	{ "fallback", "TARGET,...", "who answers when the target cannot" },
	{ "on", "WHAT,...",
	  "failures that go there: 429, 5xx, connect, timeout, exhausted, "
	  "auth, credit, model" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "list", "[--json]", "show the rules, in their order", 0, 0,
	  cmd_json_flags, false, run_list },
	{ "add", "GLOB TARGET",
	  "models like GLOB go to BACKEND, BACKEND:MODEL, claude or "
	  "claude:MODEL",
	  2, 2, add_flags, false, run_add },
	{ "remove", "GLOB", "forget a rule", 1, 1, NULL, false, run_remove },
	{ 0 },
};

static const char *const route_examples[] = {
	"dario route add 'gpt-*' openai",
	"dario route add fast groq:llama-3.3-70b --fallback=openai:gpt-5-mini",
	"dario route list",
	NULL,
};

const struct cmd_group cmd_route = { "route", "routing rules", entries,
				     route_examples };
