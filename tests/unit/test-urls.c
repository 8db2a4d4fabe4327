/* SPDX-License-Identifier: MIT */
/* URLs that libcurl need not parse again (net/http-urls.h). */
#include "unit.h"

#include "net/http-urls.h"

#include <stdio.h>

#define MANY 4096 /* more than there are places */

static struct http_urls *all;

static int setup(void **state)
{
	(void)state;
	all = http_urls_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_urls_free(all);
	return 0;
}

static const char *numbered(int i)
{
	static char url[64];

	snprintf(url, sizeof(url), "https://host%d.example/v1/../a%%2fb?q", i);
	return url;
}

static void assert_is(const struct http_url *u, const char *url)
{
	char *text = NULL;

	assert_non_null(u);
	assert_int_equal(curl_url_get(http_url_parsed(u), CURLUPART_URL, &text,
				      0),
			 CURLUE_OK);
	assert_string_equal(text, url);
	curl_free(text);
}

static void kept(void **state)
{
	struct http_url *u = http_urls_take(all, numbered(1));
	CURLU *parsed;

	(void)state;
	assert_is(u, numbered(1));
	parsed = http_url_parsed(u);
	http_urls_give(u);
	u = http_urls_take(all, numbered(1));
	assert_ptr_equal(http_url_parsed(u), parsed);
	http_urls_give(u);
	http_urls_give(NULL);
}

/* Whichever share a place. */
static void used_stay(void **state)
{
	struct http_url *taken[MANY];
	int n = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		taken[i] = http_urls_take(all, numbered(i));
		n += taken[i] != NULL;
	}
	assert_in_range(n, 1, MANY - 1);
	for (int i = 0; i < MANY; i++) {
		if (taken[i])
			assert_is(taken[i], numbered(i));
		http_urls_give(taken[i]);
	}
	for (int i = 0; i < MANY; i++) {
		struct http_url *u = http_urls_take(all, numbered(i));

		assert_is(u, numbered(i));
		http_urls_give(u);
	}
}

static void not_kept(void **state)
{
	char url[1024];

	(void)state;
	snprintf(url, sizeof(url), "http://a/%0900d", 1);
	assert_null(http_urls_take(all, url));
	assert_null(http_urls_take(all, "http://a:port/"));
	assert_null(http_urls_take(all, ""));
	assert_is(http_urls_take(all, "http://a/"), "http://a/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
		cmocka_unit_test_setup_teardown(used_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(not_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
