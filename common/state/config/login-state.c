/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/login-state.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/store.h"

#include <stdio.h>

/* A hash: whatever a browser is made to send is no path. */
static void file_of(const char *state, char *out, size_t n)
{
	char hash[33];

	digest_hex(span_of(state), hash, sizeof(hash));
	snprintf(out, n, "state/login-%s.json", hash);
}

static int write_file(const char *home, const char *name, struct json_object *o,
		      struct err *e)
{
	int rc, lock = store_lock(home, name, e);

	if (lock < 0)
		return -1;
	rc = store_put(home, name, json_text(o), e);
	store_unlock(lock);
	return rc;
}

int login_state_begin(const char *home, const char *state, struct err *e)
{
	struct json_object *o;
	char name[80];
	int rc;

	if (store_folder(home, NULL, e) || store_folder(home, "state", e))
		return -1;
	file_of(state, name, sizeof(name));
	o = json_object_new_object();
	json_object_object_add(
		o, "until",
		json_object_new_int64(clock_wall_ms() + LOGIN_STATE_MS));
	rc = write_file(home, name, o, e);
	json_object_put(o);
	return rc;
}

void login_state_end(const char *home, const char *state)
{
	struct err unused;
	char name[80], lock[90];

	file_of(state, name, sizeof(name));
	snprintf(lock, sizeof(lock), "%s.lock", name);
	store_remove(home, name, &unused);
	store_remove(home, lock, &unused);
}

int login_state_answer(const char *home, const char *state, const char *code,
		       const char *error, struct err *e)
{
	struct json_object *o;
	char name[80];
	int rc;

	file_of(state, name, sizeof(name));
	rc = json_load(home, name, &o, e);
	if (rc)
		return rc;
	if (json_int(o, "until", 0) < clock_wall_ms() || json_get(o, "code") ||
	    json_get(o, "error")) {
		json_object_put(o);
		return 1;
	}
	json_set_str(o, *code ? "code" : "error", *code ? code : error);
	rc = write_file(home, name, o, e);
	json_object_put(o);
	return rc;
}

int login_state_look(const char *home, const char *state, struct buf *code,
		     struct buf *error, struct err *e)
{
	struct json_object *o;
	char name[80];
	int rc;

	file_of(state, name, sizeof(name));
	rc = json_load(home, name, &o, e);
	if (rc > 0)
		return err_set(e, ERR_CONFIG, "%s is gone", name);
	if (rc < 0)
		return -1;
	buf_span(code, json_str(o, "code"));
	buf_span(error, json_str(o, "error"));
	json_object_put(o);
	return code->n || error->n ? 0 : 1;
}
