/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/key-audit.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/store.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64u << 10)

int key_audit_open(const char *home, struct err *e)
{
	return store_open_append(home, KEY_AUDIT_FILE, e);
}

static void put_actor(struct jw *w, const char *actor)
{
	const struct passwd *p = actor ? NULL : getpwuid(getuid());
	char number[24];

	snprintf(number, sizeof(number), "%ld", (long)getuid());
	jw_kcstr(w, "actor", actor ? actor : p ? p->pw_name : number);
}

static void put_limits(struct jw *w, const char *name, struct json_object *o)
{
	jw_key(w, name);
	if (!o) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	json_object_object_foreach(o, member, value)
	{
		if (strcmp(member, "hash") == 0)
			continue;
		jw_name(w, span_of(member));
		jw_raw(w, value ? json_text(value) : SPAN("null"));
	}
	jw_obj_end(w);
}

static void put_line(struct buf *out, const struct key_audit *a)
{
	struct jw w = jw_to(out);
	char now[32];

	clock_stamp(now, sizeof(now));
	jw_obj(&w);
	jw_kcstr(&w, "time", now);
	put_actor(&w, a->actor);
	jw_kcstr(&w, "action", a->action);
	jw_kcstr(&w, "key", a->key);
	put_limits(&w, "before", a->before);
	put_limits(&w, "after", a->after);
	jw_obj_end(&w);
	buf_byte(out, '\n');
}

int key_audit_close(int fd, const struct key_audit *a, struct err *e)
{
	struct buf line;
	int rc = 0;

	buf_init(&line, LINE_MAX_BYTES);
	if (a->action) {
		put_line(&line, a);
		/* One call: lines of two processes do not mix. */
		if (line.full)
			rc = err_set(e, ERR_CONFIG,
				     KEY_AUDIT_FILE ": the line is larger than "
						    "%u bytes",
				     LINE_MAX_BYTES);
		else if (write(fd, line.p, line.n) != (ssize_t)line.n ||
			 fsync(fd))
			rc = err_sys(e, "write", KEY_AUDIT_FILE);
	}
	close(fd);
	buf_release(&line);
	return rc;
}

int key_audit_each(const char *home, const char *key, key_audit_fn *fn,
		   void *arg, struct err *e)
{
	bool any = store_exists(home, KEY_AUDIT_FILE);
	int fd = any ? store_open(home, KEY_AUDIT_FILE, e) : -1;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	long number = 0;
	ssize_t n;

	if (fd < 0)
		return any ? -1 : 0;
	while (f && (n = getline(&line, &cap, f)) > 0) {
		struct err unused;
		struct json_object *o =
			json_read((struct span){ line, (size_t)n }, &unused);

		number++;
		if (json_object_is_type(o, json_type_object) &&
		    (!key || span_is(json_str(o, "key"), key)))
			fn(arg, number, o);
		json_object_put(o);
	}
	free(line);
	if (f)
		fclose(f);
	return 0;
}
