/* SPDX-License-Identifier: MIT */
/* serve-page: the state of the router for people who open its address. */
#include "config.h"

#include "base/clock.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/account-show.h"
#include "state/breaker.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX_BYTES (1u << 20)

static void put_text(struct buf *out, const char *s)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = { { '<', "&lt;" }, { '&', "&amp;" }, { '"', "&quot;" } };

	for (; *s; s++) {
		const char *as = NULL;

		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]);
		     i++)
			if (*s == entities[i].c)
				as = entities[i].entity;
		if (as)
			buf_str(out, as);
		else
			buf_byte(out, *s);
	}
}

static void put_cell(struct buf *out, const char *text)
{
	buf_str(out, "<td>");
	put_text(out, text);
	buf_str(out, "</td>");
}

static void put_account(struct buf *out, const struct seat *s, int64_t now)
{
	char left[32] = "", share[16];

	if (s->until > now)
		show_duration(left, sizeof(left), s->until - now);
	snprintf(share, sizeof(share), "%.0f%%", s->headroom * 100);
	buf_str(out, "<tr>");
	put_cell(out, s->account->alias);
	put_cell(out, s->account->api_key ? "API key" : "subscription");
	put_cell(out, share);
	put_cell(out, s->usable ? "ready" : s->why);
	put_cell(out, left);
	buf_str(out, "</tr>\n");
}

static void put_pool(struct buf *out, struct request *r,
		     const struct accounts *a, const char *title)
{
	struct pool p;

	pool_look(&p, snapshot_home(r->app->config), a, NULL);
	buf_fmt(out,
		"<h2>%s</h2>\n<table><tr><th>account<th>kind"
		"<th>left<th>state<th>free again in</tr>\n",
		title);
	for (size_t i = 0; i < p.n; i++)
		put_account(out, &p.seats[i], p.now);
	buf_str(out, p.n ? "</table>\n"
			 : "</table>\n<p>None yet: "
			   "<code>dario login</code></p>\n");
	pool_release(&p);
}

static void put_accounts(struct buf *out, struct request *r)
{
	const struct snapshot *c = r->config;

	put_pool(out, r, &c->accounts, "Claude accounts");
	for (size_t i = 0; i < c->n_backends; i++)
		if (c->backends[i].keys.n)
			put_pool(out, r, &c->backends[i].keys,
				 c->backends[i].name);
}

static void put_backends(struct buf *out, struct request *r)
{
	const struct snapshot *c = r->config;
	const char *home = snapshot_home(r->app->config);

	buf_str(out, "<h2>Backends</h2>\n<table><tr><th>backend<th>API"
		     "<th>address<th>state</tr>\n");
	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];
		bool open = breaker_until(home, b->name) > clock_wall_ms();

		buf_str(out, "<tr>");
		put_cell(out, b->name);
		put_cell(out, dialects[b->protocol].name);
		put_cell(out, b->base_url);
		put_cell(out, open ? "its breaker is open" : "ready");
		buf_str(out, "</tr>\n");
	}
	buf_str(out, "</table>\n");
}

static void put_bad(struct buf *out, const char *what, const char *text)
{
	buf_fmt(out, "<p class=\"bad\">%s", what);
	put_text(out, text);
	buf_str(out, "</p>\n");
}

static void put_trouble(struct buf *out, struct request *r)
{
	const struct notes *n = &r->config->notes;
	struct err broken = { 0 };

	if (snapshot_broken(r->app->config, &broken))
		put_bad(out,
			"An edit was refused, the last good state is in "
			"force: ",
			broken.msg);
	for (size_t i = 0; i < n->n; i++)
		put_bad(out, "", n->list[i].text);
}

static void put_page(struct buf *out, struct request *r)
{
	buf_fmt(out,
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
		"\n<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>dario</title>\n<style>body{font:16px/1.5 "
		"system-ui,sans-serif;max-width:60em;margin:2em auto;"
		"padding:0 1em}table{border-collapse:collapse}td,th{padding:"
		".3em 1em .3em 0;text-align:left}.bad{color:#a00}</style>\n"
		"<h1>dario " PACKAGE_VERSION "</h1>\n<p>%d of %d places of "
		"this worker are taken.</p>\n",
		atomic_load(&r->app->busy), r->app->capacity);
	put_trouble(out, r);
	put_accounts(out, r);
	put_backends(out, r);
	buf_str(out, "<p>As JSON: <a href=\"accounts\">accounts</a>, <a "
		     "href=\"analytics\">analytics</a>, <a href=\"status\">"
		     "status</a>, <a href=\"health\">health</a>; for "
		     "Prometheus: <a href=\"metrics\">metrics</a>.</p>\n"
		     "</html>\n");
}

/* A browser gets a page, everybody else a word. */
int serve_root(struct request *r, struct err *e)
{
	const char *accept = r->vars.accept;
	struct buf page;

	(void)e;
	if (!accept || !strstr(accept, "text/html")) {
		reply_json(r, 200,
			   SPAN("{\"name\":\"dario\",\"version\":"
				"\"" PACKAGE_VERSION "\"}"));
		return 0;
	}
	buf_init(&page, PAGE_MAX_BYTES);
	put_page(&page, r);
	reply_page(r, 200, buf_get(&page));
	buf_release(&page);
	return 0;
}
