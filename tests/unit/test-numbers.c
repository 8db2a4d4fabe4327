/* SPDX-License-Identifier: MIT */
/* Numbers of files and providers, as large as they can be written: with
 * -fsanitize=undefined nothing overflows, and what is shown is JSON. */
#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/http-date.h"
#include "state/pool/refusal.h"
#include "state/show/account-show.h"
#include "state/usage/history.h"
#include "state/config/login-state.h"
#include "state/pool/pool.h"
#include "state/pool/queue.h"
#include "state/show/report.h"
#include "state/pool/sticky.h"

static const char *const numbers[] = {
	"9223372036854775807",
	"-9223372036854775808",
	"9223372036854775806",
	"18446744073709551615",
	"-99999999999999999999999",
	"1e999",
	"-1e999",
	"1e308",
	"-1e308",
	"1e-320",
	"-1",
	"0",
	"4294967296",
	"2147483648",
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

#define STICKY_KEY "00112233445566778899aabbccddeeff"

/* `text` with each # as the number. */
static void put(const char *home, const char *name, const char *text,
		const char *number)
{
	struct buf b;
	struct err e;

	buf_init(&b, 8192);
	for (; *text; text++) {
		if (*text == '#')
			buf_str(&b, number);
		else
			buf_byte(&b, *text);
	}
	if (store_replace(home, name, buf_get(&b), &e))
		fail_msg("%s", e.msg);
	buf_release(&b);
}

#define WINDOW "{\"used\":#,\"reset\":#}"
#define ALLOWANCE "{\"limit\":#,\"remaining\":#,\"reset\":#}"
#define SUM \
	"{\"requests\":#,\"errors\":#,\"partial\":#,\"fallbacks\":#," \
	"\"usageUnknown\":0,\"costUnknown\":0,\"uncached\":#,\"read\":#," \
	"\"write1h\":#,\"reasoning\":#,\"write5m\":#,\"output\":#," \
	"\"cost\":#}"
#define RECORD(t) \
	"{\"t\":" t ",\"a\":\"work\",\"b\":\"claude\",\"m\":" \
	"\"claude-opus-4-1\",\"s\":#,\"ms\":#,\"h5\":#,\"d7\":#," \
	"\"u\":[#,#,#,#,#,#]}\n"

static void fill(const char *home, const char *number)
{
	char record[400], name[60];
	struct err e;

	store_folder(home, "state", &e);
	store_folder(home, "state/sticky", &e);
	store_folder(home, "accounts", &e);
	snprintf(name, sizeof(name), "state/sticky/%.2s.json", STICKY_KEY);
	put(home, name, "{\"" STICKY_KEY "\":[\"work\",#]}", number);
	put(home, "accounts/work.json",
	    "{\"accessToken\":\"t\",\"refreshToken\":\"r\",\"expiresAt\":#}",
	    number);
	put(home, "state/limits-work.json",
	    "{\"updatedAt\":#,\"until\":#,\"refreshAfter\":#,\"cause\":"
	    "\"burst\",\"5h\":" WINDOW ",\"7d\":" WINDOW ",\"7d_opus\":" WINDOW
	    ",\"rests\":[{\"what\":\"opus\",\"cause\":\"window\",\"until\":#}]"
	    ",\"meters\":[{\"family\":\"opus\",\"updatedAt\":#,\"requests\":"
	    ALLOWANCE ",\"tokens\":" ALLOWANCE "}]}",
	    number);
	snprintf(record, sizeof(record), RECORD("%lld"),
		 (long long)clock_wall_ms() - 600000);
	put(home, "state/history-1.jsonl", record, number);
	put(home, "state/history.jsonl", RECORD("#") RECORD("#"), number);
}

static void assert_json(struct buf *b)
{
	struct err e;
	struct json_object *o = json_read(buf_get(b), &e);

	if (!o)
		fail_msg("%s: %s", e.msg, buf_cstr(b));
	json_object_put(o);
	buf_reset(b);
}

static void shows(const char *home)
{
	struct err e = { 0 };
	struct snapshot *c = snapshot_load(home, &e);
	struct report r;
	struct buf out;
	struct jw w = jw_to(&out);

	if (!c)
		fail_msg("%s", e.msg);
	buf_init(&out, 1u << 20);
	report_make(&r, home, c);
	report_put(&w, &r, home);
	assert_json(&out);
	w.comma = false;
	show_accounts(&w, c, home);
	assert_json(&out);
	w.comma = false;
	show_status(&w, c, home);
	assert_json(&out);
	for (size_t i = 0; i < r.n_trends; i++) {
		report_forecast(&r.trends[i], true, INT64_MAX, r.now);
		report_forecast(&r.trends[i], false, 1, r.now);
	}
	report_release(&r);
	snapshot_free(c);
	buf_release(&out);
}

static void bindings(const char *home)
{
	struct binding b = { .key = STICKY_KEY };

	sticky_get(home, &b);
	sticky_count(home);
	sticky_set(home, &b, "other");
	sticky_get(home, &b);
	assert_string_equal(b.alias, "other");
}

static void waits(const char *home)
{
	struct limits l, none = { 0 };
	int64_t now = clock_wall_ms();
	struct ticket t = { 0 };
	struct accounts pool = { 0 };
	struct asked a;
	struct err e;

	limits_read(home, "work", &l);
	for (int f = 0; f < 3; f++) {
		static const char *const models[] = { "claude-opus-4-1",
						      "claude-sonnet-5", "" };
		double left;

		asked_claude(&a, models[f]);
		left = limits_headroom(&l, &a, now);
		assert_true(left >= 0 && left <= 1);
		limits_until(&l, &a, now);
		limits_reset(&l, &a, now);
		limits_cause(&l, &a, now);
		assert_true(limits_turn(&l, now) > now);
	}
	limits_news(&none, &l);
	limits_news(&l, &none);
	assert_int_equal(queue_join(home, &pool, "opus", 9, &t, &e), 0);
	queue_leave(home, &t);
}

static void files_with_huge_numbers(void **state)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		fill(*state, numbers[i]);
		waits(*state);
		fill(*state, numbers[i]);
		shows(*state);
		bindings(*state);
	}
}

/* A log-in that waits for the browser. */
static void log_ins(void **state)
{
	struct buf code, error;
	char name[80], hash[33];
	struct err e;

	buf_init(&code, 100);
	buf_init(&error, 100);
	digest_hex(SPAN("s"), hash, sizeof(hash));
	snprintf(name, sizeof(name), "state/login-%s.json", hash);
	store_folder(*state, "state", &e);
	for (size_t i = 0; i < NUMBERS; i++) {
		put(*state, name, "{\"until\":#}", numbers[i]);
		login_state_look(*state, "s", &code, &error, &e);
		login_state_answer(*state, "s", "c", "", &e);
	}
	buf_release(&code);
	buf_release(&error);
}

/* What header fields say of time. */
static void fields_with_huge_numbers(void **state)
{
	static const char *const dates[] = {
		"Fri, 31 Dec 9999 23:59:59 GMT",
		"Thu, 01 Jan 0000 00:00:00 GMT",
		"9999-12-31T23:59:59+99:99",
		"0000-01-01T00:00:00-99:99",
		"1.7976931348623157e308",
		"99999999999999999999999999999999999999999999999999999999",
	};
	struct limits l = { 0 };
	int64_t now = clock_wall_ms();

	(void)state;
	for (size_t i = 0; i < NUMBERS + 6; i++) {
		const char *text = i < NUMBERS ? numbers[i]
					       : dates[i - NUMBERS];
		static const int codes[] = { 429, 529, 503, 402 };

		http_date_read(span_of(text));
		assert_true(http_date_delay(span_of(text), now) >= -1);
		for (size_t k = 0; k < 4; k++) {
			struct limits_told told = {
				.rejected = true,
				.reset = http_date_read(span_of(text)),
			};
			struct refused_answer a = {
				.status = codes[k],
				.retry_after = span_of(text),
				.told = &told,
			};
			struct asked asked = { "opus", "claude-opus-5" };
			struct refusal f = refusal_of(PROVIDER_ANTHROPIC, &a,
						      &l, &asked, now);

			assert_true(f.until >= 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(files_with_huge_numbers),
		WITH_HOME(log_ins),
		cmocka_unit_test(fields_with_huge_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
