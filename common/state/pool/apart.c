/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/apart.h"

#include "base/clock.h"
#include "base/json.h"
#include "state/shared/shared.h"

#include <stdio.h>

#define HOLDS_MS ((int64_t)24 * 3600 * 1000)

static struct shared_entry *entry_of(const char *home, const char *backend)
{
	char entry[112];

	snprintf(entry, sizeof(entry), "apart-%.90s", backend);
	return shared_entry(home, entry);
}

static int64_t until_of(struct span text)
{
	struct err unused;
	struct json_object *o = text.n ? json_read(text, &unused) : NULL;
	int64_t until = json_count(o, "until", 0);

	json_object_put(o);
	return until;
}

bool apart_known(const char *home, const char *backend)
{
	struct shared_entry *x = entry_of(home, backend);
	int64_t now = clock_wall_ms(), until = 0;
	struct err unused;
	struct buf text;

	buf_init(&text, SHARED_TEXT_MAX);
	if (shared_read(x, &text, &unused) == 0)
		until = until_of(buf_get(&text));
	buf_release(&text);
	/* A clock that was set back is not believed. */
	return until > now && until <= now + HOLDS_MS;
}

static bool put(void *arg, struct span was, struct buf *now)
{
	(void)arg;
	(void)was;
	buf_fmt(now, "{\"until\":%lld}",
		(long long)(clock_wall_ms() + HOLDS_MS));
	return true;
}

void apart_note(const char *home, const char *backend)
{
	struct err unused; /* it is seen again */

	shared_update(entry_of(home, backend), put, NULL, &unused);
}
