/* SPDX-License-Identifier: MIT */
/* key-limits: what a key may, from flags into the members of its file. */
#ifndef DARIO_KEY_LIMITS_H
#define DARIO_KEY_LIMITS_H

#include "base/json.h"
#include "cli/cmd.h"

#define KEY_LIMIT_FLAGS \
	{ "models", "GLOB,...", "only these models, such as claude-*,gpt-5" }, \
		{ "spend", "SUM/PERIOD,...", \
		  "dollars by day, week or month (UTC), as 20/month,5/day" }, \
		{ "rate", "N/TIME", \
		  "requests by min, hour, day, week or month, as 60/min" }, \
		{ "tokens", "N/TIME", \
		  "input and output tokens in such a time, as 1M/day" }, \
		{ "parallel", "N", "requests at a time" }, \
		{ "priority", "N", \
		  "smaller ones go first where requests wait in line; 100 " \
		  "where none is said" }, \
		{ "to", "yes|no", \
		  "also /to/BACKEND/, any path of a provider: for who may " \
		  "see what all people keep there" }, \
	{ \
		"expires", "DATE", \
			"until then (UTC), as 2027-01-31 or " \
			"2027-01-31T12:00:00Z" \
	}

/* The flags that were given change `o`; "" takes a limit away. What comes out
 * is checked whole: -1 when it is no key's file. */
int key_limits_take(const struct cmd *c, struct json_object *o, struct err *e);
/* Is it a key's file? */
int key_limits_check(struct json_object *o, struct err *e);
/* Was any flag given? */
bool key_limits_any(const struct cmd *c);

#endif
