/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/sticky.h"

#include "base/clock.h"
#include "base/json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 256
#define RENEW_MS (STICKY_MS / 8) /* a use is noted this often at most */
#define FILE_KEYS_MAX 4096

/* {"KEY":["alias",1764000000000],...}: a use may be newer than the note. */
static bool alive(struct json_object *entry, int64_t now)
{
	return json_count_at(entry, 1) + STICKY_MS + RENEW_MS > now;
}

/* The last version read of each text, by this process. */
static struct {
	struct shared_entry *entry;
	uint64_t version;
	struct json_object *file;
} cache[FILES];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t place_of(const char *key)
{
	char first[3] = { key[0], key[1], '\0' };

	return strtoul(first, NULL, 16) % FILES;
}

static struct shared_entry *entry_of(const char *home, size_t i)
{
	char name[40];

	snprintf(name, sizeof(name), STICKY_FOLDER "/%02zx", i);
	return shared_entry(home, name);
}

/* An object, or NULL: what cannot be read is as good as nothing. */
static struct json_object *read_object(struct span text)
{
	struct err unused;
	struct json_object *o = text.n ? json_read(text, &unused) : NULL;

	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

/* What the cache has of a text is its last version. To read it may park, so no
 * lock is held meanwhile. */
static void refresh(struct shared_entry *entry, size_t i)
{
	uint64_t version = shared_version(entry);
	struct json_object *file;
	struct buf text;
	struct err unused;
	bool known;
	int rc;

	pthread_mutex_lock(&cache_lock);
	known = entry == cache[i].entry && version == cache[i].version;
	pthread_mutex_unlock(&cache_lock);
	if (known)
		return;
	buf_init(&text, SHARED_TEXT_MAX);
	rc = shared_read(entry, &text, &unused);
	if (rc < 0) {
		buf_release(&text);
		return; /* it is read anew */
	}
	if (rc)
		buf_reset(&text);
	file = read_object(buf_get(&text));
	buf_release(&text);
	pthread_mutex_lock(&cache_lock);
	json_object_put(cache[i].file);
	cache[i].file = file;
	cache[i].entry = entry;
	cache[i].version = version;
	pthread_mutex_unlock(&cache_lock);
}

void sticky_forget(void)
{
	pthread_mutex_lock(&cache_lock);
	for (size_t i = 0; i < FILES; i++) {
		json_object_put(cache[i].file);
		cache[i].file = NULL;
		cache[i].entry = NULL;
	}
	pthread_mutex_unlock(&cache_lock);
}

/* Of what is in the cache. */
static void find(struct shared_entry *text, struct binding *b)
{
	size_t i = place_of(b->key);
	struct json_object *entry = NULL;

	b->alias[0] = '\0';
	b->used = 0;
	pthread_mutex_lock(&cache_lock);
	if (cache[i].entry == text)
		entry = json_get(cache[i].file, b->key);
	if (entry && alive(entry, clock_wall_ms())) {
		span_text(b->alias, sizeof(b->alias),
			  json_span(json_at(entry, 0)));
		b->used = json_count_at(entry, 1);
	}
	pthread_mutex_unlock(&cache_lock);
}

struct shared_entry *sticky_text(const char *home, const struct binding *b)
{
	return entry_of(home, place_of(b->key));
}

static void get(struct shared_entry *text, struct binding *b)
{
	refresh(text, place_of(b->key));
	find(text, b);
	b->guessed = false;
}

void sticky_get(const char *home, struct binding *b)
{
	get(sticky_text(home, b), b);
}

void sticky_guess(const char *home, struct binding *b)
{
	struct shared_entry *text = sticky_text(home, b);

	if (!shared_is_behind(text)) {
		get(text, b);
		return;
	}
	find(text, b);
	b->guessed = true;
}

struct use {
	const char *key, *alias;
	int64_t now;
};

/* Only what is still alive goes into the new text. */
static bool put_entry(void *arg, struct span was, struct buf *now)
{
	const struct use *u = arg;
	struct json_object *file = read_object(was);
	struct json_object *fresh = json_object_new_object();
	struct json_object *entry = json_object_new_array();
	int left = FILE_KEYS_MAX;

	json_object_array_add(entry, json_object_new_string(u->alias));
	json_object_array_add(entry, json_object_new_int64(u->now));
	json_object_object_add(fresh, u->key, entry);
	if (file) {
		json_object_object_foreach(file, other, value)
		{
			if (alive(value, u->now) && left-- > 0 &&
			    !json_get(fresh, other))
				json_object_object_add(fresh, other,
						       json_object_get(value));
		}
	}
	buf_span(now, json_text(fresh));
	json_object_put(fresh);
	json_object_put(file);
	return true;
}

void sticky_set(const char *home, struct binding *b, const char *alias)
{
	struct use u = { b->key, alias, clock_wall_ms() };
	struct err unused;

	if (strcmp(b->alias, alias) == 0 && b->used + RENEW_MS >= u.now)
		return;
	if (shared_update(entry_of(home, place_of(b->key)), put_entry, &u,
			  &unused))
		return; /* the next turn looks for an account again, then */
	snprintf(b->alias, sizeof(b->alias), "%s", alias);
	b->used = u.now;
}

/* Of each conversation what was noted last. */
static void merge(struct json_object *to, struct json_object *from)
{
	json_object_object_foreach(from, key, entry)
	{
		struct json_object *had = json_get(to, key);

		if (had && json_count_at(had, 1) >= json_count_at(entry, 1))
			continue;
		json_object_object_add(to, key, json_object_get(entry));
	}
}

bool sticky_merge(void *arg, struct span was, struct buf *now)
{
	struct json_object *theirs = read_object(*(struct span *)arg);
	struct json_object *ours = read_object(was);
	bool any = theirs;

	if (!ours)
		ours = json_object_new_object();
	if (any)
		merge(ours, theirs);
	buf_span(now, json_text(ours));
	json_object_put(ours);
	json_object_put(theirs);
	return any;
}

size_t sticky_count(const char *home)
{
	int64_t now = clock_wall_ms();
	size_t count = 0;

	for (size_t i = 0; i < FILES; i++) {
		struct json_object *file;

		refresh(entry_of(home, i), i);
		pthread_mutex_lock(&cache_lock);
		file = cache[i].file;
		if (file) {
			json_object_object_foreach(file, other, value)
			{
				(void)other;
				count += alive(value, now);
			}
		}
		pthread_mutex_unlock(&cache_lock);
	}
	return count;
}

void sticky_expire(const char *home)
{
	shared_expire(home, STICKY_FOLDER, STICKY_MS + RENEW_MS);
}
