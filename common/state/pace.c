/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/pace.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/store.h"

#include <stdio.h>

#define AHEAD_MAX_MS 600000 /* a clock that was set back is not waited for */

static long take(const char *home, const char *name, long interval_ms)
{
	struct json_object *file;
	struct err unused;
	int64_t now = clock_wall_ms(), next;
	char text[48];

	json_load(home, name, &file, &unused);
	next = json_count(file, "next", 0);
	json_object_put(file);
	if (next < now || next > now + AHEAD_MAX_MS)
		next = now;
	snprintf(text, sizeof(text), "{\"next\":%lld}",
		 (long long)next + interval_ms);
	store_put(home, name, span_of(text), &unused);
	return (long)(next - now);
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
