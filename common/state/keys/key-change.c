/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/key-change.h"

#include "base/clock.h"
#include "base/secret-name.h"
#include "base/store.h"
#include "state/config/rule.h"
#include "state/keys/key-edit.h"
#include "state/keys/meter.h"
#include "state/shared/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "a key's name"

#define AT(member) \
	{ \
#member, offsetof(struct key_wish, member) \
	}

const struct key_limit key_limits[] = {
	AT(models),   AT(spend),   AT(rate), AT(tokens),       AT(parallel),
	AT(priority), AT(expires), AT(to),   { .name = NULL },
};

void key_wish_set(struct key_wish *w, const struct key_limit *l,
		  const char *text)
{
	*(const char **)((char *)w + l->at) = text;
}

int key_check_name(const char *name, struct err *e)
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

/* --- limits -------------------------------------------------------------- */

/* What was said, in our words. */
typedef int read_fn(const char *text, struct buf *out, struct err *e);

static int read_spend(const char *text, struct buf *out, struct err *e)
{
	struct quota q;

	quota_init(&q);
	if (quota_read_spend(&q, text, e))
		return -1;
	quota_write_spend(&q, out);
	return 0;
}

static int read_window(const char *text, struct buf *out, struct err *e)
{
	struct quota_window w;

	if (quota_read_window(&w, text, e))
		return -1;
	quota_write_window(&w, out);
	return 0;
}

static int read_date(const char *text, struct buf *out, struct err *e)
{
	char canonical[24];
	int64_t ms;

	if (quota_read_date(text, &ms, e))
		return -1;
	quota_write_date(ms, canonical);
	buf_str(out, canonical);
	return 0;
}

/* Is there something to put? "" takes the member away. */
static bool is_said(struct json_object *o, const char *member, const char *text)
{
	if (text && !*text)
		json_object_object_del(o, member);
	return text && *text;
}

static int take_text(struct json_object *o, const char *member,
		     const char *text, read_fn *read, struct err *e)
{
	struct buf out;
	char flag[32];
	int rc = 0;

	if (!is_said(o, member, text))
		return 0;
	buf_init(&out, 256);
	if (read(text, &out, e)) {
		snprintf(flag, sizeof(flag), "--%s", member);
		e->code = ERR_USAGE;
		rc = err_add(e, flag);
	} else {
		json_set_str(o, member, buf_cstr(&out));
	}
	buf_release(&out);
	return rc;
}

static int take_number(struct json_object *o, const char *member,
		       const char *text, long least, long most, struct err *e)
{
	char *end;
	long v;

	if (!is_said(o, member, text))
		return 0;
	v = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || v < least || v > most)
		return err_set(e, ERR_USAGE,
			       "--%s must be a number from %ld to %ld, not "
			       "\"%.20s\"",
			       member, least, most, text);
	json_object_object_add(o, member, json_object_new_int64(v));
	return 0;
}

static int take_models(struct json_object *o, const char *text, struct err *e)
{
	if (!is_said(o, "models", text))
		return 0;
	if (glob_check_list(text, "models", e))
		return -1;
	json_object_object_add(o, "models", json_split(text));
	return 0;
}

static int take_to(struct json_object *o, const char *text, struct err *e)
{
	if (!is_said(o, "to", text))
		return 0;
	if (strcmp(text, "yes") == 0)
		json_object_object_add(o, "to", json_object_new_boolean(1));
	else if (strcmp(text, "no") == 0)
		json_object_object_del(o, "to");
	else
		return err_set(e, ERR_USAGE,
			       "--to must be yes or no, not \"%.20s\"", text);
	return 0;
}

/* All of it must be right together, too. */
static int check(struct json_object *o, bool *past, struct err *e)
{
	struct key k = { 0 };
	int rc = key_read(&k, o, e);

	if (past)
		*past = k.expires && k.expires <= clock_wall_ms();
	key_release(&k);
	return rc;
}

static int take_limits(const struct key_wish *w, struct json_object *o,
		       bool *past, struct err *e)
{
	if (w->spend)
		json_object_object_del(o, "unlimited");
	return take_text(o, "spend", w->spend, read_spend, e) ||
			       take_text(o, "rate", w->rate, read_window, e) ||
			       take_text(o, "tokens", w->tokens, read_window,
					 e) ||
			       take_text(o, "expires", w->expires, read_date,
					 e) ||
			       take_number(o, "parallel", w->parallel, 1,
					   KEY_PARALLEL_MAX, e) ||
			       take_number(o, "priority", w->priority, 0,
					   KEY_PRIORITY_MAX, e) ||
			       take_models(o, w->models, e) ||
			       take_to(o, w->to, e) || check(o, past, e)
		     ? -1
		     : 0;
}

/* --- one change ---------------------------------------------------------- */

struct change {
	struct key_edit k;
	const struct key_wish *wish;
	struct json_object *fresh; /* the file of a key to add */
	char *key;                 /* a new one, for whoever asks */
	bool *past, off;
};

typedef int change_fn(struct change *x, struct err *e);

/* What is refused for its name leaves nothing behind, not even a lock. */
static int check_name(const struct change *x, struct err *e)
{
	char file[KEY_FILE_BYTES];

	if (key_check_name(x->wish->name, e))
		return -1;
	key_file(x->wish->name, file);
	if (x->fresh || store_exists(x->wish->home, file))
		return 0;
	return key_unknown(x->wish->name, e);
}

/* `done` is what it is called afterwards. */
static int make(struct change *x, change_fn *fn, const char *done,
		struct err *e)
{
	const struct key_wish *w = x->wish;
	int rc;

	if (check_name(x, e))
		return -1;
	rc = key_edit_begin(&x->k, w->home, w->name, w->actor, e);
	if (rc == 0)
		rc = fn(x, e);
	return key_edit_end(&x->k, done, rc, e);
}

static void put_key(struct json_object *o, char *key)
{
	char hash[KEY_HASH_TEXT_BYTES];

	key_make(key, hash);
	json_set_str(o, "hash", hash);
}

static int add(struct change *x, struct err *e)
{
	if (store_exists(x->k.home, x->k.file))
		return err_set(e, ERR_USAGE,
			       "there is a key %s already: use dario key "
			       "change or rotate, or remove it first",
			       x->k.name);
	x->k.now = json_object_get(x->fresh);
	return key_edit_save(&x->k, e);
}

static int rotate(struct change *x, struct err *e)
{
	if (key_edit_load(&x->k, e))
		return -1;
	put_key(x->k.now, x->key);
	return check(x->k.now, NULL, e) || key_edit_save(&x->k, e) ? -1 : 0;
}

static int change(struct change *x, struct err *e)
{
	return key_edit_load(&x->k, e) ||
			       take_limits(x->wish, x->k.now, x->past, e) ||
			       key_edit_save(&x->k, e)
		     ? -1
		     : 0;
}

static int disable(struct change *x, struct err *e)
{
	if (key_edit_load(&x->k, e))
		return -1;
	if (x->off)
		json_object_object_add(x->k.now, "disabled",
				       json_object_new_boolean(1));
	else
		json_object_object_del(x->k.now, "disabled");
	return key_edit_save(&x->k, e);
}

static int drop(struct change *x, struct err *e)
{
	struct err unused;

	if (json_load(x->k.home, x->k.file, &x->k.was, &unused) ||
	    !json_object_is_type(x->k.was, json_type_object)) {
		json_object_put(x->k.was);
		x->k.was = NULL;
	}
	if (store_remove(x->k.home, x->k.file, e))
		return -1;
	meter_forget(x->k.home, x->k.name);
	return 0;
}

int key_add(const struct key_wish *w, char key[KEY_TEXT_BYTES], bool *past,
	    struct err *e)
{
	struct change x = { .wish = w, .fresh = json_object_new_object() };
	char now[24];
	int rc;

	quota_write_date(clock_wall_ms(), now);
	put_key(x.fresh, key);
	json_set_str(x.fresh, "created", now);
	rc = take_limits(w, x.fresh, past, e);
	if (rc == 0)
		rc = make(&x, add, "add", e);
	json_object_put(x.fresh);
	return rc;
}

int key_change(const struct key_wish *w, bool *past, struct err *e)
{
	struct change x = { .wish = w, .past = past };

	return make(&x, change, "change", e);
}

int key_rotate(const struct key_wish *w, char key[KEY_TEXT_BYTES],
	       struct err *e)
{
	struct change x = { .wish = w, .key = key };

	return make(&x, rotate, "rotate", e);
}

int key_disable(const struct key_wish *w, bool off, struct err *e)
{
	struct change x = { .wish = w, .off = off };

	return make(&x, disable, off ? "disable" : "enable", e);
}

/* --- remove -------------------------------------------------------------- */

static bool is_of(const struct key *k, const char *person)
{
	size_t n = strlen(person);

	return strncmp(k->name, person, n) == 0 &&
	       (!k->name[n] || k->name[n] == '/');
}

/* Has the person no other key but those of that name? Then what they made is
 * nobody's who gets the name later. */
static void leave_objects(const struct key_wish *w, const struct keys *all)
{
	struct span person = { w->name, strcspn(w->name, "/") };
	char who[KEY_NAME_MAX + 1];

	span_text(who, sizeof(who), person);
	for (size_t i = 0; i < all->n; i++)
		if (is_of(&all->list[i], who) && !is_of(&all->list[i], w->name))
			return;
	objects_leave(w->home, who);
}

static int remove_of(const struct key_wish *w, const struct keys *all,
		     key_gone_fn *fn, void *arg, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct key_wish one = *w;
		struct change x = { .wish = &one };

		if (!is_of(&all->list[i], w->name))
			continue;
		one.name = all->list[i].name;
		if (make(&x, drop, "remove", e))
			return -1;
		if (fn)
			fn(arg, one.name);
		n++;
	}
	if (!n)
		return key_unknown(w->name, e);
	leave_objects(w, all);
	return 0;
}

int key_remove(const struct key_wish *w, key_gone_fn *fn, void *arg,
	       struct err *e)
{
	struct notes notes = { .n = 0 };
	struct keys all = { .n = 0 };
	int rc = -1;

	if (key_check_name(w->name, e))
		return -1;
	if (store_folder(w->home, NULL, e) == 0 &&
	    store_folder(w->home, KEYS_FOLDER, e) == 0 &&
	    keys_load(&all, w->home, NULL, NULL, &notes, e) == 0)
		rc = remove_of(w, &all, fn, arg, e);
	keys_release(&all);
	notes_release(&notes);
	return rc;
}
