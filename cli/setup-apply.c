/* SPDX-License-Identifier: MIT */
/* Adds what the plan has, by what the commands and the page add it with. */
#include "config.h"

#include "cli/setup.h"

#include "cli/say.h"
#include "net/backend-edit.h"
#include "state/config/account-edit.h"
#include "state/config/rule-edit.h"

#include <stdio.h>

static int add_backend(const struct setup *s, const struct setup_item *i,
		       struct err *e)
{
	struct buf said;
	struct backend_ask ask = {
		.home = s->home,
		.name = i->name,
		.key = span_of(i->key),
		.env = i->env,
		.base_url = i->url,
		.protocol = i->protocol,
		.models = i->models,
		.said = &said,
	};
	int rc;

	buf_init(&said, 16384);
	rc = backend_edit_add(&ask, e);
	buf_release(&said);
	return rc;
}

static int add_account(const struct setup *s, const struct setup_item *i,
		       struct err *e)
{
	const struct account_choices none = { .reserve = -1, .priority = -1 };
	struct span key = span_of(i->key);
	struct snapshot *now = NULL;
	char file[192];
	int rc = -1;

	if (account_check_alias(i->name, e) == 0 &&
	    store_folder(s->home, NULL, e) == 0 &&
	    store_folder(s->home, "accounts", e) == 0)
		now = snapshot_load(s->home, e); /* with its backend */
	if (now &&
	    account_place(now, s->home, i->name, i->pool, file, sizeof(file),
			  e) == 0 &&
	    account_check_others(now, i->name, file, key, e) == 0)
		rc = account_change(s->home, i->name, file, key, &none, e);
	snapshot_free(now);
	return rc;
}

static int add_rule(const struct setup *s, const struct setup_item *i,
		    struct err *e)
{
	return rule_add(&(struct rule_ask){ .home = s->home,
					    .match = i->name,
					    .target = i->target,
					    .fallback = i->fallback },
			e);
}

static int (*const adders[])(const struct setup *, const struct setup_item *,
			     struct err *) = {
	[SETUP_BACKEND] = add_backend,
	[SETUP_ACCOUNT] = add_account,
	[SETUP_ROUTE] = add_rule,
};

/* In the order of what needs what. */
int setup_apply(struct setup *s, struct err *e)
{
	size_t failed = 0, all = setup_count(s, SETUP_ADD);

	for (int kind = SETUP_BACKEND; kind <= SETUP_ROUTE; kind++) {
		for (size_t k = 0; k < s->n; k++) {
			struct setup_item *i = &s->items[k];
			struct err why = { 0 };

			if ((int)i->kind != kind || i->state != SETUP_ADD)
				continue;
			i->state = SETUP_ADDED;
			if (adders[kind](s, i, &why) == 0)
				continue;
			failed++;
			i->state = SETUP_FAILED;
			i->note = arena_str(&s->arena, span_of(why.msg));
			say(stderr, "dario: %s: %s\n", i->name, why.msg);
		}
	}
	if (!failed)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "%zu of %zu could not be added: correct what is named "
		       "above, and run dario setup again",
		       failed, all);
}
