/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pace.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/store.h"

#include <stdio.h>

static long take(const char *home, const char *name, long interval_ms)
{
	struct json_object *file;
	struct err unused;
	int64_t now = clock_wall_ms(), last;
	char text[48];

	json_load(home, name, &file, &unused);
	last = json_count(file, "last", 0);
	json_object_put(file);
	/* A clock that was set back is not waited for. */
	if (last <= now && now - last < interval_ms)
		return (long)(last + interval_ms - now);
	snprintf(text, sizeof(text), "{\"last\":%lld}", (long long)now);
	store_put(home, name, span_of(text), &unused);
	return 0;
}

long pace_take(const char *home, const char *alias, long interval_ms)
{
	char name[112];
	struct err unused;
	long wait;
	int lock;

	if (!interval_ms)
		return 0;
	snprintf(name, sizeof(name), "state/pace-%s.json", alias);
	lock = store_lock(home, name, &unused);
	if (lock < 0 && store_folder(home, "state", &unused) == 0)
		lock = store_lock(home, name, &unused);
	wait = take(home, name, interval_ms);
	store_unlock(lock);
	return wait;
}
