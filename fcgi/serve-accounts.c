/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/account-show.h"
#include "state/report.h"

#define ANSWER_MAX (4u << 20)

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

int serve_analytics(struct request *r, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	struct report report;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	if (report_make(&report, home, r->config, e))
		return -1;
	buf_init(&out, ANSWER_MAX);
	report_put(&w, &report, home);
	report_release(&report);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}

int serve_status(struct request *r, struct err *e)
{
	return answer(r, show_status, e);
}

int serve_accounts(struct request *r, struct err *e)
{
	return answer(r, show_accounts, e);
}
