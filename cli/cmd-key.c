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
#include "state/key-audit.h"
#include "state/key-edit.h"
#include "state/key.h"
#include "state/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "a key's name"

static int check_name(const char *name, struct err *e)
{
	if (secret_check_name(name, NAME, e))
		return -1;
	if (key_good_name(name))
		return 0;
	return err_set(e, ERR_USAGE,
		       "a key's name is NAME or NAME/DEVICE, each 1 to 64 of "
		       "A-Z a-z 0-9 _ -, not \"%.40s\"",
		       name);
}

static int not_there(const char *name, struct err *e)
{
	return err_set(e, ERR_CONFIG, "there is no key %s: see dario key list",
		       name);
}

/* --- limits from flags --------------------------------------------------- */

/* What the flag says, in our words; "" takes the limit away. */
typedef int flag_fn(const char *text, struct buf *out, struct err *e);

static int spend(const char *text, struct buf *out, struct err *e)
{
	struct quota q;

	quota_init(&q);
	if (quota_read_spend(&q, text, e))
		return -1;
	quota_write_spend(&q, out);
	return 0;
}

static int window(const char *text, struct buf *out, struct err *e)
{
	struct quota_window w;

	if (quota_read_window(&w, text, e))
		return -1;
	quota_write_window(&w, out);
	return 0;
}

static int date(const char *text, struct buf *out, struct err *e)
{
	char canonical[24];
	int64_t ms;

	if (quota_read_date(text, &ms, e))
		return -1;
	quota_write_date(ms, canonical);
	buf_str(out, canonical);
	if (ms <= clock_wall_ms())
		say(stderr, "dario: warning: %s is in the past\n", text);
	return 0;
}

static const struct {
	const char *name;
	flag_fn *read;
} texts[] = {
	{ "spend", spend },
	{ "rate", window },
	{ "tokens", window },
	{ "expires", date },
};

static const struct {
	const char *name;
	long least, most;
} numbers[] = {
	{ "parallel", 1, KEY_PARALLEL_MAX },
	{ "priority", 0, KEY_PRIORITY_MAX },
};

static int wrong_flag(const char *flag, struct err *e)
{
	char name[32];

	snprintf(name, sizeof(name), "--%s", flag);
	e->code = ERR_USAGE;
	return err_add(e, name);
}

static int take_text(const struct cmd *c, struct json_object *o, size_t i,
		     struct err *e)
{
	const char *name = texts[i].name, *text = cmd_value(c, name);
	struct buf out;
	int rc = 0;

	if (!text)
		return 0;
	if (!*text) {
		json_object_object_del(o, name);
		return 0;
	}
	buf_init(&out, 256);
	if (texts[i].read(text, &out, e))
		rc = wrong_flag(name, e);
	else
		json_set_str(o, name, buf_cstr(&out));
	buf_release(&out);
	return rc;
}

static int take_number(const struct cmd *c, struct json_object *o, size_t i,
		       struct err *e)
{
	const char *name = numbers[i].name, *text = cmd_value(c, name);
	char *end;
	long v;

	if (!text)
		return 0;
	if (!*text) {
		json_object_object_del(o, name);
		return 0;
	}
	v = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || v < numbers[i].least ||
	    v > numbers[i].most)
		return err_set(e, ERR_USAGE,
			       "--%s must be a number from %ld to %ld, not "
			       "\"%.20s\"",
			       name, numbers[i].least, numbers[i].most, text);
	json_object_object_add(o, name, json_object_new_int64(v));
	return 0;
}

static int take_models(const struct cmd *c, struct json_object *o,
		       struct err *e)
{
	const char *text = cmd_value(c, "models");

	if (!text)
		return 0;
	if (!*text) {
		json_object_object_del(o, "models");
		return 0;
	}
	if (cmd_check_list(c, "models", e))
		return -1;
	json_object_object_add(o, "models", json_split(text));
	return 0;
}

/* All of it must be right together, too. */
static int check(struct json_object *o, struct err *e)
{
	struct key k = { 0 };
	int rc = key_read(&k, o, e);

	key_release(&k);
	return rc;
}

static int take_to(const struct cmd *c, struct json_object *o, struct err *e)
{
	const char *text = cmd_value(c, "to");

	if (!text)
		return 0;
	if (strcmp(text, "yes") == 0)
		json_object_object_add(o, "to", json_object_new_boolean(1));
	else if (strcmp(text, "no") == 0 || !*text)
		json_object_object_del(o, "to");
	else
		return err_set(e, ERR_USAGE,
			       "--to must be yes or no, not \"%.20s\"", text);
	return 0;
}

static int take_limits(const struct cmd *c, struct json_object *o,
		       struct err *e)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (take_text(c, o, i, e))
			return -1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (take_number(c, o, i, e))
			return -1;
	return take_models(c, o, e) || take_to(c, o, e) || check(o, e) ? -1 : 0;
}

/* --- one change ---------------------------------------------------------- */

struct edit {
	const struct cmd *c;
	struct key_edit k;
	char key[KEY_TEXT_BYTES]; /* a new one, to be shown */
};

typedef int edit_fn(struct edit *x, struct err *e);

/* `done` is what it is called afterwards. */
static int edited(const struct cmd *c, const char *name, edit_fn *make,
		  const char *done, struct edit *x, struct err *e)
{
	int rc;

	x->c = c;
	rc = key_edit_begin(&x->k, c->home, name, NULL, e);
	if (rc == 0)
		rc = make(x, e);
	return key_edit_end(&x->k, done, rc, e);
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

static int edited_and_shown(const struct cmd *c, edit_fn *make,
			    const char *done, struct err *e)
{
	struct edit x;

	if (check_name(c->args[0], e) ||
	    edited(c, c->args[0], make, done, &x, e))
		return -1;
	print_key(c, x.key);
	return 0;
}

static void put_key(struct edit *x)
{
	char hash[KEY_HASH_TEXT_BYTES];

	key_make(x->key, hash);
	json_set_str(x->k.now, "hash", hash);
}

static int add(struct edit *x, struct err *e)
{
	char now[24];

	if (store_exists(x->c->home, x->k.file))
		return err_set(e, ERR_USAGE,
			       "there is a key %s already: use dario key "
			       "change or rotate, or remove it first",
			       x->k.name);
	quota_write_date(clock_wall_ms(), now);
	x->k.now = json_object_new_object();
	put_key(x);
	json_set_str(x->k.now, "created", now);
	return take_limits(x->c, x->k.now, e) || key_edit_save(&x->k, e) ? -1
									 : 0;
}

static int rotate(struct edit *x, struct err *e)
{
	if (key_edit_load(&x->k, e))
		return -1;
	put_key(x);
	return check(x->k.now, e) || key_edit_save(&x->k, e) ? -1 : 0;
}

static int run_add(struct cmd *c, struct err *e)
{
	return edited_and_shown(c, add, "add", e);
}

static int run_rotate(struct cmd *c, struct err *e)
{
	return edited_and_shown(c, rotate, "rotate", e);
}

/* --- change, disable, enable, remove ------------------------------------- */

static bool any_limit(const struct cmd *c)
{
	for (size_t i = 0; c->entry->flags[i].name; i++)
		if (c->values[i])
			return true;
	return false;
}

static int change(struct edit *x, struct err *e)
{
	return key_edit_load(&x->k, e) || take_limits(x->c, x->k.now, e) ||
			       key_edit_save(&x->k, e)
		     ? -1
		     : 0;
}

static int run_change(struct cmd *c, struct err *e)
{
	struct edit x;

	if (check_name(c->args[0], e))
		return -1;
	if (!any_limit(c))
		return err_set(e, ERR_USAGE,
			       "say what to change, such as --spend=20/month: "
			       "see dario help key");
	return edited(c, c->args[0], change, "change", &x, e);
}

static int disable(struct edit *x, struct err *e)
{
	if (key_edit_load(&x->k, e))
		return -1;
	json_object_object_add(x->k.now, "disabled",
			       json_object_new_boolean(1));
	return key_edit_save(&x->k, e);
}

static int enable(struct edit *x, struct err *e)
{
	if (key_edit_load(&x->k, e))
		return -1;
	json_object_object_del(x->k.now, "disabled");
	return key_edit_save(&x->k, e);
}

static int run_disable(struct cmd *c, struct err *e)
{
	struct edit x;

	return check_name(c->args[0], e) ||
			       edited(c, c->args[0], disable, "disable", &x, e)
		     ? -1
		     : 0;
}

static int run_enable(struct cmd *c, struct err *e)
{
	struct edit x;

	return check_name(c->args[0], e) ||
			       edited(c, c->args[0], enable, "enable", &x, e)
		     ? -1
		     : 0;
}

/* Also one whose file is wrong. */
static int drop(struct edit *x, struct err *e)
{
	struct err unused;

	if (!store_exists(x->c->home, x->k.file))
		return not_there(x->k.name, e);
	if (json_load(x->c->home, x->k.file, &x->k.was, &unused) ||
	    !json_object_is_type(x->k.was, json_type_object)) {
		json_object_put(x->k.was);
		x->k.was = NULL;
	}
	if (store_remove(x->c->home, x->k.file, e))
		return -1;
	meter_forget(x->c->home, x->k.name);
	return 0;
}

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

static bool is_device_of(const struct key *k, const char *person)
{
	size_t n = strlen(person);

	return strncmp(k->name, person, n) == 0 && k->name[n] == '/';
}

/* A person goes with all devices: who has left must not keep one. */
static int run_remove(struct cmd *c, struct err *e)
{
	const char *name = c->args[0];
	struct notes notes;
	struct keys all;
	struct edit x;
	size_t n = 0;
	int rc = 0;

	if (check_name(name, e) || load(c, &all, &notes, e))
		return -1;
	for (size_t i = 0; i < all.n && rc == 0; i++) {
		const struct key *k = &all.list[i];

		if (strcmp(k->name, name) && !is_device_of(k, name))
			continue;
		rc = edited(c, k->name, drop, "remove", &x, e);
		n++;
		if (rc == 0 && strcmp(k->name, name))
			say(stderr, "dario: the key %s is removed, too\n",
			    k->name);
	}
	keys_release(&all);
	notes_release(&notes);
	return rc || n ? rc : not_there(name, e);
}

/* --- list, show ---------------------------------------------------------- */

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
		rc = not_there(name, e);
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
	return check_name(c->args[0], e) ? -1 : list(c, c->args[0], e);
}

static int run_invite(struct cmd *c, struct err *e)
{
	const struct key *k;
	struct notes notes;
	struct keys all;
	int rc = -1;

	if (check_name(c->args[0], e) || load(c, &all, &notes, e))
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
		say(stdout, "%s  %-12s %-8s %s  %s\n", json_str(o, "time").p,
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

	if (name && check_name(name, e))
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
