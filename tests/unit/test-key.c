/* SPDX-License-Identifier: MIT */
/* People's keys: their files, how they are found, and limits as text. */
#include "unit.h"

#include "base/store.h"
#include "state/config/snapshot.h"

#include <sys/stat.h>
#include <time.h>

static void put(const char *home, const char *name, const char *text)
{
	struct err e;

	if (store_replace(home, name, span_of(text), &e))
		fail_msg("%s", e.msg);
}

/* keys/NAME.json with a new key, and these members beside the hash. */
static void add(const char *home, const char *name, const char *rest,
		char text[KEY_TEXT_BYTES])
{
	char hash[KEY_HASH_TEXT_BYTES], file[KEY_FILE_BYTES], json[600];
	char folder[KEY_FILE_BYTES];
	struct err e;

	store_folder(home, KEYS_FOLDER, &e);
	if (strchr(name, '/')) {
		snprintf(folder, sizeof(folder), KEYS_FOLDER "/%.*s",
			 (int)strcspn(name, "/"), name);
		store_folder(home, folder, &e);
	}
	key_make(text, hash);
	snprintf(json, sizeof(json), "{\"hash\":\"%s\"%s%s}", hash,
		 *rest ? "," : "", rest);
	key_file(name, file);
	put(home, file, json);
}

static struct snapshot *load(const char *home)
{
	struct err e = { 0 };
	struct snapshot *c = snapshot_load(home, &e);

	if (!c)
		fail_msg("%s", e.msg);
	return c;
}

static const struct key *find(const struct snapshot *c, const char *text)
{
	return keys_find(&c->keys, span_of(text));
}

static void found_by_hash(void **state)
{
	char one[KEY_TEXT_BYTES], two[KEY_TEXT_BYTES], none[KEY_TEXT_BYTES];
	char hash[KEY_HASH_TEXT_BYTES];
	struct snapshot *c = load(*state);

	assert_false(c->keys.any);
	assert_null(find(c, ""));
	snapshot_free(c);
	add(*state, "anna", "", one);
	add(*state, "bob", "\"note\":\"kept\"", two);
	key_make(none, hash);
	c = load(*state);
	assert_true(c->keys.any);
	assert_string_equal(find(c, one)->name, "anna");
	assert_string_equal(find(c, two)->name, "bob");
	assert_null(find(c, none));
	assert_null(find(c, ""));
	assert_null(find(c, hash)); /* what is stored is no key */
	assert_null(find(c, hash + strlen("sha256:")));
	snapshot_free(c);
	assert_int_equal(strlen(one), strlen(KEY_PREFIX) + 43);
	assert_string_not_equal(one, two);
}

static void found_among_many(void **state)
{
	char text[300][KEY_TEXT_BYTES], name[16];
	struct snapshot *c;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		add(*state, name, "", text[i]);
	}
	c = load(*state);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_string_equal(find(c, text[i])->name, name);
		assert_ptr_equal(keys_named(&c->keys, name), find(c, text[i]));
	}
	assert_null(keys_named(&c->keys, "p300"));
	snapshot_free(c);
}

static void a_device_is_under_its_person(void **state)
{
	char own[KEY_TEXT_BYTES], laptop[KEY_TEXT_BYTES], lone[KEY_TEXT_BYTES];
	char mem[80];
	const struct key *k;
	struct snapshot *c;

	add(*state, "anna", "\"models\":[\"claude-*\"],\"spend\":\"5/day\"",
	    own);
	add(*state, "anna/laptop", "\"models\":[\"*haiku*\"]", laptop);
	add(*state, "bob/laptop", "", lone);
	c = load(*state);
	k = find(c, laptop);
	assert_string_equal(k->name, "anna/laptop");
	assert_ptr_equal(k->person, find(c, own));
	assert_true(key_allows(k, "claude-haiku-4-5"));
	assert_false(key_allows(k, "claude-opus-5"));
	assert_false(key_allows(k, "my-haiku"));
	assert_true(key_allows(k, "claude-haiku-4-5[1m]"));
	/* As Claude Code calls the models of others. */
	assert_false(key_allows(k, "claude-at-open:my-haiku"));
	assert_true(key_is_limited(k)); /* by the person's */
	assert_null(find(c, lone)->person);
	assert_false(key_is_limited(find(c, lone)));
	assert_null(key_refusal(k, 1, mem));
	snapshot_free(c);
	add(*state, "anna", "\"disabled\":true", own);
	c = load(*state);
	assert_non_null(key_refusal(find(c, laptop), 1, mem));
	snapshot_free(c);
}

static bool noted(const struct snapshot *c, const char *part)
{
	for (size_t i = 0; i < c->notes.n; i++)
		if (strstr(c->notes.list[i].text, part))
			return c->notes.list[i].grave;
	return false;
}

static void a_wrong_file_closes_its_key(void **state)
{
	static const char *const wrong[] = {
		"\"spend\":20",
		"\"spend\":\"20\"",
		"\"spend\":\"20/year\"",
		"\"spend\":\"-1/day\"",
		"\"spend\":\"1/day,2/day\"",
		"\"rate\":\"0/min\"",
		"\"rate\":60",
		"\"tokens\":\"1G/day\"",
		"\"parallel\":0",
		"\"parallel\":\"4\"",
		"\"parallel\":1.5",
		"\"models\":[]",
		"\"models\":\"claude-*\"",
		"\"models\":[1]",
		"\"expires\":\"soon\"",
		"\"expires\":1790000000",
		"\"disabled\":1",
		"\"priority\":-1",
		"\"hash\":\"sha256:00\"",
		"\"hash\":null",
		"\"x\"",
	};
	char text[KEY_TEXT_BYTES], good[KEY_TEXT_BYTES], path[200];
	struct snapshot *c;

	add(*state, "good", "", good);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		add(*state, "anna", wrong[i], text);
		c = load(*state);
		if (find(c, text))
			fail_msg("%s: the key is taken", wrong[i]);
		if (!noted(c, "keys/anna.json"))
			fail_msg("%s: there is no note", wrong[i]);
		assert_non_null(find(c, good));
		snapshot_free(c);
	}
	add(*state, "anna", "", text);
	snprintf(path, sizeof(path), "%s/keys/anna.json", (char *)*state);
	chmod(path, 0644);
	c = load(*state);
	assert_null(find(c, text));
	assert_true(noted(c, "keys/anna.json"));
	snapshot_free(c);
}

static void one_hash_in_two_files_is_one_key(void **state)
{
	char text[KEY_TEXT_BYTES], path[200], other[200];
	struct snapshot *c;

	add(*state, "anna", "", text);
	snprintf(path, sizeof(path), "%s/keys/anna.json", (char *)*state);
	snprintf(other, sizeof(other), "%s/keys/copy.json", (char *)*state);
	assert_int_equal(link(path, other), 0);
	c = load(*state);
	assert_string_equal(find(c, text)->name, "anna");
	assert_true(noted(c, "keys/copy.json"));
	snapshot_free(c);
}

static void nothing_readable_still_needs_a_key(void **state)
{
	char text[KEY_TEXT_BYTES], path[200];
	struct snapshot *c;

	add(*state, "anna", "\"spend\":1", text);
	c = load(*state);
	assert_true(c->keys.any);
	snapshot_free(c);
	snprintf(path, sizeof(path), "%s/keys/anna.json", (char *)*state);
	unlink(path);
	c = load(*state);
	assert_false(c->keys.any);
	snapshot_free(c);
	add(*state, "anna/laptop", "", text);
	snprintf(path, sizeof(path), "%s/keys/anna", (char *)*state);
	chmod(path, 0755);
	c = load(*state);
	assert_true(c->keys.any);
	assert_null(find(c, text));
	assert_true(noted(c, "keys/anna"));
	snapshot_free(c);
}

static void removed_at_once(void **state)
{
	char text[KEY_TEXT_BYTES], path[200];
	struct snapshot_store *s = snapshot_open(xstrdup(*state));
	struct snapshot *c;
	struct err e;

	c = snapshot_current(s, &e);
	assert_non_null(c);
	snapshot_put(s, c);
	add(*state, "anna/laptop", "", text);
	c = snapshot_current(s, &e);
	assert_non_null(find(c, text));
	snapshot_put(s, c);
	snprintf(path, sizeof(path), "%s/keys/anna/laptop.json",
		 (char *)*state);
	unlink(path);
	c = snapshot_current(s, &e);
	assert_null(find(c, text));
	snapshot_put(s, c);
	snapshot_close(s);
}

/* Whatever else is wrong: the rest stays as it was. */
static void removed_though_all_else_is_broken(void **state)
{
	char anna[KEY_TEXT_BYTES], bob[KEY_TEXT_BYTES], path[200];
	struct snapshot_store *s = snapshot_open(xstrdup(*state));
	struct snapshot *c, *held;
	struct err e;

	add(*state, "anna", "", anna);
	add(*state, "bob/laptop", "", bob);
	put(*state, "config.json", "{\"queueMs\":7}");
	held = snapshot_current(s, &e);
	assert_non_null(find(held, anna));
	put(*state, "config.json", "{\"queueMs\":\"never\"}");
	c = snapshot_current(s, &e);
	assert_true(snapshot_broken(s, &e));
	assert_non_null(find(c, anna));
	snapshot_put(s, c);
	snprintf(path, sizeof(path), "%s/keys/anna.json", (char *)*state);
	unlink(path);
	c = snapshot_current(s, &e);
	assert_null(find(c, anna));
	assert_non_null(find(c, bob));
	assert_int_equal(c->settings.queue_ms, 7);
	snapshot_put(s, c);
	add(*state, "bob/laptop", "\"disabled\":true", bob);
	c = snapshot_current(s, &e);
	assert_true(find(c, bob)->disabled);
	snapshot_put(s, c);
	snprintf(path, sizeof(path), "%s/keys/bob/laptop.json",
		 (char *)*state);
	unlink(path);
	c = snapshot_current(s, &e);
	assert_null(find(c, bob));
	assert_non_null(find(held, anna)); /* of a request that runs */
	snapshot_put(s, held);
	snapshot_put(s, c);
	put(*state, "config.json", "{\"queueMs\":8}");
	c = snapshot_current(s, &e);
	assert_false(snapshot_broken(s, &e));
	assert_int_equal(c->settings.queue_ms, 8);
	snapshot_put(s, c);
	put(*state, "config.json", "{");
	snapshot_put(s, snapshot_current(s, &e));
	snapshot_close(s);
}

/* The last one of a router that is open to other machines, too. */
static void the_last_key_can_be_removed(void **state)
{
	char anna[KEY_TEXT_BYTES], path[200];
	struct snapshot_store *s = snapshot_open(xstrdup(*state));
	struct snapshot *c;
	struct err e;

	add(*state, "anna", "", anna);
	put(*state, "config.json", "{\"host\":\"0.0.0.0\"}");
	c = snapshot_current(s, &e);
	assert_non_null(find(c, anna));
	snapshot_put(s, c);
	snprintf(path, sizeof(path), "%s/keys/anna.json", (char *)*state);
	unlink(path);
	c = snapshot_current(s, &e);
	assert_null(find(c, anna));
	snapshot_put(s, c);
	snapshot_close(s);
}

static void expiry(void **state)
{
	char text[KEY_TEXT_BYTES], mem[80];
	struct snapshot *c;

	add(*state, "anna", "\"expires\":\"2027-01-01\"", text);
	c = load(*state);
	assert_null(key_refusal(find(c, text), 1798761599999, mem));
	assert_string_equal(key_refusal(find(c, text), 1798761600000, mem),
			    "this key has expired on 2027-01-01");
	snapshot_free(c);
}

static void good_names(void **state)
{
	static const char *const bad[] = { "",     "/",    "a/",   "/a",
					   "a/b/c", "..",  "a/..", "a b",
					   "a.json" };

	(void)state;
	assert_true(key_good_name("anna"));
	assert_true(key_good_name("anna/laptop-2"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (key_good_name(bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
}

/* --- limits as text ------------------------------------------------------ */

static void spend_as_text(void **state)
{
	static const struct {
		const char *in, *out;
		int64_t day, week, month;
	} rows[] = {
		{ "20/month,5/day", "20/month,5/day", 5000000000, -1,
		  20000000000 },
		{ "0.5/week", "0.5/week", -1, 500000000, -1 },
		{ "0/day", "0/day", 0, -1, -1 },
		{ "0.000000001/day", "0.000000001/day", 1, -1, -1 },
		{ "1000000000/month", "1000000000/month", -1, -1,
		  1000000000000000000 },
	};
	static const char *const bad[] = {
		"",         "20",         "20/",      "/day",     "1/day,",
		"1/days",   "1e3/day",    "1./day",   ".5/day",   "+1/day",
		"1 /day",   "$1/day",     "1/day,,1/week", "1,5/day",
		"0.0000000001/day", "1000000001/month", "99999999999999999999/day",
		"1/day 2/week", "0x10/day", "1.2.3/day",
	};
	struct quota q;
	struct buf out;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		quota_init(&q);
		assert_int_equal(quota_read_spend(&q, rows[i].in, &e), 0);
		assert_int_equal(q.spend[QUOTA_DAY], rows[i].day);
		assert_int_equal(q.spend[QUOTA_WEEK], rows[i].week);
		assert_int_equal(q.spend[QUOTA_MONTH], rows[i].month);
		buf_init(&out, 200);
		quota_write_spend(&q, &out);
		assert_string_equal(buf_cstr(&out), rows[i].out);
		buf_release(&out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		quota_init(&q);
		if (quota_read_spend(&q, bad[i], &e) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_false(quota_limits(&q));
	}
}

static void windows_as_text(void **state)
{
	static const struct {
		const char *in, *out;
		int64_t most, ms;
	} rows[] = {
		{ "60/min", "60/min", 60, 60000 },
		{ "1M/day", "1M/day", 1000000, 86400000 },
		{ "1.5K/hour", "1500/hour", 1500, 3600000 },
		{ "2k/week", "2K/week", 2000, 604800000 },
		{ "7/month", "7/month", 7, 2592000000 },
	};
	static const char *const bad[] = {
		"",      "60",      "60/",      "/min",     "0/min",   "-1/min",
		"1G/min", "60/m",   "60/minute", "1.5/min", "K/min",   "1KK/min",
		"60/min,5/day", "60 /min", "9999999M/day",
	};
	struct quota_window w;
	struct buf out;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(quota_read_window(&w, rows[i].in, &e), 0);
		assert_int_equal(w.most, rows[i].most);
		assert_int_equal(w.ms, rows[i].ms);
		buf_init(&out, 200);
		quota_write_window(&w, &out);
		assert_string_equal(buf_cstr(&out), rows[i].out);
		buf_release(&out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (quota_read_window(&w, bad[i], &e) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
}

static void dates(void **state)
{
	static const char *const bad[] = {
		"",           "2026-02-30", "2025-02-29", "2026-13-01",
		"2026-1-1",   "26-01-01",   "2026-01-01 ", "2026-01-01T25:00:00Z",
		"2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00", "tomorrow",
		"1969-12-31", "2026-00-10", "2026-01-00",
	};
	char text[24];
	struct err e;
	int64_t t;

	(void)state;
	assert_int_equal(quota_read_date("2027-01-01", &t, &e), 0);
	assert_int_equal(t, 1798761600000);
	assert_int_equal(quota_read_date("2028-02-29T23:59:59Z", &t, &e), 0);
	quota_write_date(t, text);
	assert_string_equal(text, "2028-02-29T23:59:59Z");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (quota_read_date(bad[i], &t, &e) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
}

/* When the next one begins, as any calendar has it. */
static void periods(void **state)
{
	static const struct {
		enum quota_period p;
		const char *at, *end;
	} rows[] = {
		{ QUOTA_DAY, "2026-11-26T23:59:59Z", "2026-11-27T00:00:00Z" },
		{ QUOTA_DAY, "2026-12-31", "2027-01-01T00:00:00Z" },
		{ QUOTA_WEEK, "2026-11-29T23:59:59Z", "2026-11-30T00:00:00Z" },
		{ QUOTA_WEEK, "2026-11-30", "2026-12-07T00:00:00Z" },
		{ QUOTA_WEEK, "2027-01-01", "2027-01-04T00:00:00Z" },
		{ QUOTA_MONTH, "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z" },
		{ QUOTA_MONTH, "2026-12-01", "2027-01-01T00:00:00Z" },
		{ QUOTA_MONTH, "2028-02-29", "2028-03-01T00:00:00Z" },
	};
	char text[24];
	struct err e;
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t end;

		assert_int_equal(quota_read_date(rows[i].at, &t, &e), 0);
		end = quota_period_end(rows[i].p, t);
		quota_write_date(end, text);
		assert_string_equal(text, rows[i].end);
		assert_int_equal(quota_period_at(rows[i].p, end - 1),
				 quota_period_at(rows[i].p, t));
		assert_int_equal(quota_period_at(rows[i].p, end),
				 quota_period_at(rows[i].p, t) + 1);
	}
}

/* Against the C library, each day of 400 years. */
static void months(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		time_t t = (time_t)(day * 86400), end;
		struct tm tm, next = { .tm_mday = 1 };

		gmtime_r(&t, &tm);
		next.tm_year = tm.tm_year;
		next.tm_mon = tm.tm_mon + 1;
		end = timegm(&next);
		assert_int_equal(quota_period_at(QUOTA_MONTH, day * 86400000),
				 (tm.tm_year + 1900) * 12 + tm.tm_mon);
		assert_int_equal(quota_period_end(QUOTA_MONTH, day * 86400000),
				 (int64_t)end * 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(found_by_hash),
		WITH_HOME(found_among_many),
		WITH_HOME(a_device_is_under_its_person),
		WITH_HOME(a_wrong_file_closes_its_key),
		WITH_HOME(one_hash_in_two_files_is_one_key),
		WITH_HOME(nothing_readable_still_needs_a_key),
		WITH_HOME(removed_at_once),
		WITH_HOME(removed_though_all_else_is_broken),
		WITH_HOME(the_last_key_can_be_removed),
		WITH_HOME(expiry),
		cmocka_unit_test(good_names),
		cmocka_unit_test(spend_as_text),
		cmocka_unit_test(windows_as_text),
		cmocka_unit_test(dates),
		cmocka_unit_test(periods),
		cmocka_unit_test(months),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
