/* SPDX-License-Identifier: MIT */
/*
 * rule-edit: changes the routing rules, for the command and for the page. A
 * change that the configuration would be wrong with is not made.
 */
#ifndef DARIO_RULE_EDIT_H
#define DARIO_RULE_EDIT_H

#include "base/err.h"
#include "base/json.h"

struct rule_ask {
	const char *home;
	const char *match, *target;
	const char *fallback, *on; /* lists with commas; or NULL */
};

/* A rule with this pattern is replaced. */
int rule_add(const struct rule_ask *c, struct err *e);
int rule_remove(const struct rule_ask *c, struct err *e);

/* The file as it is, with a list of rules in it; json_object_put it. */
struct json_object *rules_open(const char *home, struct json_object **list,
			       struct err *e);

#endif
