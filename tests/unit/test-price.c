/* SPDX-License-Identifier: MIT */
/* What answers have used and cost: history, prices, usage in passing, forecast. */
#define UNIT_STORE
#include "unit.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "dialect/dialect.h"
#include "state/show/report.h"
#include "state/usage/cost.h"
#include "state/usage/history.h"

#include <sys/stat.h>
#include <unistd.h>

#define MINUTE (60 * 1000)
#define HOUR (60 * MINUTE)

static void count_record(void *arg, const struct history_record *r)
{
	int *n = arg;

	assert_string_equal(r->model, "claude-opus-5");
	(*n)++;
}

static void write_lines(const char *path, const char *line, size_t n)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fputs(line, f);
	fclose(f);
}

/* What has grown moves aside, what is older than a week goes. */
static void the_history_turns_over(void **state)
{
	const char *home = *state;
	int64_t now = clock_wall_ms(), old = now - INT64_C(9) * 86400000;
	struct history_record r = {
		.time = now,
		.account = "a",
		.backend = "claude",
		.model = "claude-opus-5",
		.status = 200,
		.h5 = -1,
	};
	char path[300], grown[300], week[300], other[300];
	struct err e;
	int n = 0;

	store_folder(home, NULL, &e);
	store_folder(home, "state", &e);
	snprintf(week, sizeof(week), "%s/state/history-%lld.jsonl", home,
		 (long long)old);
	write_lines(week, "{\"t\":1}\n", 1);
	chmod(week, 0600);
	history_add(home, &r);
	assert_int_not_equal(access(week, F_OK), 0);
	history_add(home, &r);
	history_walk(home, 0, count_record, &n);
	assert_int_equal(n, 2);
	/* a line that was cut, and many of nothing */
	snprintf(path, sizeof(path), "%s/state/history.jsonl", home);
	write_lines(path, "{\"t\":1,\n", 1);
	write_lines(path, "filling\n", HISTORY_FILE_MAX / 8);
	snprintf(other, sizeof(other), "%s/../%s", home,
		 strrchr(home, '/') + 1);
	history_add(other, &r); /* another name: opened anew */
	snprintf(grown, sizeof(grown), "%s/state/history-%lld.jsonl", home,
		 (long long)now);
	assert_int_equal(access(grown, F_OK), 0);
	history_add(home, &r);
	n = 0;
	history_walk(home, 0, count_record, &n);
	assert_int_equal(n, 4);
	n = 0;
	history_walk(home, now + 1, count_record, &n);
	assert_int_equal(n, 0);
}

static void prices_have_dates(void **state)
{
	struct usage u = { .cache_read = 1000000 };
	struct usage far = { .input = 200000 }, near = { .input = 100000 };
	struct err e = { 0 };
	struct prices *p = prices_load(NULL, &e);
	int64_t before = http_date_read(SPAN("2026-10-01T00:00:00Z"));
	int64_t after = http_date_read(SPAN("2026-10-08T00:00:00Z"));

	(void)state;
	assert_non_null(p);
	assert_float_equal(
		prices_cost(p, NULL, "claude-sonnet-5-5", before, &u), 0.2,
		1e-9);
	assert_float_equal(prices_cost(p, NULL, "claude-sonnet-5-5", after, &u),
			   0.1, 1e-9);
	assert_float_equal(
		prices_cost(p, NULL, "claude-haiku-5-5", after, &far), 0.1,
		1e-9);
	assert_float_equal(
		prices_cost(p, NULL, "claude-haiku-5-5", after, &near), 0.01,
		1e-9);
	assert_true(prices_cost(p, NULL, "llama", after, &u) < 0);
	prices_free(p);
}

static void prices_have_places(void **state)
{
	static const char own[] =
		"{\"prices\":[{\"match\":[\"m\"],\"input\":3,\"output\":30},"
		"{\"match\":[\"m\"],\"at\":[\"groq\",\"mine\"],\"input\":2,"
		"\"output\":20,\"reasoning\":5},"
		"{\"match\":[\"llama-3.1-8b-instant\"],\"input\":9,\"output\":9}]}";
	struct backend groq = { .name = "g", .provider = "groq" };
	struct backend mine = { .name = "mine" }, other = { .name = "o" };
	struct usage in = { .input = 1000000 };
	struct usage out = { .output = 1000000, .reasoning = 400000 };
	struct err e = { 0 };
	struct prices *p;

	assert_int_equal(store_put(*state, PRICES_FILE, span_of(own), &e), 0);
	p = prices_load(*state, &e);
	assert_non_null(p);
	for (int i = 0; i < 2; i++) { /* again, as it is remembered */
		assert_float_equal(prices_cost(p, &groq, "m", 1, &in), 2, 1e-9);
		assert_float_equal(prices_cost(p, &mine, "m", 1, &in), 2, 1e-9);
		assert_float_equal(prices_cost(p, &other, "m", 1, &in), 3,
				   1e-9);
		assert_float_equal(prices_cost(p, NULL, "m", 1, &in), 3, 1e-9);
	}
	assert_float_equal(prices_cost(p, &groq, "m", 1, &out), 0.6 * 20 + 2,
			   1e-9);
	assert_float_equal(prices_cost(p, NULL, "m", 1, &out), 30, 1e-9);
	out.reasoning = 2000000; /* more than all */
	assert_float_equal(prices_cost(p, &groq, "m", 1, &out), 5, 1e-9);
	/* The home's own before ours, whatever ours are of. */
	assert_float_equal(
		prices_cost(p, &groq, "llama-3.1-8b-instant", 1, &in), 9, 1e-9);
	prices_free(p);
}

static void put_backend(const char *home, const char *name, const char *url)
{
	char file[100], text[300];
	struct err e;

	store_folder(home, "backends", &e);
	snprintf(file, sizeof(file), "backends/%s.json", name);
	snprintf(text, sizeof(text),
		 "{\"provider\":\"openai\",\"name\":\"%s\",\"apiKey\":\"k\","
		 "\"baseUrl\":\"%s\"}",
		 name, url);
	assert_int_equal(store_put(home, file, span_of(text), &e), 0);
}

static void who_answers_has_the_price(void **state)
{
	static const char model[] = "llama-3.3-70b-versatile";
	struct usage u = { .input = 1000000 };
	int64_t now = clock_wall_ms();
	struct snapshot *c;
	struct err e = { 0 };

	put_backend(*state, "near", "http://127.0.0.1:11434/v1");
	put_backend(*state, "far", "https://ollama.com/v1");
	put_backend(*state, "lite", "http://127.0.0.1:4000/v1");
	put_backend(*state, "quick", "https://api.groq.com/openai/v1");
	put_backend(*state, "own", "https://llm.example.com/v1");
	c = snapshot_load(*state, &e);
	assert_non_null(c);
	assert_float_equal(cost_of(c, "near", "gpt-4o", now, &u), 0, 1e-9);
	assert_float_equal(cost_of(c, "near", "any", now, &u), 0, 1e-9);
	assert_float_equal(cost_of(c, "lite", "gpt-4o", now, &u), 2.5, 1e-9);
	assert_float_equal(cost_of(c, "far", "gpt-4o", now, &u), 2.5, 1e-9);
	assert_float_equal(cost_of(c, "quick", model, now, &u), 0.59, 1e-9);
	assert_true(cost_of(c, "own", model, now, &u) < 0);
	assert_float_equal(cost_of(c, "own", "gpt-4o", now, &u), 2.5, 1e-9);
	assert_float_equal(cost_of(c, "gone", "gpt-4o", now, &u), 2.5, 1e-9);
	snapshot_free(c);
}

static void usage_in_passing(void **state)
{
	struct usage u = { 0 };

	(void)state;
	assert_true(usage_scan(
		usage_anthropic,
		SPAN("{\"content\":[{\"input\":{\"usage\":{\"input_tokens\":9}"
		     "},\"text\":\"\\\"usage\\\":{\"}],\"usage\": "
		     "{\"input_tokens\":1,\"cache_creation_input_tokens\":5,"
		     "\"cache_creation\":{\"ephemeral_1h_input_tokens\":4}}}"),
		&u));
	assert_int_equal(u.input, 1);
	assert_int_equal(u.cache_write, 5);
	assert_int_equal(u.cache_write_1h, 4);
	assert_false(usage_scan(usage_openai, SPAN("{\"usage\":null}"), &u));
	assert_false(usage_scan(usage_openai, SPAN("{\"usage\":{\"pro"), &u));
	assert_false(usage_scan(usage_openai, SPAN(""), &u));
	/* a tool with a property of that name, before and after */
	assert_true(usage_scan(
		usage_responses,
		SPAN("{\"tools\":[{\"usage\":{\"type\":\"x\"}}],\"usage\":"
		     "{\"input_tokens\":500,\"output_tokens\":60},"
		     "\"metadata\":{\"usage\":\"none\"}}"),
		&u));
	assert_int_equal(u.input, 500);
	assert_int_equal(u.output, 60);
	/* members may come behind it */
	assert_true(usage_scan(
		usage_openai,
		SPAN("{\"choices\":[{\"usage\":{\"prompt_tokens\":1}}], \"usage\" :"
		     "{\"prompt_tokens\":11} , \"a,}\\\"\" : \"}\" ,\"b\":[{}]} "),
		&u));
	assert_int_equal(u.input, 11);
	/* what a model was made to write is not the provider's word */
	u.input = u.output = 7;
	assert_false(usage_scan(
		usage_anthropic,
		SPAN("{\"type\":\"content_block_start\",\"content_block\":{"
		     "\"input\":{\"usage\":{\"input_tokens\":0}}}}"),
		&u));
	assert_int_equal(u.input, 7);
	assert_true(usage_scan(
		usage_anthropic,
		SPAN("{\"usage\":{\"input_tokens\":3,\"output_tokens\":4},"
		     "\"content\":[{\"type\":\"tool_use\",\"input\":{"
		     "\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}}]}"),
		&u));
	assert_int_equal(u.input, 3);
	assert_true(usage_scan(
		usage_responses,
		SPAN("{\"type\":\"response.completed\",\"response\":{"
		     "\"usage\":{\"input_tokens\":5,\"output_tokens\":6},"
		     "\"tools\":[{\"parameters\":{\"usage\":{"
		     "\"input_tokens\":0}}}]}}"),
		&u));
	assert_int_equal(u.input, 5);
	assert_true(usage_scan(
		usage_openai,
		SPAN("{\"choices\":[{\"delta\":{},\"usage\":{"
		     "\"prompt_tokens\":8}}],\"usage\":null,\"tools\":{"
		     "\"usage\":{\"prompt_tokens\":0}}}"),
		&u));
	assert_int_equal(u.input, 8);
	assert_true(usage_scan(usage_openai,
			       SPAN("{\"result\":{\"usage\":{"
				    "\"prompt_tokens\":9}}}"),
			       &u));
	assert_int_equal(u.input, 9);
	/* some count reasoning beside the completion */
	assert_true(usage_scan(usage_openai,
			       SPAN("{\"usage\":{\"completion_tokens\":5,"
				    "\"reasoning_tokens\":100}}"),
			       &u));
	assert_int_equal(u.output, 105);
	/* images, transcriptions: names of Responses at OpenAI's paths */
	assert_true(usage_scan(
		usage_openai,
		SPAN("{\"data\":[{\"b64_json\":\"x\"}],\"usage\":{\"input_tokens\":"
		     "10,\"input_tokens_details\":{\"text_tokens\":10,"
		     "\"image_tokens\":0},\"output_tokens\":1000,"
		     "\"total_tokens\":1010}}"),
		&u));
	assert_int_equal(u.input, 10);
	assert_int_equal(u.output, 1000);
}

/* How an answer was served stands beside its usage, and nowhere else. */
static void tiers_in_passing(void **state)
{
	struct usage u = { 0 };

	(void)state;
	assert_true(usage_scan(
		usage_responses,
		SPAN("{\"type\":\"response.completed\",\"response\":{\"output\":["
		     "{\"tools\":[{\"service_tier\":\"flex\"}]}],"
		     "\"service_tier\":\"priority\",\"usage\":"
		     "{\"input_tokens\":5}}}"),
		&u));
	assert_int_equal(u.tier, USAGE_TOLD | USAGE_PRIORITY);
	u.tier = 0;
	assert_true(usage_scan(
		usage_responses,
		SPAN("{\"output\":[{\"service_tier\":\"flex\"}],\"usage\":"
		     "{\"input_tokens\":5}}"),
		&u));
	assert_int_equal(u.tier, 0);
	assert_true(usage_scan(usage_openai,
			       SPAN("{\"service_tier\":\"flex\",\"usage\":"
				    "{\"prompt_tokens\":5}}"),
			       &u));
	assert_int_equal(u.tier, USAGE_TOLD | USAGE_FLEX);
}

static void a_forecast(void **state)
{
	struct trend t = { .first_time = 0,
			   .last_time = 30 * MINUTE,
			   .first_h5 = 0.2,
			   .last_h5 = 0.6 };
	struct forecast f = report_forecast(&t, false, 0, 30 * MINUTE);

	(void)state;
	assert_float_equal(f.per_hour, 0.8, 1e-9);
	assert_int_equal(f.full_at, HOUR);
	f = report_forecast(&t, false, 50 * MINUTE, 30 * MINUTE);
	assert_int_equal(f.full_at, 0); /* it is reset before that */
	t.last_time = MINUTE;           /* of one minute nothing is said */
	f = report_forecast(&t, false, 0, MINUTE);
	assert_true(f.per_hour < 0 && !f.full_at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(the_history_turns_over),
		cmocka_unit_test(prices_have_dates),
		WITH_HOME(prices_have_places),
		WITH_HOME(who_answers_has_the_price),
		cmocka_unit_test(usage_in_passing),
		cmocka_unit_test(tiers_in_passing),
		cmocka_unit_test(a_forecast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
