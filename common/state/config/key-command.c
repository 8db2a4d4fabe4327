/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/key-command.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/port.h"
#include "base/run.h"
#include "base/store.h"
#include "base/wait.h"
#include "base/words.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_MS 10000  /* for the command to end */
#define WAIT_MS 30000 /* for another process that runs it */
#define STEP_MS 20
#define FAILED_MS 3000 /* in which a failure is everybody's */
#define REFUSED_MS 5000
#define OUTPUT_MAX (16u << 10)
#define KEY_BYTES_MAX 8190

struct key_command {
	char **words;
	const char *program;
	int64_t ttl_ms;
	char file[100];
	char sign[17];        /* of the command */
	pthread_mutex_t lock; /* of what follows */
	char *key;            /* or NULL */
	int64_t until;        /* ms since 1970 */
	char *refused;        /* the last one that was, or NULL */
	int64_t refused_at;   /* clock_ms */
};

static void name_file(char *out, size_t n, const char *name)
{
	snprintf(out, n, "state/key-%.64s.json", name);
}

struct key_command *key_command_new(const char *name, const char *line,
				    int64_t ttl, struct err *e)
{
	struct key_command *k = xcalloc(1, sizeof(*k));
	const char *slash;

	k->words = words_split(line, e);
	if (!k->words) {
		free(k);
		return NULL;
	}
	slash = strrchr(k->words[0], '/');
	k->program = slash ? slash + 1 : k->words[0];
	k->ttl_ms = ttl * 1000;
	name_file(k->file, sizeof(k->file), name);
	digest_hex(span_of(line), k->sign, sizeof(k->sign));
	pthread_mutex_init(&k->lock, NULL);
	return k;
}

static void wipe(char *secret)
{
	if (secret)
		port_wipe(secret, strlen(secret));
	free(secret);
}

void key_command_free(struct key_command *k)
{
	if (!k)
		return;
	pthread_mutex_destroy(&k->lock);
	wipe(k->key);
	wipe(k->refused);
	free(k->words);
	free(k);
}

const char *key_command_program(const struct key_command *k)
{
	return k->program;
}

bool key_command_is_there(const struct key_command *k)
{
	const char *word = k->words[0], *path = getenv("PATH");
	struct span rest = span_of(path ? path : "/bin:/usr/bin");
	char file[4096];

	if (strchr(word, '/'))
		return access(word, X_OK) == 0;
	while (rest.n) {
		struct span folder = span_cut(&rest, ':');

		snprintf(file, sizeof(file), "%.*s/%s", SPAN_FMT(folder), word);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* --- what is known -------------------------------------------------------- */

static void remember(struct key_command *k, struct span key, int64_t until)
{
	pthread_mutex_lock(&k->lock);
	wipe(k->key);
	k->key = key.n ? xstrndup(key.p, key.n) : NULL;
	k->until = until;
	pthread_mutex_unlock(&k->lock);
}

static bool remembers(struct key_command *k, struct buf *out)
{
	bool good;

	pthread_mutex_lock(&k->lock);
	good = k->key && clock_wall_ms() < k->until;
	if (good)
		buf_str(out, k->key);
	pthread_mutex_unlock(&k->lock);
	return good;
}

static int failed(const struct key_command *k, const char *why, struct err *e)
{
	return err_set(e, ERR_CONFIG, "its key command, %.80s, %s", k->program,
		       why);
}

/* As another process has left it: 1 a key, 0 nothing, -1 it failed there just
 * now. */
static int look(struct key_command *k, const char *home, struct buf *out,
		struct err *e)
{
	struct json_object *file = NULL;
	int64_t now = clock_wall_ms(), until, since;
	struct err unused;
	struct span key;
	int rc = 0;

	json_load(home, k->file, &file, &unused);
	key = json_str(file, "key");
	until = json_count(file, "until", 0);
	since = now - json_count(file, "failed", 0);
	if (!span_is(json_str(file, "sign"), k->sign)) {
		rc = 0;
	} else if (key.n && until > now && until - now <= k->ttl_ms) {
		remember(k, key, until);
		buf_span(out, key);
		rc = 1;
	} else if (since >= 0 && since < FAILED_MS) {
		rc = failed(k, json_str(file, "why").p, e);
	}
	json_object_put(file);
	return rc;
}

/* A key, or why there is none. */
static void keep(const struct key_command *k, const char *home, struct span key,
		 const char *why)
{
	struct json_object *o = json_object_new_object();
	int64_t now = clock_wall_ms();
	struct err unused; /* the next one asks again, then */

	json_set_str(o, "sign", k->sign);
	if (why) {
		json_object_object_add(o, "failed", json_object_new_int64(now));
		json_set_str(o, "why", why);
	} else {
		json_object_object_add(o, "until",
				       json_object_new_int64(now + k->ttl_ms));
		json_object_object_add(
			o, "key",
			json_object_new_string_len(key.p, (int)key.n));
	}
	if (why || k->ttl_ms)
		store_put(home, k->file, json_text(o), &unused);
	json_object_put(o);
}

/* --- running it ----------------------------------------------------------- */

static void why_not(struct run_end end, char *out, size_t n)
{
	switch (end.how) {
	case RUN_NOT_STARTED:
		snprintf(out, n, "cannot be started: %s",
			 end.number == ENOENT ? "is it in PATH?"
					      : strerror(end.number));
		break;
	case RUN_FAILED:
		snprintf(out, n, "ends with status %d: run it by hand",
			 end.number);
		break;
	case RUN_SIGNALED:
		snprintf(out, n, "was ended by signal %d", end.number);
		break;
	case RUN_TOO_LATE:
		snprintf(out, n, "has not ended within %d s", RUN_MS / 1000);
		break;
	case RUN_TOO_MUCH:
		snprintf(out, n,
			 "prints more than %u KiB: only the key is "
			 "wanted",
			 OUTPUT_MAX >> 10);
		break;
	case RUN_WELL:
		snprintf(out, n, "prints no key in its first line");
		break;
	}
}

/* Under the lock of its file. */
static int run(struct key_command *k, const char *home, struct buf *out,
	       struct err *e)
{
	struct span rest, key;
	struct run_end end;
	struct buf text;
	char why[100];
	int rc = 0;

	buf_init(&text, OUTPUT_MAX);
	end = run_aside((const char *const *)k->words, &text, RUN_MS);
	rest = buf_get(&text);
	key = span_trim(span_cut(&rest, '\n'));
	if (end.how == RUN_WELL && key.n && key.n <= KEY_BYTES_MAX &&
	    span_visible(key)) {
		keep(k, home, key, NULL);
		remember(k, key, clock_wall_ms() + k->ttl_ms);
		buf_span(out, key);
	} else {
		why_not(end, why, sizeof(why));
		keep(k, home, SPAN(""), why);
		rc = failed(k, why, e);
	}
	if (text.p)
		port_wipe(text.p, text.n);
	buf_release(&text);
	return rc;
}

/* The lock; -1. In `end` another process has had its time. */
static int lock_until(const struct key_command *k, const char *home,
		      int64_t end, bool *busy, struct err *e)
{
	int lock = store_try_lock(home, k->file, busy, e);

	if (lock < 0 && !*busy && store_folder(home, "state", e) == 0)
		lock = store_try_lock(home, k->file, busy, e);
	if (lock < 0 && *busy && clock_ms() >= end)
		return failed(k, "runs in another process and does not end", e);
	return lock;
}

int key_command_get(struct key_command *k, const char *home, struct buf *out,
		    struct err *e)
{
	int64_t end = clock_ms() + WAIT_MS;
	bool busy;
	int lock, rc;

	if (remembers(k, out))
		return 0;
	for (;;) {
		rc = look(k, home, out, e);
		if (rc)
			return rc < 0 ? -1 : 0;
		lock = lock_until(k, home, end, &busy, e);
		if (lock >= 0)
			break;
		if (!busy || clock_ms() >= end)
			return -1;
		wait_ms(STEP_MS);
	}
	rc = look(k, home, out, e); /* it may just have come */
	if (!rc)
		rc = run(k, home, out, e);
	store_unlock(lock);
	return rc < 0 ? -1 : 0;
}

/* Is it the one that was refused a moment ago, so that the command prints it
 * again? */
static bool is_stubborn(struct key_command *k, struct span key)
{
	int64_t now = clock_ms();
	bool known;

	pthread_mutex_lock(&k->lock);
	if (k->key && span_is(key, k->key))
		k->until = 0;
	known = k->refused && span_is(key, k->refused) &&
		now - k->refused_at < REFUSED_MS;
	if (!known) {
		wipe(k->refused);
		k->refused = xstrndup(key.p, key.n);
		k->refused_at = now;
	}
	pthread_mutex_unlock(&k->lock);
	return known;
}

bool key_command_refused(struct key_command *k, const char *home,
			 struct span key)
{
	struct json_object *file = NULL;
	bool stubborn = is_stubborn(k, key), busy;
	struct err unused;
	int lock;

	/* Who holds it gets another key just now. */
	lock = store_try_lock(home, k->file, &busy, &unused);
	if (lock < 0)
		return !stubborn;
	json_load(home, k->file, &file, &unused);
	if (span_eq(json_str(file, "key"), key))
		store_remove(home, k->file, &unused);
	json_object_put(file);
	store_unlock(lock);
	return !stubborn;
}

void key_command_forget(const char *home, const char *name)
{
	struct err unused;
	char file[100];

	name_file(file, sizeof(file), name);
	store_remove(home, file, &unused);
}
