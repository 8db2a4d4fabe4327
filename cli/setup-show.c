/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/setup.h"

#include "base/jw.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cli/say.h"
#include "cli/term.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1024
#define ANSWER_MAX (4u << 20)
#define COLUMN_MAX 40
#define LABEL_MAX 60 /* what is longer is cut */
#define ROOM_MIN 24  /* columns for what happens, beside the others */

static const char *const kinds[] = {
	[SETUP_BACKEND] = "backend",
	[SETUP_ACCOUNT] = "account",
	[SETUP_ROUTE] = "route",
	[SETUP_OTHER] = "other",
};

static const char *const states[] = {
	[SETUP_ADD] = "add",       [SETUP_THERE] = "there",
	[SETUP_LEFT] = "left",     [SETUP_ADDED] = "added",
	[SETUP_FAILED] = "failed",
};

/* --- for people ----------------------------------------------------------- */

static void put_label(const struct setup_item *i, char *out, size_t n)
{
	if (i->kind == SETUP_OTHER)
		snprintf(out, n, "%s", i->name);
	else
		snprintf(out, n, "%s %s%s%s", kinds[i->kind], i->name,
			 i->pool ? " of " : "", i->pool ? i->pool : "");
}

static const char *key_text(const struct setup_item *i)
{
	if (i->env)
		return "the key stays in its variable";
	if (i->key_from)
		return "the key is copied";
	return i->key ? "with its key" : "no key";
}

/* What becomes of it. */
static void put_fate(struct buf *out, const struct setup_item *i)
{
	bool add = i->state == SETUP_ADD || i->state == SETUP_ADDED;

	buf_str(out, i->state == SETUP_THERE  ? "there already"
		     : i->state == SETUP_LEFT ? "not added"
					      : states[i->state]);
	if (add && i->kind == SETUP_BACKEND)
		buf_fmt(out, ": %s, %s%s%s", i->url, key_text(i),
			i->models ? ", models " : "",
			i->models ? i->models : "");
	if (add && i->kind == SETUP_ACCOUNT)
		buf_fmt(out, ": %s", key_text(i));
	if (add && i->kind == SETUP_ROUTE)
		buf_fmt(out, ": to %s%s%s", i->target,
			i->fallback ? ", else " : "",
			i->fallback ? i->fallback : "");
	if (i->note)
		buf_fmt(out, ": %s", i->note);
}

/* Columns, where it is shown as it is: what is cut is marked. */
static int width(const char *text)
{
	size_t n = strlen(text);

	return n < COLUMN_MAX ? (int)n : COLUMN_MAX;
}

static void print_fate(const struct setup_item *i, int used, int indent)
{
	struct buf text, shown;

	buf_init(&text, TEXT_MAX);
	buf_init(&shown, 2 * TEXT_MAX);
	put_fate(&text, i);
	log_redact(buf_get(&text), &shown);
	utf8_clean_buf(&shown);
	term_wrap(buf_cstr(&shown), used, indent);
	buf_release(&text);
	buf_release(&shown);
}

static void print_item(const struct setup_item *i, int what, int from)
{
	int used = what + from + 6;
	char label[TEXT_MAX];

	put_label(i, label, sizeof(label));
	if (strlen(label) > LABEL_MAX)
		strcpy(label + utf8_fit(span_of(label), LABEL_MAX - 3).n,
		       "...");
	say(stdout, "  %-*s", what, label);
	say(stdout, "  %-*s", from, i->source);
	if (width(label) > what || (int)strlen(label) > COLUMN_MAX ||
	    (int)strlen(i->source) > from || term_width() < used + ROOM_MIN) {
		printf("\n      ");
		used = 6;
	} else {
		fputs("  ", stdout);
	}
	print_fate(i, used, used);
}

void setup_show(const struct setup *s)
{
	int what = 4, from = 6;
	char label[TEXT_MAX];

	for (size_t i = 0; i < s->n; i++) {
		put_label(&s->items[i], label, sizeof(label));
		what = width(label) > what ? width(label) : what;
		from = width(s->items[i].source) > from
			     ? width(s->items[i].source)
			     : from;
	}
	printf("%s  %-*s  %-*s  %s%s\n", term_bold(), what, "what", from,
	       "from", "what happens", term_plain());
	for (size_t i = 0; i < s->n; i++)
		print_item(&s->items[i], what, from);
	if (s->cut)
		printf("  and %zu more: add some, and run it again\n", s->cut);
}

/* --- as JSON -------------------------------------------------------------- */

/* An address in somebody's file may have a key in its query. */
static void put_text(struct jw *w, const char *key, const char *text)
{
	struct buf shown;

	if (!text)
		return;
	buf_init(&shown, 2 * strlen(text) + 64);
	log_redact(span_of(text), &shown);
	jw_kstr(w, key, buf_get(&shown));
	buf_release(&shown);
}

static void put_item(struct jw *w, const struct setup_item *i)
{
	jw_obj(w);
	jw_kcstr(w, "kind", kinds[i->kind]);
	jw_kcstr(w, "name", i->name);
	jw_kcstr(w, "source", i->source);
	jw_kcstr(w, "action", states[i->state]);
	if (i->kind == SETUP_BACKEND || i->kind == SETUP_ACCOUNT) {
		jw_kbool(w, "hasKey", i->key || i->env);
		put_text(w, "keyEnv", i->env);
	}
	put_text(w, "baseUrl", i->url);
	put_text(w, "protocol", i->protocol);
	put_text(w, "models", i->models);
	put_text(w, "backend", i->pool);
	put_text(w, "target", i->target);
	put_text(w, "fallback", i->fallback);
	put_text(w, "note", i->note);
	jw_obj_end(w);
}

void setup_show_json(const struct setup *s)
{
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_key(&w, "found");
	jw_arr(&w);
	for (size_t i = 0; i < s->n; i++)
		put_item(&w, &s->items[i]);
	jw_arr_end(&w);
	jw_kint(&w, "more", (int64_t)s->cut);
	jw_obj_end(&w);
	say_json(buf_get(&out));
	buf_release(&out);
}
