/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/rule-edit.h"

#include "state/config/save.h"
#include "state/config/snapshot.h"

/* Where a rule with this pattern stands, or -1. */
static int find_rule(struct json_object *list, const char *match)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (span_is(json_str(json_at(list, i), "match"), match))
			return (int)i;
	return -1;
}

/* What the flags do not name is as it is by default. */
static struct json_object *make(const struct rule_ask *c)
{
	struct json_object *rule = json_object_new_object();

	json_set_str(rule, "match", c->match);
	json_set_str(rule, "target", c->target);
	if (c->fallback)
		json_object_object_add(rule, "fallbacks",
				       json_split(c->fallback));
	if (c->on)
		json_object_object_add(rule, "on", json_split(c->on));
	return rule;
}

/* routes.json as it is, with a list of rules in it. */
struct json_object *rules_open(const char *home, struct json_object **list,
			       struct err *e)
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

static int add(const struct rule_ask *c, struct err *e)
{
	struct json_object *list, *file = rules_open(c->home, &list, e);
	int at, rc;

	if (!file)
		return -1;
	at = find_rule(list, c->match);
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
	return err_set(e, ERR_CONFIG,
		       "there is no rule for %.80s: see dario route list",
		       glob);
}

static int drop(const struct rule_ask *c, struct err *e)
{
	struct json_object *list, *file = rules_open(c->home, &list, e);
	int at, rc;

	if (!file)
		return -1;
	at = find_rule(list, c->match);
	if (at < 0) {
		rc = no_rule(c->match, e);
	} else {
		json_object_array_del_idx(list, (size_t)at, 1);
		rc = save_checked(c->home, RULES_FILE, file, e);
	}
	json_object_put(file);
	return rc;
}

static int locked(const struct rule_ask *c,
		  int (*fn)(const struct rule_ask *c, struct err *e),
		  struct err *e)
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
static int check_words(const struct rule_ask *c, struct err *e)
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

int rule_add(const struct rule_ask *c, struct err *e)
{
	return check_words(c, e) ? -1 : locked(c, add, e);
}

int rule_remove(const struct rule_ask *c, struct err *e)
{
	return locked(c, drop, e);
}
