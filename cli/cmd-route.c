/* SPDX-License-Identifier: MIT */
/* dario route: the routing rules. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/save.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "state/snapshot.h"

#include <stdio.h>
#include <string.h>

/* Where a rule with this pattern stands, or -1. */
static int find_rule(struct json_object *list, const char *match)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (span_is(json_str(json_at(list, i), "match"), match))
			return (int)i;
	return -1;
}

/* What the flags do not name is as it is by default. */
static struct json_object *make(const struct cmd *c)
{
	struct json_object *rule = json_object_new_object();
	const char *fallback = cmd_value(c, "fallback");
	const char *on = cmd_value(c, "on");

	json_set_str(rule, "match", c->args[0]);
	json_set_str(rule, "target", c->args[1]);
	if (fallback)
		json_object_object_add(rule, "fallbacks", json_split(fallback));
	if (on)
		json_object_object_add(rule, "on", json_split(on));
	return rule;
}

/* routes.json as it is, with a list of rules in it. */
static struct json_object *open_file(const char *home,
				     struct json_object **list, struct err *e)
{
	struct json_object *file;

	if (json_load_object(home, RULES_FILE, &file, e))
		return NULL;
	*list = json_get(file, "rules");
	if (!*list) {
		*list = json_object_new_array();
		json_object_object_add(file, "rules", *list);
	}
	if (json_object_is_type(*list, json_type_array))
		return file;
	err_set(e, ERR_CONFIG, RULES_FILE ": must be {\"rules\":[...]}");
	json_object_put(file);
	return NULL;
}

static int add(const struct cmd *c, struct err *e)
{
	struct json_object *list, *file = open_file(c->home, &list, e);
	int at, rc;

	if (!file)
		return -1;
	at = find_rule(list, c->args[0]);
	if (at >= 0)
		json_object_array_put_idx(list, (size_t)at, make(c));
	else
		json_object_array_add(list, make(c));
	rc = save_checked(c->home, RULES_FILE, file, e);
	json_object_put(file);
	return rc;
}

static int no_rule(const char *glob, struct err *e)
{
	if (secret_check_name(glob, "a model", e))
		return -1;
	return err_set(e, ERR_CONFIG,
		       "there is no rule for %.80s: see dario route list",
		       glob);
}

static int drop(const struct cmd *c, struct err *e)
{
	struct json_object *list, *file = open_file(c->home, &list, e);
	int at, rc;

	if (!file)
		return -1;
	at = find_rule(list, c->args[0]);
	if (at < 0) {
		rc = no_rule(c->args[0], e);
	} else {
		json_object_array_del_idx(list, (size_t)at, 1);
		rc = save_checked(c->home, RULES_FILE, file, e);
	}
	json_object_put(file);
	return rc;
}

static int locked(const struct cmd *c,
		  int (*fn)(const struct cmd *c, struct err *e), struct err *e)
{
	int rc, lock;

	if (store_folder(c->home, NULL, e))
		return -1;
	lock = store_lock(c->home, RULES_FILE, e);
	if (lock < 0)
		return -1;
	rc = fn(c, e);
	store_unlock(lock);
	return rc;
}

static bool any(const void *arg, struct span name)
{
	(void)arg;
	(void)name;
	return true;
}

/* Can such a rule be, whatever else the file has? */
static int check_words(const struct cmd *c, struct err *e)
{
	struct json_object *file = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct rules rules;
	int rc;

	json_object_object_add(file, "rules", list);
	json_object_array_add(list, make(c));
	rc = rules_parse(&rules, file, any, NULL, e);
	if (rc == 0)
		rules_release(&rules);
	else
		e->code = ERR_USAGE;
	json_object_put(file);
	return rc;
}

static int run_add(struct cmd *c, struct err *e)
{
	if (secret_check_name(c->args[0], "a model", e) ||
	    secret_check_name(c->args[1], "a target", e) ||
	    cmd_check_list(c, "fallback", e) || cmd_check_list(c, "on", e) ||
	    check_words(c, e))
		return -1;
	return locked(c, add, e);
}

static int run_remove(struct cmd *c, struct err *e)
{
	return locked(c, drop, e);
}

static void print_on(void *arg, const char *what)
{
	bool *first = arg;

	say(stdout, "%s%s", *first ? "  on " : ",", what);
	*first = false;
}

static void print_rule(const struct rule *r)
{
	bool first = true;

	say(stdout, "%-24s", r->match);
	for (size_t i = 0; i < r->n; i++)
		say(stdout, "%s%s%s%s",
		    i == 0   ? " "
		    : i == 1 ? "  else "
			     : ", ",
		    r->targets[i].backend, r->targets[i].model ? ":" : "",
		    r->targets[i].model ? r->targets[i].model : "");
	if (r->n > 1)
		rule_on(r, print_on, &first);
	putchar('\n');
}

static int run_list(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct json_object *list, *file;

	if (!cfg)
		return -1;
	if (cmd_value(c, "json")) {
		file = open_file(c->home, &list, e);
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
