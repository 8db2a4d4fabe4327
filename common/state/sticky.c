/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/sticky.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "state/sticky"
#define FILES 256
#define RENEW_MS (STICKY_MS / 8) /* a use is noted this often at most */
#define FILE_KEYS_MAX 4096

static void file_of(const char *key, char *out, size_t n)
{
	snprintf(out, n, FOLDER "/%.2s.json", key);
}

/* {"KEY":["alias",1764000000000],...}: a use may be newer than the note. */
static bool alive(struct json_object *entry, int64_t now)
{
	return json_count_at(entry, 1) + STICKY_MS + RENEW_MS > now;
}

/* The last version read of each file, by this process. None is kept open: there
 * are many, and a binding may be old. */
static struct {
	struct store_sign sign;
	struct json_object *file;
} cache[FILES];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

/* With the lock of the cache. What cannot be read is as good as nothing. */
static struct json_object *read_cached(const char *home, const char *key)
{
	char name[40], first[3] = { key[0], key[1], '\0' };
	size_t i = strtoul(first, NULL, 16);
	struct store_sign sign;
	struct err unused;

	file_of(key, name, sizeof(name));
	store_sign(home, name, &sign);
	if (memcmp(&sign, &cache[i].sign, sizeof(sign))) {
		json_object_put(cache[i].file);
		cache[i].file = NULL;
		cache[i].sign = sign;
		if (sign.ino)
			json_load(home, name, &cache[i].file, &unused);
	}
	return cache[i].file;
}

void sticky_get(const char *home, struct binding *b)
{
	struct json_object *entry;

	b->alias[0] = '\0';
	b->used = 0;
	pthread_mutex_lock(&cache_lock);
	entry = json_get(read_cached(home, b->key), b->key);
	if (entry && alive(entry, clock_wall_ms())) {
		snprintf(b->alias, sizeof(b->alias), "%.*s",
			 SPAN_FMT(json_span(json_at(entry, 0))));
		b->used = json_count_at(entry, 1);
	}
	pthread_mutex_unlock(&cache_lock);
}

/* Only what is still alive goes into the new file. */
static void write_entry(const char *home, const char *name,
			struct json_object *file, const char *key,
			const char *alias, int64_t now)
{
	struct json_object *fresh = json_object_new_object();
	struct json_object *entry = json_object_new_array();
	struct err unused;
	int left = FILE_KEYS_MAX;

	json_object_array_add(entry, json_object_new_string(alias));
	json_object_array_add(entry, json_object_new_int64(now));
	json_object_object_add(fresh, key, entry);
	if (file) {
		json_object_object_foreach(file, other, value)
		{
			if (alive(value, now) && left-- > 0 &&
			    !json_get(fresh, other))
				json_object_object_add(fresh, other,
						       json_object_get(value));
		}
	}
	store_put(home, name, json_text(fresh), &unused);
	json_object_put(fresh);
}

void sticky_set(const char *home, struct binding *b, const char *alias)
{
	struct json_object *file;
	struct err unused;
	char name[40];
	int64_t now = clock_wall_ms();
	int lock;

	if (strcmp(b->alias, alias) == 0 && b->used + RENEW_MS >= now)
		return;
	file_of(b->key, name, sizeof(name));
	lock = store_lock(home, name, &unused);
	if (lock < 0 && store_folder(home, "state", &unused) == 0 &&
	    store_folder(home, FOLDER, &unused) == 0)
		lock = store_lock(home, name, &unused);
	if (lock < 0)
		return; /* the next turn looks for an account again, then */
	json_load(home, name, &file, &unused);
	if (!json_object_is_type(file, json_type_object)) {
		json_object_put(file);
		file = NULL;
	}
	write_entry(home, name, file, b->key, alias, now);
	json_object_put(file);
	store_unlock(lock);
	snprintf(b->alias, sizeof(b->alias), "%s", alias);
	b->used = now;
}

size_t sticky_count(const char *home)
{
	int64_t now = clock_wall_ms();
	size_t count = 0;

	for (int i = 0; i < FILES; i++) {
		struct json_object *file;
		struct err unused;
		char name[40], key[3];

		snprintf(key, sizeof(key), "%02x", i);
		file_of(key, name, sizeof(name));
		json_load(home, name, &file, &unused);
		if (json_object_is_type(file, json_type_object)) {
			json_object_object_foreach(file, other, value)
			{
				(void)other;
				count += alive(value, now);
			}
		}
		json_object_put(file);
	}
	return count;
}
