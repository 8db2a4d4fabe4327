/* SPDX-License-Identifier: MIT */
/* What cannot be opened for want of descriptors is not taken for empty, and is
 * known as soon as there are some again, without another edit. */
#include "unit.h"

#include "base/clock.h"
#include "base/store.h"
#include "state/config/snapshot.h"
#include "state/keys/grant.h"
#include "state/pool/standing.h"
#include "state/pool/sticky.h"
#include "state/shared/objects.h"

#include <dirent.h>
#include <sys/resource.h>

static struct rlimit had;

static void none_left(void)
{
	struct rlimit none;

	getrlimit(RLIMIT_NOFILE, &had);
	none = (struct rlimit){ 0, had.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
}

static void enough(void)
{
	setrlimit(RLIMIT_NOFILE, &had);
}

static void put(const char *home, const char *name, const char *text)
{
	struct err e;

	if (store_replace(home, name, span_of(text), &e))
		fail_msg("%s", e.msg);
}

/* As another process writes it, if with the same text. */
static void touch(const char *home, const char *folder, const char *starts)
{
	char path[200], name[300];
	const struct dirent *d;
	struct buf text;
	struct err e;
	DIR *all;

	snprintf(path, sizeof(path), "%s/%s", home, folder);
	all = opendir(path);
	while ((d = readdir(all))) {
		if (d->d_name[0] == '.' || strstr(d->d_name, ".lock") ||
		    strncmp(d->d_name, starts, strlen(starts)) != 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, d->d_name);
		buf_init(&text, 1 << 20);
		assert_int_equal(store_read(home, name, &text, &e), 0);
		put(home, name, buf_cstr(&text));
		buf_release(&text);
	}
	closedir(all);
}

static struct snapshot *now(struct snapshot_store *s)
{
	struct err e = { 0 };
	struct snapshot *c = snapshot_current(s, &e);

	if (!c)
		fail_msg("%s", e.msg);
	return c;
}

static void add_key(const char *home, char text[KEY_TEXT_BYTES])
{
	char hash[KEY_HASH_TEXT_BYTES], json[200];
	struct err e;

	key_make(text, hash);
	snprintf(json, sizeof(json), "{\"hash\":\"%s\"}", hash);
	assert_int_equal(store_folder(home, KEYS_FOLDER, &e), 0);
	put(home, KEYS_FOLDER "/anna.json", json);
}

static void keys_and_accounts(void **state)
{
	static const char *const work = "{\"accessToken\":\"a\"}";
	struct snapshot_store *s = snapshot_open(xstrdup(*state));
	char anna[KEY_TEXT_BYTES];
	struct snapshot *c;
	struct err e;

	assert_int_equal(store_folder(*state, "accounts", &e), 0);
	put(*state, "accounts/work.json", work);
	add_key(*state, anna);
	snapshot_put(s, now(s));
	add_key(*state, anna);
	put(*state, "accounts/work.json", work);
	none_left();
	for (int i = 0; i < 2; i++) {
		c = now(s);
		assert_true(c->keys.any && c->keys.unread);
		assert_int_equal(c->accounts.n, 1);
		assert_null(c->accounts.list[0].problem);
		snapshot_put(s, c);
	}
	enough();
	c = now(s);
	assert_false(c->keys.unread);
	assert_non_null(keys_find(&c->keys, span_of(anna)));
	assert_int_equal(c->accounts.n, 1);
	assert_null(c->accounts.list[0].problem);
	snapshot_put(s, c);
	snapshot_close(s);
}

static bool rest(struct limits *l, void *arg)
{
	int64_t now = clock_wall_ms();

	(void)arg;
	limits_failed(l, 60000, now);
	return true;
}

static void what_was_learnt(void **state)
{
	const struct limits nothing = { 0 };
	struct limits before, now;
	struct err e;

	assert_int_equal(limits_update(*state, "work", rest, NULL, &e), 0);
	limits_read(*state, "work", &before);
	assert_memory_not_equal(&before, &nothing, sizeof(nothing));
	touch(*state, "state", "limits-");
	none_left();
	limits_read(*state, "work", &now);
	enough();
	assert_memory_equal(&now, &before, sizeof(now));
	limits_read(*state, "work", &now);
	assert_memory_equal(&now, &before, sizeof(now));
}

static void bindings(void **state)
{
	struct binding b = { .key = "0123456789abcdef" };

	sticky_get(*state, &b);
	sticky_set(*state, &b, "work");
	sticky_get(*state, &b);
	touch(*state, "state/sticky", "");
	none_left();
	sticky_get(*state, &b);
	enough();
	assert_string_equal(b.alias, "work");
	sticky_get(*state, &b);
	assert_string_equal(b.alias, "work");
}

static void grants(void **state)
{
	struct snapshot_store *s = snapshot_open(xstrdup(*state));
	struct grant_tokens t;
	char anna[KEY_TEXT_BYTES];
	const struct key *k;
	struct snapshot *c;
	struct err e;

	add_key(*state, anna);
	c = now(s);
	k = keys_find(&c->keys, span_of(anna));
	assert_int_equal(grant_make(*state, k, &t, &e), 0);
	touch(*state, "state", "grants-");
	none_left();
	assert_int_equal(
		grant_find(*state, &c->keys, span_of(t.access), &k, &e), -1);
	enough();
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(
		grant_find(*state, &c->keys, span_of(t.access), &k, &e), 0);
	assert_non_null(k);
	snapshot_put(s, c);
	snapshot_close(s);
}

static void stored_objects(void **state)
{
	struct object_place at;
	struct err e;

	objects_note(*state, SPAN("resp_1"), "up", NULL, "anna");
	none_left();
	assert_int_equal(objects_find(*state, SPAN("resp_1"), &at, &e), -1);
	enough();
	assert_int_equal(objects_find(*state, SPAN("resp_1"), &at, &e), 0);
	assert_string_equal(at.who, "anna");
}

static int make_state(void **state)
{
	struct err e;

	return make_home(state) || store_folder(*state, "state", &e);
}

static int drop_all(void **state)
{
	if (had.rlim_cur)
		enough();
	return drop_home(state);
}

#define WITH_STATE(f) cmocka_unit_test_setup_teardown(f, make_state, drop_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STATE(keys_and_accounts), WITH_STATE(what_was_learnt),
		WITH_STATE(bindings),          WITH_STATE(grants),
		WITH_STATE(stored_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
