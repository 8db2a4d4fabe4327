/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "lib/folder.h"

#include "net/backend-test.h"
#include "net/explain.h"
#include "state/show/account-show.h"
#include "state/show/backend-show.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX (4u << 20)

struct snapshot *folder_read(struct dario *d, struct err *e)
{
	if (!d->config) {
		err_set(e, ERR_USAGE, "this needs a folder: open one");
		return NULL;
	}
	return snapshot_current(d->config, e);
}

/* One question about it. */
struct asking {
	struct dario *d;
	int (*fn)(struct asking *a, const struct snapshot *c, struct err *e);
	void (*show)(struct jw *w, const struct snapshot *c, const char *home);
	const char *name, *api; /* a model or backend */
	struct buf text;
	struct dario_route *route;
	struct backend_tested tested;
};

static int run(void *arg, struct err *e)
{
	struct asking *a = arg;
	struct snapshot *c = folder_read(a->d, e);
	int rc;

	if (!c)
		return -1;
	buf_init(&a->text, TEXT_MAX);
	rc = a->fn(a, c, e);
	snapshot_put(a->d->config, c);
	if (rc == 0 && a->text.full)
		rc = err_full(e, &a->text, ERR_TOO_BIG,
			      "the answer is larger than %u MiB",
			      TEXT_MAX >> 20);
	return rc;
}

static int ask(struct asking *a, struct dario_error *e)
{
	return a->d ? lib_call_out(a->d, run, a, e)
		    : lib_misuse(e, "a struct dario is needed");
}

static char *text(struct asking *a, struct dario_error *e)
{
	if (ask(a, e) == 0)
		return a->text.p; /* malloced */
	buf_release(&a->text);
	return NULL;
}

static int show(struct asking *a, const struct snapshot *c, struct err *e)
{
	struct jw w = jw_to(&a->text);

	(void)e;
	a->show(&w, c, a->d->home);
	return 0;
}

char *dario_accounts(struct dario *d, struct dario_error *e)
{
	struct asking a = { .d = d, .fn = show, .show = show_accounts };

	return text(&a, e);
}

char *dario_status(struct dario *d, struct dario_error *e)
{
	struct asking a = { .d = d, .fn = show, .show = show_status };

	return text(&a, e);
}

static int list(struct asking *a, const struct snapshot *c, struct err *e)
{
	struct jw w = jw_to(&a->text);

	(void)e;
	show_backends(&w, c);
	return 0;
}

char *dario_backends(struct dario *d, struct dario_error *e)
{
	struct asking a = { .d = d, .fn = list };

	return text(&a, e);
}

/* --- routing ------------------------------------------------------------- */

static int explain(struct asking *a, const struct snapshot *c, struct err *e)
{
	struct jw w = jw_to(&a->text);
	const struct backend *b;
	struct explain x;

	if (!a->name || !*a->name || strlen(a->name) > PEEK_MODEL_MAX)
		return err_set(e, ERR_USAGE,
			       "a model's name of at most %d bytes is needed",
			       PEEK_MODEL_MAX);
	if (explain_make(&x, c, a->d->home, a->name, a->api, e))
		return -1;
	b = x.plan.routes[x.at].backend;
	if (a->route) {
		struct dario_route *r = a->route;
		enum dialect_id d = explain_protocol(&x);

		memset(r, 0, sizeof(*r));
		snprintf(r->backend, sizeof(r->backend), "%s", b->name);
		snprintf(r->model, sizeof(r->model), "%s", x.upstream);
		snprintf(r->dialect, sizeof(r->dialect), "%s",
			 dialects[d].name);
		r->translated = d != x.dialect;
	} else {
		explain_put(&w, &x);
	}
	explain_release(&x);
	return 0;
}

char *dario_explain(struct dario *d, const char *model, const char *api,
		    struct dario_error *e)
{
	struct asking a = { .d = d, .fn = explain, .name = model, .api = api };

	return text(&a, e);
}

int dario_route(struct dario *d, const char *model, const char *api,
		struct dario_route *out, struct dario_error *e)
{
	struct asking a = {
		.d = d, .fn = explain, .name = model, .api = api, .route = out
	};

	return out ? ask(&a, e)
		   : lib_misuse(e, "a place for the route is needed");
}

/* --- backends ------------------------------------------------------------ */

static int test(struct asking *a, const struct snapshot *c, struct err *e)
{
	const struct backend *b;

	if (!a->name || !*a->name)
		return err_set(e, ERR_USAGE, "a backend's name is needed");
	b = snapshot_backend(c, span_of(a->name));
	if (!b)
		return err_set(e, ERR_NOT_FOUND, "there is no backend %.64s",
			       a->name);
	return backend_test(b, a->d->home, c->settings.connect_ms, &a->tested,
			    e);
}

int dario_backend_test(struct dario *d, const char *backend, int64_t *ms,
		       struct dario_error *e)
{
	struct asking a = { .d = d, .fn = test, .name = backend };

	if (ask(&a, e))
		return -1;
	if (ms)
		*ms = a.tested.ms;
	return a.tested.models;
}
