/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/show/account-show.h"
#include "state/show/report.h"
#include "state/show/windows-show.h"
#include "state/usage/usage-errors.h"
#include "state/usage/usage-query.h"

#include <stdlib.h>

#define ANSWER_MAX (8u << 20)
#define BY_MAX 128

typedef void show_fn(struct jw *w, const struct snapshot *c, const char *home);

static int answer(struct request *r, show_fn *show, struct err *e)
{
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	buf_init(&out, ANSWER_MAX);
	show(&w, r->config, snapshot_home(r->app->config));
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}

static int answer_report(struct request *r, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	struct report report;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	report_make(&report, home, r->config);
	buf_init(&out, ANSWER_MAX);
	report_put(&w, &report, home);
	report_release(&report);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}

static int answer_query(struct request *r, const struct usage_query *q,
			struct err *e)
{
	struct usage_answer a;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	usage_query_run(q, snapshot_home(r->app->config), &a);
	buf_init(&out, ANSWER_MAX);
	usage_answer_put(&w, &a);
	usage_answer_release(&a);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}

static int answer_windows(struct request *r, int64_t since, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	buf_init(&out, ANSWER_MAX);
	show_windows(&w, r->config, home, since);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}

static int answer_errors(struct request *r, const struct usage_query *q,
			 long most, struct err *e)
{
	struct usage_error *list;
	struct buf out;
	struct jw w = jw_to(&out);
	size_t n;
	int rc;

	n = usage_errors(snapshot_home(r->app->config), q->since, q->person,
			 most > 0 ? (size_t)most : 1, &list);
	for (size_t i = 0; r->key && i < n; i++)
		list[i].account[0] = '\0'; /* that is the owner's to see */
	buf_init(&out, ANSWER_MAX);
	usage_errors_put(&w, list, n);
	free(list);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}

/* A person sees what is the person's own. */
int serve_analytics(struct request *r, struct err *e)
{
	const char *query = r->vars.query;
	char by[BY_MAX], since[32], errors[16];
	struct usage_query q;
	bool asked = r->key;

	usage_query_init(&q);
	q.person = r->key ? r->key->name : NULL;
	if (query_get(query, "by", by, sizeof(by))) {
		asked = true;
		if (usage_query_by(&q, by, e))
			return -1;
	}
	if (query_get(query, "since", since, sizeof(since))) {
		asked = true;
		if (usage_query_since(&q, since, e))
			return -1;
	}
	/* They are the owner's to see. */
	if (!r->key && query_get(query, "windows", since, sizeof(since)))
		return usage_query_since(&q, since, e)
			     ? -1
			     : answer_windows(r, q.since, e);
	if (query_get(query, "errors", errors, sizeof(errors)))
		return answer_errors(r, &q, strtol(errors, NULL, 10), e);
	return asked ? answer_query(r, &q, e) : answer_report(r, e);
}

int serve_status(struct request *r, struct err *e)
{
	return answer(r, show_status, e);
}

int serve_accounts(struct request *r, struct err *e)
{
	return answer(r, show_accounts, e);
}
