/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/persons-view.h"

#include "base/clock.h"
#include "fcgi/reply.h"
#include "state/pool/pool.h"

#include <ctype.h>
#include <string.h>

#define LIMITS "anthropic-ratelimit-unified-"
#define WARNING 0.9 /* of a window */
#define ID_MIN 8    /* characters of an id behind its prefix */

static const struct span fields[] = {
	SPAN_INIT("anthropic-ratelimit-"),
	SPAN_INIT("anthropic-priority-"),
	SPAN_INIT("anthropic-fast-"),
	SPAN_INIT("x-ratelimit"),
	SPAN_INIT("ratelimit"),
	SPAN_INIT("anthropic-organization-"),
	SPAN_INIT("anthropic-workspace-"),
	SPAN_INIT("anthropic-account-"),
	SPAN_INIT("openai-organization"),
	SPAN_INIT("openai-project"),
	SPAN_INIT("x-organization-"),
	SPAN_INIT("x-account-"),
	SPAN_INIT("x-project-"),
	/* LiteLLM's: what the key may spend, and its provider's own */
	SPAN_INIT("x-litellm-key-"),
	SPAN_INIT("llm_provider-"),
	/* Codex': windows and plan of a subscription */
	SPAN_INIT("x-codex-"),
};

/* Codex sends it back with the next request of a turn. */
static const char turn_state[] = "x-codex-turn-state";

/* How OpenAI, Anthropic, Groq and others begin what they tell of an account. */
static const char *const ids[] = { "org-",  "org_",    "proj_", "proj-",
				   "acct_", "wrkspc_", "user-", "team-" };

bool persons_view_hides(const struct request *r, struct span name)
{
	if (span_ieq(name, turn_state))
		return false;
	for (size_t i = 0; r->key && i < sizeof(fields) / sizeof(*fields); i++)
		if (name.n >= fields[i].n &&
		    span_ieq((struct span){ name.p, fields[i].n }, fields[i].p))
			return true;
	return false;
}

static bool is_of_id(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static void hide(char *p, const char *end)
{
	char *stop = p;

	while (stop < end && is_of_id(*stop))
		stop++;
	if (stop - p >= ID_MIN)
		memset(p, 'x', (size_t)(stop - p));
}

void persons_view_text(const struct request *r, struct buf *text)
{
	for (size_t i = 0; r->key && i < sizeof(ids) / sizeof(ids[0]); i++) {
		size_t n = strlen(ids[i]);
		char *p = text->p, *end = p + text->n;

		while (p && p < end &&
		       (p = memmem(p, (size_t)(end - p), ids[i], n))) {
			bool begins = p == text->p || !is_of_id(p[-1]);

			p += n;
			if (begins)
				hide(p, end);
		}
	}
}

void persons_view_error(const struct request *r, struct err *e)
{
	if (!r->key || (e->code != ERR_NO_ACCOUNT && e->code != ERR_CONFIG))
		return;
	err_set(e, e->code,
		"%s: ask its owner, whose log says why (request %s)",
		e->code == ERR_CONFIG
			? "something in the settings of this router is wrong"
			: "no account of this router can serve that just now",
		r->id);
}

/* "claude/work: window, groq: 503" */
const char *persons_view_fallback(const struct request *r, const char *text)
{
	struct span rest = span_of(text);
	const char *out = "";

	if (!r->key)
		return text;
	while (rest.n) {
		struct span one = span_cut(&rest, ','), why = one;
		struct span name = span_cut(&why, ':');
		struct span backend = span_cut(&name, '/');

		out = arena_fmt(r->arena, "%s%s%.*s:%.*s", out, *out ? "," : "",
				SPAN_FMT(backend), SPAN_FMT(why));
	}
	return out;
}

/* --- the pool ------------------------------------------------------------ */

static const struct {
	const char *name, *claim;
} windows[] = { { "5h", "five_hour" }, { "7d", "seven_day" } };

#define WINDOWS 2

struct view {
	double used[WINDOWS];   /* a share of all */
	int64_t reset[WINDOWS]; /* the first; 0: none is known */
};

static void add(struct view *v, const struct seat *s, int64_t now)
{
	for (int i = 0; i < WINDOWS; i++) {
		int64_t reset = limits_window_reset(&s->limits,
						    windows[i].name);

		v->used[i] += limits_used(&s->limits, windows[i].name, now);
		if (reset > now && (!v->reset[i] || reset < v->reset[i]))
			v->reset[i] = reset;
	}
}

/* Of the subscriptions; false: nothing is known of them. */
static bool look(const struct request *r, struct view *v)
{
	const struct accounts *all = &r->config->accounts;
	int n = 0;

	memset(v, 0, sizeof(*v));
	for (size_t i = 0; i < all->n; i++) {
		const struct account *a = &all->list[i];
		struct seat s;

		if (a->api_key || a->paused || a->problem)
			continue;
		pool_seat(&s, snapshot_home(r->app->config), a, NULL);
		add(v, &s, clock_wall_ms());
		n++;
	}
	for (int i = 0; i < WINDOWS && n; i++)
		v->used[i] /= n;
	return v->reset[0] || v->reset[1];
}

static const char *status(double used)
{
	return used >= WARNING ? "allowed_warning" : "allowed";
}

static void window_fields(struct request *r, const struct view *v, int i)
{
	const char *name = windows[i].name;

	if (!v->reset[i])
		return;
	reply_field(r, arena_fmt(r->arena, LIMITS "%s-status", name),
		    span_of(status(v->used[i])));
	reply_share_field(r, arena_fmt(r->arena, LIMITS "%s-utilization", name),
			  v->used[i]);
	reply_int_field(r, arena_fmt(r->arena, LIMITS "%s-reset", name),
			v->reset[i] / 1000);
}

void persons_view_fields(struct request *r)
{
	struct view v;
	int most;

	if (!r->key || r->dialect != &dialects[DIALECT_ANTHROPIC] ||
	    !r->backend || strcmp(r->backend, r->config->claude.name) ||
	    !look(r, &v))
		return;
	most = !v.reset[0] || (v.reset[1] && v.used[1] > v.used[0]);
	reply_field(r, LIMITS "status", span_of(status(v.used[most])));
	reply_field(r, LIMITS "representative-claim",
		    span_of(windows[most].claim));
	reply_int_field(r, LIMITS "reset", v.reset[most] / 1000);
	for (int i = 0; i < WINDOWS; i++)
		window_fields(r, &v, i);
}
