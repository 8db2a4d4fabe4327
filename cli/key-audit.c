/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/key-audit.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/store.h"
#include "cli/say.h"
#include "state/key.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG KEYS_FOLDER "/audit.jsonl"
#define LINE_MAX_BYTES (64u << 10)

int key_audit_open(const char *home, struct err *e)
{
	return store_open_append(home, LOG, e);
}

/* The user of this machine. */
static void put_actor(struct jw *w)
{
	const struct passwd *p = getpwuid(getuid());
	char number[24];

	snprintf(number, sizeof(number), "%ld", (long)getuid());
	jw_kcstr(w, "actor", p ? p->pw_name : number);
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
		jw_key(w, member);
		jw_raw(w, value ? json_text(value) : SPAN("null"));
	}
	jw_obj_end(w);
}

int key_audit_close(int fd, const char *action, const char *key,
		    struct json_object *before, struct json_object *after,
		    struct err *e)
{
	struct buf line;
	struct jw w = jw_to(&line);
	char now[32];
	int rc = 0;

	buf_init(&line, LINE_MAX_BYTES);
	if (action) {
		clock_stamp(now, sizeof(now));
		jw_obj(&w);
		jw_kcstr(&w, "time", now);
		put_actor(&w);
		jw_kcstr(&w, "action", action);
		jw_kcstr(&w, "key", key);
		put_limits(&w, "before", before);
		put_limits(&w, "after", after);
		jw_obj_end(&w);
		buf_byte(&line, '\n');
		/* One call: lines of two commands do not mix. */
		if (line.full)
			rc = err_set(e, ERR_CONFIG,
				     LOG ": the line is larger "
					 "than %u bytes",
				     LINE_MAX_BYTES);
		else if (write(fd, line.p, line.n) != (ssize_t)line.n ||
			 fsync(fd))
			rc = err_sys(e, "write", LOG);
	}
	close(fd);
	buf_release(&line);
	return rc;
}

static void print_text(struct json_object *o)
{
	struct json_object *after = json_get(o, "after");

	say(stdout, "%s  %-12s %-8s %s  %s\n", json_str(o, "time").p,
	    json_str(o, "actor").p, json_str(o, "action").p,
	    json_str(o, "key").p, after ? json_text(after).p : "");
}

/* A line that was cut by a process that died is passed over. */
static void take_line(struct span line, const char *key, struct jw *json)
{
	struct err unused;
	struct json_object *o = json_read(line, &unused);

	if (json_object_is_type(o, json_type_object) &&
	    (!key || span_is(json_str(o, "key"), key))) {
		if (json)
			jw_raw(json, json_text(o));
		else
			print_text(o);
	}
	json_object_put(o);
}

int key_audit_print(const char *home, const char *key, bool json, struct err *e)
{
	int fd = store_exists(home, LOG) ? store_open(home, LOG, e) : -1;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct buf out;
	struct jw w = jw_to(&out);

	if (fd < 0 && store_exists(home, LOG))
		return -1;
	buf_init(&out, 64u << 20);
	jw_arr(&w);
	while (f && (n = getline(&line, &cap, f)) > 0)
		take_line((struct span){ line, (size_t)n }, key,
			  json ? &w : NULL);
	jw_arr_end(&w);
	free(line);
	if (f)
		fclose(f);
	if (json)
		say_json(buf_get(&out));
	buf_release(&out);
	return 0;
}
