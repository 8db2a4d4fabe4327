/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/key-limits.h"

#include "base/clock.h"
#include "cli/say.h"
#include "state/key.h"
#include "state/quota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	for (bool more = true; more;) {
		struct span item = { text, strcspn(text, ",") };

		more = text[item.n];
		text += item.n + more;
		if (!span_trim(item).n)
			return err_set(e, ERR_USAGE,
				       "--models has an empty pattern: write "
				       "it as claude-*,gpt-5");
	}
	json_object_object_add(o, "models", json_split(cmd_value(c, "models")));
	return 0;
}

/* All of it must be right together, too. */
int key_limits_check(struct json_object *o, struct err *e)
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

int key_limits_take(const struct cmd *c, struct json_object *o, struct err *e)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (take_text(c, o, i, e))
			return -1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (take_number(c, o, i, e))
			return -1;
	return take_models(c, o, e) || take_to(c, o, e) ||
			       key_limits_check(o, e)
		     ? -1
		     : 0;
}

bool key_limits_any(const struct cmd *c)
{
	for (size_t i = 0; c->entry->flags[i].name; i++)
		if (c->values[i])
			return true;
	return false;
}
