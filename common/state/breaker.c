/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/breaker.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/store.h"

#include <stdio.h>
#include <string.h>

struct breaker {
	int64_t failures; /* in a row */
	int64_t until;    /* open until then; 0: closed */
};

static void file_of(const char *name, char *out, size_t n)
{
	snprintf(out, n, "state/breaker-%s.json", name);
}

static void read_file(const char *home, const char *file, struct breaker *b)
{
	struct json_object *o;
	struct err unused;

	json_load(home, file, &o, &unused);
	b->failures = json_count(o, "failures", 0);
	b->until = json_count(o, "until", 0);
	json_object_put(o);
}

static void write_file(const char *home, const char *file,
		       const struct breaker *b)
{
	struct err unused;
	char text[100];

	snprintf(text, sizeof(text), "{\"failures\":%lld,\"until\":%lld}",
		 (long long)b->failures, (long long)b->until);
	store_put(home, file, span_of(text), &unused);
}

static int lock(const char *home, const char *file)
{
	struct err unused;
	int fd = store_lock(home, file, &unused);

	if (fd < 0 && store_folder(home, "state", &unused) == 0)
		fd = store_lock(home, file, &unused);
	return fd;
}

bool breaker_allows(const char *home, const char *name,
		    const struct settings *s)
{
	int64_t now = clock_wall_ms();
	struct breaker b;
	char file[112];
	bool allowed;
	int fd;

	file_of(name, file, sizeof(file));
	if (!store_exists(home, file))
		return true;
	fd = lock(home, file);
	read_file(home, file, &b);
	/* A clock that was set back is not waited for. */
	allowed = b.until <= now || b.until > now + s->breaker_open_ms;
	/* One probe at a time: the others wait as long again for it. */
	if (allowed && b.until) {
		b.until = now + s->breaker_open_ms;
		write_file(home, file, &b);
	}
	store_unlock(fd);
	return allowed;
}

void breaker_note(const char *home, const char *name, const struct settings *s,
		  bool ok)
{
	struct err unused;
	struct breaker b;
	char file[112];
	int fd;

	file_of(name, file, sizeof(file));
	if (ok && !store_exists(home, file))
		return;
	fd = lock(home, file);
	if (fd < 0)
		return; /* told anew by the next failure */
	read_file(home, file, &b);
	if (ok) {
		store_remove(home, file, &unused);
	} else {
		b.failures++;
		b.until = b.failures >= s->breaker_failures
				? clock_wall_ms() + s->breaker_open_ms
				: 0;
		write_file(home, file, &b);
	}
	store_unlock(fd);
}

int64_t breaker_until(const char *home, const char *name)
{
	struct breaker b;
	char file[112];

	file_of(name, file, sizeof(file));
	if (!store_exists(home, file))
		return 0;
	read_file(home, file, &b);
	return b.until;
}
