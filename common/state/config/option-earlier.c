/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/option-earlier.h"

#include <string.h>

const char *const earlier_keys[EARLIER_MAX] = {
	"version",
	"mergeTools",
	"noAutoDetect",
	"strictTls",
	"strictTemplate",
	"noLiveCapture",
	"drainOnClose",
	"stealth",
	"pacing",
	"thinkTime",
	"sessionStart",
	"session",
	"queue",
	"pool",
	"effort",
	"maxTokens",
	"passthroughBetas",
	"systemPrompt",
	"preserveOrchestrationTags",
	"logFile",
	"overageGuard",
	NULL,
};

static const struct {
	const char *ours, *group, *member, *where;
} moved[] = {
	{ "minIntervalMs", "pacing", "minMs", "pacing.minMs" },
	{ "queueMs", "queue", "timeoutMs", "queue.timeoutMs" },
	{ "strategy", "pool", "strategy", "pool.strategy" },
	{ "overage", "overageGuard", "behavior", "overageGuard.behavior" },
};

bool earlier_is(struct json_object *file)
{
	return json_object_is_type(json_get(file, "version"), json_type_int);
}

const char *earlier_text(struct json_object *file, const char *key,
			 const char **where)
{
	if (!earlier_is(file))
		return NULL;
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		struct json_object *group, *v;

		if (strcmp(moved[i].ours, key))
			continue;
		group = json_get(file, moved[i].group);
		*where = moved[i].where;
		if (strcmp(key, "overage") == 0 &&
		    !json_flag(group, "enabled", true))
			return "off";
		v = json_get(group, moved[i].member);
		return v ? json_object_get_string(v) : NULL;
	}
	return NULL;
}

/* Groups stand there as they are by default. */
static bool is_set(struct json_object *v)
{
	switch (json_object_get_type(v)) {
	case json_type_boolean:
		return json_object_get_boolean(v);
	case json_type_array:
		return json_length(v) > 0;
	case json_type_object:
	case json_type_null:
		return false;
	case json_type_int:
	case json_type_double:
	case json_type_string:
		break;
	}
	return true;
}

void earlier_note(struct notes *n, struct json_object *file)
{
	struct buf list;

	buf_init(&list, 800);
	for (size_t i = 1; earlier_is(file) && earlier_keys[i]; i++)
		if (is_set(json_get(file, earlier_keys[i])))
			buf_fmt(&list, "%s%s", list.n ? ", " : "",
				earlier_keys[i]);
	if (list.n)
		notes_add(n, false,
			  "config.json: of the earlier dario, and without "
			  "meaning here: %s",
			  buf_cstr(&list));
	buf_release(&list);
}
