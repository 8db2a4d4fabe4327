/* SPDX-License-Identifier: MIT */
/* dario top: accounts, backends and the last requests, as they go. */
#include "config.h"

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/live.h"
#include "cli/router.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/term.h"
#include "cli/top.h"
#include "state/pool/queue.h"
#include "state/show/account-show.h"
#include "state/show/backend-show.h"
#include "state/show/recent-show.h"
#include "state/show/report.h"

#include <stdio.h>
#include <string.h>

#define WATCH_MS 2000
#define ASK_MS 2000
#define ANSWER_MAX (8u << 20)
#define ALL_LINES 10000

struct watching {
	const struct cmd *cmd;
	struct router router;
	bool ready; /* it can be asked */
	bool once;
};

/* --- from a router -------------------------------------------------------- */

static const char *const paths[TOP_PARTS] = {
	[TOP_HEALTH] = "/health",
	[TOP_ACCOUNTS] = "/accounts",
	[TOP_REQUESTS] = "/requests",
	[TOP_ANALYTICS] = "/analytics",
};

static int ask_part(struct watching *w, enum top_part p, struct top *t,
		    int *status, struct err *e)
{
	struct fetch f;
	struct err unused = { 0 };
	int rc = router_ask(&w->router, paths[p], ASK_MS, &f, e);

	*status = f.status;
	if (rc == 0 && f.status == 200)
		t->parts[p] = json_read(buf_get(&f.body), &unused);
	else if (rc == 0 && p == TOP_HEALTH) /* 503: nothing can serve */
		t->parts[p] = json_read(buf_get(&f.body), &unused);
	buf_release(&f.body);
	return rc;
}

/* -1: there is none, or it does not tell us. */
static int ask_router(struct watching *w, struct top *t, struct err *e)
{
	int status;

	if (router_meet(&w->router, e))
		return e->code == ERR_CONFIG ? -1 : err_add(e, w->router.url);
	for (int p = 0; p < TOP_PARTS; p++) {
		if (ask_part(w, (enum top_part)p, t, &status, e))
			return err_add(e, w->router.url);
		if (status == 401 || (status == 403 && p == TOP_REQUESTS))
			return err_set(e, ERR_CONFIG,
				       "the router at %s wants another key: "
				       "name it with --key-file=FILE",
				       w->router.url);
	}
	snprintf(t->from, sizeof(t->from), "%s", w->router.url);
	return 0;
}

/* --- from the state ------------------------------------------------------- */

static void put_health(struct jw *w, const struct snapshot *c, const char *home)
{
	jw_obj(w);
	jw_kcstr(w, "status", "stopped");
	jw_kint(w, "queued", (int64_t)queue_length(home, &c->accounts));
	jw_key(w, "backends");
	jw_arr(w);
	for (size_t i = 0; i < c->n_backends; i++)
		show_backend_state(w, home, &c->backends[i]);
	jw_arr_end(w);
	jw_obj_end(w);
}

static void put_report(struct jw *w, const struct snapshot *c, const char *home)
{
	struct report r;

	report_make(&r, home, c);
	report_put(w, &r, home);
	report_release(&r);
}

static void (*const makers[TOP_PARTS])(struct jw *w, const struct snapshot *c,
				       const char *home) = {
	[TOP_HEALTH] = put_health,
	[TOP_ACCOUNTS] = show_accounts,
	[TOP_REQUESTS] = show_all_recent,
	[TOP_ANALYTICS] = put_report,
};

static void forget(struct top *t)
{
	for (int p = 0; p < TOP_PARTS; p++) {
		json_object_put(t->parts[p]);
		t->parts[p] = NULL;
	}
}

/* As the files are now, for no router tells it: why. */
static int read_state(const struct watching *w, struct top *t,
		      const struct err *why, struct err *e)
{
	bool runs = why->code == ERR_CONFIG; /* but not for us */
	struct snapshot *c = snapshot_load(w->cmd->home, e);
	struct err unused = { 0 };

	if (!c)
		return -1;
	forget(t);
	for (int p = 0; p < TOP_PARTS; p++) {
		struct buf out;
		struct jw to = jw_to(&out);

		buf_init(&out, ANSWER_MAX);
		makers[p](&to, c, w->cmd->home);
		t->parts[p] = json_read(buf_get(&out), &unused);
		buf_release(&out);
	}
	if (runs && w->once)
		say(stderr, "dario: %s\n", why->msg);
	snprintf(t->from, sizeof(t->from), "%s: %s",
		 runs ? "no router of ours answers" : "no router runs",
		 w->cmd->home);
	snapshot_free(c);
	return 0;
}

/* --- the picture ---------------------------------------------------------- */

static int look(struct watching *w, struct top *t, struct err *e)
{
	struct err why = { 0 };

	memset(t, 0, sizeof(*t));
	t->now = clock_wall_ms();
	if (w->ready && ask_router(w, t, &why) == 0)
		return 0;
	if (!w->router.named)
		return read_state(w, t, &why, e);
	if (w->once) {
		*e = why;
		return -1;
	}
	snprintf(t->from, sizeof(t->from), "%s",
		 why.msg); /* it may come back */
	return 0;
}

static void print_json(const struct top *t)
{
	static const char *const names[TOP_PARTS] = {
		[TOP_HEALTH] = "health",
		[TOP_ACCOUNTS] = "accounts",
		[TOP_REQUESTS] = "requests",
		[TOP_ANALYTICS] = "analytics",
	};
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, 4 * ANSWER_MAX);
	jw_obj(&w);
	for (int p = 0; p < TOP_PARTS; p++) {
		jw_key(&w, names[p]);
		if (t->parts[p])
			jw_raw(&w, json_text(t->parts[p]));
		else
			jw_null(&w);
	}
	jw_obj_end(&w);
	say_json(buf_get(&out));
	buf_release(&out);
}

static int draw(void *arg, struct err *e)
{
	struct watching *w = arg;
	struct top t;
	int rc = look(w, &t, e);

	if (rc == 0 && cmd_value(w->cmd, "json"))
		print_json(&t);
	else if (rc == 0) /* the cursor has the last line */
		top_draw(&t, term_width(),
			 w->once ? ALL_LINES : term_height() - 1);
	forget(&t);
	return rc;
}

static bool gives_key(const struct cmd *c)
{
	return cmd_value(c, "key") || cmd_value(c, "key-file") ||
	       cmd_value(c, "key-stdin");
}

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct watching w = { .cmd = c };
	struct err why = { 0 };
	int rc;

	if (!cfg)
		return -1;
	w.once = cmd_value(c, "once") || cmd_value(c, "json") || !term_moves();
	/* Without a key that it takes the files tell as much. */
	rc = router_init(&w.router, c, cfg, &why);
	w.ready = rc == 0;
	if (rc && (w.router.named || gives_key(c))) {
		*e = why;
	} else {
		rc = w.once ? draw(&w, e)
			    : live_run(&(struct live){ .ms = WATCH_MS,
						       .draw = draw,
						       .arg = &w },
				       e);
	}
	router_release(&w.router);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag flags[] = {
	ROUTER_URL_FLAG,
	SECRET_FLAGS,
	{ "once", NULL, "once, as where there is no terminal" },
	{ "json", NULL, "the same as JSON" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "[--url=URL] [--once] [--json]",
	  "watch accounts, backends and requests, until q or Ctrl-C", 0, 0,
	  flags, false, run },
	{ 0 },
};

static const char *const top_examples[] = {
	"dario top",
	"dario top --url=https://llm.example.org --key-file=owner.key",
	"dario top --json",
	NULL,
};

const struct cmd_group cmd_top = { "top", "live view", entries, top_examples };
