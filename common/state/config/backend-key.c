/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/backend-key.h"

#include "state/config/backend-fields.h"
#include "state/config/member.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool good_variable(const char *name)
{
	const char *p = name;

	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return p > name && !*p && !isdigit((unsigned char)*name);
}

static int load_key_env(struct backend *b, const char *name, struct err *e)
{
	struct span value = SPAN("");
	char why[200];

	if (!good_variable(name))
		return err_set(e, ERR_CONFIG,
			       "keyEnv must be the name of a variable");
	b->key_env = xstrdup(name);
	value = span_trim(span_of(getenv(name)));
	if (value.n && value.n < ACCOUNT_TOKEN_MAX && span_visible(value)) {
		b->api_key = xstrndup(value.p, value.n);
		return 0;
	}
	snprintf(why, sizeof(why),
		 value.n ? "what %.80s holds in the router's environment is no "
			   "key"
			 : "%.80s is not set in the router's environment: set "
			   "it and start the router anew",
		 name);
	b->key_problem = xstrdup(why);
	return 0;
}

static int load_key_command(struct backend *b, const char *name,
			    struct json_object *file, const char *line,
			    struct err *e)
{
	long ttl;

	if (member_number(file, "keyTtl", 0, KEY_TTL_MAX, KEY_TTL_PRESET, &ttl,
			  e))
		return -1;
	b->key_command = key_command_new(name, line, ttl, e);
	return b->key_command ? 0 : err_add(e, "keyCommand");
}

int backend_load_key(struct backend *b, const char *name,
		     struct json_object *file, struct err *e)
{
	const char *key = json_cstr(file, "apiKey");
	const char *env = json_cstr(file, "keyEnv");
	const char *line = json_cstr(file, "keyCommand");
	bool has_key = key && *key;

	if (has_key + !!env + !!line > 1)
		return err_set(e, ERR_CONFIG,
			       "apiKey, keyEnv and keyCommand exclude each "
			       "other: leave one");
	if (env)
		return load_key_env(b, env, e);
	if (line)
		return load_key_command(b, name, file, line, e);
	if (has_key && !span_visible(span_of(key)))
		return err_set(e, ERR_CONFIG,
			       "apiKey has blanks or characters outside ASCII");
	b->api_key = has_key ? xstrdup(key) : NULL;
	return 0;
}

bool backend_has_key(const struct backend *b)
{
	return b->api_key || b->key_env || b->key_command;
}

int backend_key(const struct backend *b, const char *home, struct buf *out,
		struct err *e)
{
	char name[ACCOUNT_ALIAS_MAX + 16];

	if (backend_needs_no_key(b))
		return 0;
	if (b->key_problem)
		return err_set(e, ERR_CONFIG, "backend %s: %s", b->name,
			       b->key_problem);
	if (b->api_key) {
		buf_str(out, b->api_key);
	} else if (b->key_command &&
		   key_command_get(b->key_command, home, out, e)) {
		snprintf(name, sizeof(name), "backend %s", b->name);
		return err_add(e, name);
	}
	return 0;
}

int backend_credential(const struct backend *b, const char *home,
		       enum dialect_id dialect, struct buf *out, struct err *e)
{
	struct buf key;
	int rc;

	buf_init(&key, ACCOUNT_TOKEN_MAX);
	rc = backend_key(b, home, &key, e);
	if (rc == 0)
		backend_key_credential(b, key.n ? buf_cstr(&key) : NULL,
				       dialect, out);
	buf_release(&key);
	return rc;
}
