/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/key-edit.h"

#include "base/store.h"
#include "state/keys/key-audit.h"

#include <stdio.h>
#include <string.h>

static int make_folders(const char *home, const char *name, struct err *e)
{
	char folder[KEY_FILE_BYTES];

	if (store_folder(home, NULL, e) || store_folder(home, KEYS_FOLDER, e))
		return -1;
	if (!strchr(name, '/'))
		return 0;
	snprintf(folder, sizeof(folder), KEYS_FOLDER "/%.*s",
		 (int)strcspn(name, "/"), name);
	return store_folder(home, folder, e);
}

int key_edit_begin(struct key_edit *x, const char *home, const char *name,
		   const char *actor, struct err *e)
{
	*x = (struct key_edit){ .home = home,
				.name = name,
				.actor = actor,
				.lock = -1,
				.audit = -1 };
	key_file(name, x->file);
	if (make_folders(home, name, e))
		return -1;
	x->lock = store_lock(home, x->file, e);
	if (x->lock < 0)
		return -1;
	x->audit = key_audit_open(home, e);
	return x->audit < 0 ? -1 : 0;
}

int key_unknown(const char *name, struct err *e)
{
	return err_set(e, ERR_CONFIG, "there is no key %s: see dario key list",
		       name);
}

int key_edit_load(struct key_edit *x, struct err *e)
{
	struct err unused;
	int rc = json_load(x->home, x->file, &x->now, e);

	if (rc > 0)
		return key_unknown(x->name, e);
	if (rc < 0)
		return -1;
	if (!json_object_is_type(x->now, json_type_object))
		return err_set(e, ERR_CONFIG, "%s: not a JSON object", x->file);
	return json_load(x->home, x->file, &x->was, &unused);
}

int key_edit_save(struct key_edit *x, struct err *e)
{
	return store_replace(x->home, x->file, span_of(json_pretty(x->now)), e);
}

int key_edit_end(struct key_edit *x, const char *done, int rc, struct err *e)
{
	struct key_audit a = { .actor = x->actor,
			       .action = rc ? NULL : done,
			       .key = x->name,
			       .before = x->was,
			       .after = x->now };

	if (x->audit >= 0 && key_audit_close(x->audit, &a, e))
		rc = -1;
	if (x->lock >= 0)
		store_unlock(x->lock);
	json_object_put(x->was);
	json_object_put(x->now);
	return rc;
}

static void say_unlimited(struct json_object *file, enum quota_period p,
			  bool is)
{
	struct json_object *was = json_get(file, "unlimited");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(was); i++)
		if (quota_period_named(json_span(json_at(was, i))) != (int)p)
			json_object_array_add(list,
					      json_object_get(json_at(was, i)));
	if (is)
		json_object_array_add(
			list, json_object_new_string(quota_period_name(p)));
	json_object_object_del(file, "unlimited");
	if (json_length(list))
		json_object_object_add(file, "unlimited", list);
	else
		json_object_put(list);
}

int key_edit_spend(struct key_edit *x, enum quota_period p, int64_t most,
		   struct err *e)
{
	const char *text = json_cstr(x->now, "spend");
	struct quota q;
	struct buf out;

	quota_init(&q);
	if (text && quota_read_spend(&q, text, e))
		return err_add(e, x->file);
	q.spend[p] = most < 0 ? -1 : most;
	say_unlimited(x->now, p, most == KEY_EDIT_NULL);
	buf_init(&out, 256);
	quota_write_spend(&q, &out);
	if (out.n)
		json_set_str(x->now, "spend", buf_cstr(&out));
	else
		json_object_object_del(x->now, "spend");
	buf_release(&out);
	return 0;
}
