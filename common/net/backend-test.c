/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/backend-test.h"

#include "base/clock.h"
#include "net/backend-answer.h"
#include "net/catalog.h"

#include <stdio.h>

#define BODY_MAX (8u << 20)

struct test {
	const struct backend *b;
	struct catalog catalog;
	struct fetch fetch;
	int64_t ms; /* that it took */
};

static int ask(struct test *t, struct err *e)
{
	int64_t started = clock_ms();
	int rc;

	if (catalog_credential(&t->catalog, e))
		return -1;
	t->fetch.url = buf_cstr(&t->catalog.url);
	t->fetch.credential = buf_cstr(&t->catalog.credential);
	t->fetch.more = t->b->fields;
	t->fetch.n_more = t->b->n_fields;
	t->fetch.proxy = t->catalog.proxy;
	t->fetch.ca_file = t->catalog.ca_file;
	rc = fetch_run(t->catalog.http, &t->fetch, e);
	t->ms = clock_ms() - started;
	if (backend_wants_tls(t->catalog.http, t->b->base_url, &t->fetch, rc,
			      e->code))
		return err_set(e, ERR_CONFIG,
			       "backend %s: the port speaks TLS: write "
			       "https:// in its base URL %s",
			       t->b->name, t->b->base_url);
	return rc ? err_add(e, t->b->base_url) : 0;
}

static void key_fix(const struct backend *b, char *out, size_t n)
{
	if (b->key_command)
		snprintf(out, n, "mend keyCommand in backends/%s.json",
			 b->name);
	else if (b->key_env)
		snprintf(out, n, "mend %s, and start the router anew",
			 b->key_env);
	else
		snprintf(out, n,
			 "give the right one with dario backend add %s "
			 "--key-file=FILE",
			 b->name);
}

/* What an answer means for the person who asked. */
static int judge(const struct test *t, struct backend_tested *out,
		 struct err *e)
{
	const struct backend *b = t->b;
	char said[BACKEND_WORDS_MAX], fix[300];
	int status = t->fetch.status, models;

	backend_answer_words(&t->fetch, said, sizeof(said));
	key_fix(b, fix, sizeof(fix));
	if (status == 401 || status == 403)
		return err_set(e, ERR_CONFIG,
			       "backend %s refuses the key (HTTP %d)%s: %s",
			       b->name, status, said, fix);
	if (status == 404)
		return err_set(e, ERR_CONFIG,
			       "backend %s has no model list at %s (HTTP "
			       "404)%s: is the base URL complete?",
			       b->name, b->base_url, said);
	if (status != 200)
		return err_set(e, ERR_CONFIG, "backend %s answers HTTP %d%s",
			       b->name, status, said);
	models = backend_answer_models(&t->fetch);
	if (models < 0)
		return err_set(e, ERR_CONFIG,
			       "backend %s answers, but not with a model "
			       "list: is %s an API address?",
			       b->name, b->base_url);
	*out = (struct backend_tested){ t->ms, models };
	return 0;
}

int backend_test(const struct backend *b, const char *home, long timeout_ms,
		 struct backend_tested *out, struct err *e)
{
	struct test t = { .b = b };
	struct http *h = http_new(NULL, 4);
	int rc;

	if (!h)
		return err_set(e, ERR_INTERNAL, "libcurl cannot start");
	catalog_init(&t.catalog, h, home, b, NULL);
	buf_init(&t.fetch.body, BODY_MAX);
	t.fetch.timeout_ms = timeout_ms;
	rc = ask(&t, e);
	if (rc == 0)
		rc = judge(&t, out, e);
	buf_release(&t.fetch.body);
	catalog_release(&t.catalog);
	http_free(h);
	return rc;
}
