/* SPDX-License-Identifier: MIT */
/* dario key: the keys of people, and what they may. */
#include "config.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/store.h"
#include "cli/cmd.h"
#include "cli/key-invite.h"
#include "cli/key-show.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/show-notes.h"
#include "state/keys/key-audit.h"
#include "state/keys/key-change.h"
#include "state/keys/key-edit.h"
#include "state/keys/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the command line says of the key that it names. */
static struct key_wish wish_of(const struct cmd *c)
{
	struct key_wish w = { .home = c->home, .name = c->args[0] };

	for (const struct key_limit *l = key_limits; l->name; l++)
		key_wish_set(&w, l, cmd_value(c, l->name));
	return w;
}

static void warn_of_past(const struct key_wish *w, bool past)
{
	if (past && w->expires)
		say(stderr, "dario: warning: %s is in the past\n", w->expires);
}

/* --- add, rotate --------------------------------------------------------- */

static void print_key(const struct cmd *c, const char *text)
{
	struct buf out;
	struct jw w = jw_to(&out);

	if (!cmd_value(c, "json")) {
		puts(text);
	} else {
		buf_init(&out, 1024);
		jw_obj(&w);
		jw_kcstr(&w, "name", c->args[0]);
		jw_kcstr(&w, "key", text);
		jw_obj_end(&w);
		say_json(buf_get(&out));
		buf_release(&out);
	}
	say(stderr,
	    "dario: this is the key of %s; it is shown this once, and kept as "
	    "its hash alone\n",
	    c->args[0]);
}

static int run_add(struct cmd *c, struct err *e)
{
	struct key_wish w = wish_of(c);
	char key[KEY_TEXT_BYTES];
	bool past;

	if (key_add(&w, key, &past, e))
		return -1;
	warn_of_past(&w, past);
	print_key(c, key);
	return 0;
}

static int run_rotate(struct cmd *c, struct err *e)
{
	struct key_wish w = { .home = c->home, .name = c->args[0] };
	char key[KEY_TEXT_BYTES];

	if (key_rotate(&w, key, e))
		return -1;
	print_key(c, key);
	return 0;
}

/* --- change, disable, enable, remove ------------------------------------- */

static bool any_limit(const struct cmd *c)
{
	for (size_t i = 0; c->entry->flags[i].name; i++)
		if (c->values[i])
			return true;
	return false;
}

static int run_change(struct cmd *c, struct err *e)
{
	struct key_wish w = wish_of(c);
	bool past;

	if (key_check_name(c->args[0], e))
		return -1;
	if (!any_limit(c))
		return err_set(e, ERR_USAGE,
			       "say what to change, such as --spend=20/month: "
			       "see dario help key");
	if (key_change(&w, &past, e))
		return -1;
	warn_of_past(&w, past);
	return 0;
}

static int run_disable(struct cmd *c, struct err *e)
{
	struct key_wish w = { .home = c->home, .name = c->args[0] };

	return key_disable(&w, true, e);
}

static int run_enable(struct cmd *c, struct err *e)
{
	struct key_wish w = { .home = c->home, .name = c->args[0] };

	return key_disable(&w, false, e);
}

static void tell_gone(void *arg, const char *name)
{
	if (strcmp(arg, name))
		say(stderr, "dario: the key %s is removed, too\n", name);
}

static int run_remove(struct cmd *c, struct err *e)
{
	struct key_wish w = { .home = c->home, .name = c->args[0] };

	return key_remove(&w, tell_gone, c->args[0], e);
}

/* --- list, show ---------------------------------------------------------- */

static int load(const struct cmd *c, struct keys *out, struct notes *notes,
		struct err *e)
{
	memset(out, 0, sizeof(*out));
	memset(notes, 0, sizeof(*notes));
	if (store_folder(c->home, NULL, e) ||
	    store_folder(c->home, KEYS_FOLDER, e) ||
	    keys_load(out, c->home, NULL, NULL, notes, e)) {
		keys_release(out);
		notes_release(notes);
		return -1;
	}
	return 0;
}

static void print_keys(const struct cmd *c, const struct keys *all,
		       const struct key *only)
{
	bool json = cmd_value(c, "json");
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, 16u << 20);
	if (!only)
		jw_arr(&w);
	for (size_t i = 0; i < all->n; i++) {
		const struct key *k = &all->list[i];

		if (only && only != k)
			continue;
		if (json)
			key_show_json(&w, c->home, k);
		else
			key_show_line(c->home, k);
	}
	if (!only)
		jw_arr_end(&w);
	if (json)
		say_json(buf_get(&out));
	buf_release(&out);
}

static int list(struct cmd *c, const char *name, struct err *e)
{
	const struct key *only = NULL;
	struct notes notes;
	struct keys all;
	int rc = 0;

	if (load(c, &all, &notes, e))
		return -1;
	if (name)
		only = keys_named(&all, name);
	show_notes(&notes);
	if (name && !only)
		rc = key_unknown(name, e);
	else
		print_keys(c, &all, only);
	if (!all.n && !name && !cmd_value(c, "json"))
		fputs("dario: there are no keys: requests of this machine need "
		      "none\n",
		      stderr);
	keys_release(&all);
	notes_release(&notes);
	return rc;
}

static int run_list(struct cmd *c, struct err *e)
{
	return list(c, NULL, e);
}

static int run_show(struct cmd *c, struct err *e)
{
	return key_check_name(c->args[0], e) ? -1 : list(c, c->args[0], e);
}

static int run_invite(struct cmd *c, struct err *e)
{
	const struct key *k;
	struct notes notes;
	struct keys all;
	int rc = -1;

	if (key_check_name(c->args[0], e) || load(c, &all, &notes, e))
		return -1;
	k = keys_named(&all, c->args[0]);
	if (!k)
		err_set(e, ERR_CONFIG,
			"there is no key %s yet: use dario key add %s first",
			c->args[0], c->args[0]);
	else if (k->wrong)
		err_set(e, ERR_CONFIG, "the file of the key %s is wrong",
			c->args[0]);
	else
		rc = key_invite(c, k, e);
	keys_release(&all);
	notes_release(&notes);
	return rc;
}

/* --- audit --------------------------------------------------------------- */

static void print_change(void *arg, long number, struct json_object *o)
{
	struct json_object *after = json_get(o, "after");
	struct jw *json = arg;

	(void)number;
	if (json)
		jw_raw(json, json_text(o));
	else
		say_line(4, "%s  %-12s %-8s %s  %s", json_str(o, "time").p,
			 json_str(o, "actor").p, json_str(o, "action").p,
			 json_str(o, "key").p, after ? json_text(after).p : "");
}

static int run_audit(struct cmd *c, struct err *e)
{
	const char *name = c->n ? c->args[0] : NULL;
	bool json = cmd_value(c, "json");
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	if (name && key_check_name(name, e))
		return -1;
	buf_init(&out, 64u << 20);
	jw_arr(&w);
	rc = key_audit_each(c->home, name, print_change, json ? &w : NULL, e);
	jw_arr_end(&w);
	if (rc == 0 && json)
		say_json(buf_get(&out));
	buf_release(&out);
	return rc;
}

#define LIMIT_FLAGS \
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

static const struct cmd_flag add_flags[] = {
	LIMIT_FLAGS,
	{ "json", NULL, "as JSON" },
	{ 0 },
};

static const struct cmd_flag change_flags[] = { LIMIT_FLAGS, { 0 } };

static const struct cmd_flag invite_flags[] = {
	{ "expires", "DATE", "until then (UTC); 7 days where nothing is said" },
	{ "json", NULL, "as JSON" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "list", "[--json]", "show the keys and what they may", 0, 0,
	  cmd_json_flags, false, run_list },
	{ "show", "NAME [--json]", "show one key", 1, 1, cmd_json_flags, false,
	  run_show },
	{ "add", "NAME",
	  "make a key for a person (NAME), or a device of one (NAME/DEVICE), "
	  "and print it, this once",
	  1, 1, add_flags, false, run_add },
	{ "change", "NAME", "change what a key may; \"\" takes a limit away", 1,
	  1, change_flags, false, run_change },
	{ "rotate", "NAME [--json]",
	  "a new key in the place of the old one, with its limits", 1, 1,
	  cmd_json_flags, false, run_rotate },
	{ "invite", "NAME",
	  "print a code with which this person signs a program in, once, "
	  "without knowing a key",
	  1, 1, invite_flags, false, run_invite },
	{ "disable", "NAME", "refuse a key until it is enabled", 1, 1, NULL,
	  false, run_disable },
	{ "enable", "NAME", "take a key again", 1, 1, NULL, false, run_enable },
	{ "remove", "NAME", "forget a key, and those of the person's devices",
	  1, 1, NULL, false, run_remove },
	{ "audit", "[NAME] [--json]", "show who changed which key, and when", 0,
	  1, cmd_json_flags, false, run_audit },
	{ 0 },
};

static const char *const key_examples[] = {
	"dario key add ada --spend=20/month,5/day --models='claude-*'",
	"dario key change ada --rate=60/min",
	"dario key list",
	NULL,
};

const struct cmd_group cmd_key = { "key", "keys of people, and their limits",
				   entries, key_examples };
