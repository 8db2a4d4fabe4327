/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/rule.h"

#include "state/config/member.h"
#include "state/config/model-name.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_MAX 300 /* bytes of a pattern in a list */
#define BUDGET_MS 30000
#define BUDGET_MAX_MS 600000

const struct rule rule_none = { .budget_ms = BUDGET_MS };

bool glob_match(const char *glob, const char *model)
{
	return fnmatch(glob, model, 0) == 0;
}

/* Not empty, and "[" is closed? */
static bool glob_is_good(const char *glob)
{
	const char *p = glob;

	if (!*glob)
		return false;
	while ((p = strchr(p, '['))) {
		/* "]" right after the bracket, or "!", stands for itself. */
		p++;
		p += *p == '!';
		p = *p ? strchr(p + 1, ']') : NULL;
		if (!p)
			return false;
	}
	return true;
}

int glob_check_list(const char *list, const char *flag, struct err *e)
{
	char item[ITEM_MAX];

	for (bool more = true; more;) {
		size_t n = strcspn(list, ",");
		struct span one = span_trim((struct span){ list, n });

		snprintf(item, sizeof(item), "%.*s",
			 (int)(one.n < sizeof(item) ? one.n : 0), one.p);
		if (!glob_is_good(item))
			return err_set(e, ERR_USAGE,
				       "--%s has an item that is empty or not "
				       "a pattern: \"%.60s\"",
				       flag, item);
		more = list[n];
		list += n + more;
	}
	return 0;
}

/* --- one rule ------------------------------------------------------------ */

static int bad(struct err *e, const char *key, const char *why,
	       struct span what)
{
	return err_set(e, ERR_CONFIG, "%s: %s \"%.*s\"", key, why,
		       (int)(what.n < 80 ? what.n : 80), what.p);
}

static int parse_target(struct rule *r, struct span text, const char *key,
			rule_known_fn *known, const void *arg, struct err *e)
{
	struct rule_target *t = &r->targets[r->n];
	const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	struct span name = text, model = SPAN("");
	struct model_name plain;

	if (r->n == RULE_TARGETS_MAX)
		return err_set(e, ERR_CONFIG, "more than %d targets",
			       RULE_TARGETS_MAX);
	if (colon) {
		name.n = (size_t)(colon - text.p);
		model.p = colon + 1;
		model.n = text.n - name.n - 1;
	}
	if (!name.n || (colon && !model.n))
		return bad(e, key, "not BACKEND or BACKEND:MODEL:", text);
	if (!known(arg, name))
		return bad(e, key, "there is no backend", name);
	if (span_is(model, "*")) /* the one that is asked for */
		model.n = 0;
	if (model.n && memchr(model.p, '*', model.n))
		return bad(e, key,
			   "a target's model is a name, or left out for the "
			   "one that is asked for:",
			   text);
	t->backend = xstrndup(name.p, name.n);
	t->model = model.n ? xstrndup(model.p, model.n) : NULL;
	t->million = t->model && model_name_million(t->model, &plain);
	if (t->million)
		strcpy(t->model, plain.text);
	r->n++;
	return 0;
}

static bool same_target(const struct rule_target *a,
			const struct rule_target *b)
{
	return strcmp(a->backend, b->backend) == 0 &&
	       strcmp(a->model ? a->model : "", b->model ? b->model : "") == 0;
}

/* A chain that comes back to where it was is a loop. */
static int check_loop(const struct rule *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < i; k++)
			if (same_target(&r->targets[i], &r->targets[k]))
				return bad(e, "fallbacks",
					   "the chain comes back to",
					   span_of(r->targets[i].backend));
	return 0;
}

static const struct {
	const char *word;
	size_t at; /* of struct rule */
} words[] = {
	{ "connect", offsetof(struct rule, on_connect) },
	{ "timeout", offsetof(struct rule, on_timeout) },
	{ "exhausted", offsetof(struct rule, on_exhausted) },
	{ "auth", offsetof(struct rule, on_auth) },
	{ "credit", offsetof(struct rule, on_credit) },
	{ "model", offsetof(struct rule, on_model) },
};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* "429", "5xx", or a word. */
static int parse_condition(struct rule *r, struct span text, struct err *e)
{
	int from = 0, to = 0;

	for (size_t i = 0; i < WORDS; i++)
		if (span_is(text, words[i].word)) {
			*(bool *)((char *)r + words[i].at) = true;
			return 0;
		}
	if (text.n == 3 && (*text.p == '4' || *text.p == '5')) {
		from = to = atoi(text.p);
		if (text.p[1] == 'x' && text.p[2] == 'x') {
			from = (*text.p - '0') * 100;
			to = from + 99;
		}
	}
	if (from < 400)
		return bad(e, "on",
			   "use a status such as 429, 5xx, connect, timeout, "
			   "exhausted, auth, credit or model, not",
			   text);
	for (int i = from; i <= to; i++)
		r->on_status[i] = true;
	return 0;
}

static int parse_on(struct rule *r, struct json_object *list, struct err *e)
{
	static const char *const preset[] = { "408",     "429",     "5xx",
					      "connect", "timeout", "exhausted",
					      "auth",    "credit" };

	for (size_t i = 0; list && i < json_length(list); i++)
		if (parse_condition(r, json_span(json_at(list, i)), e))
			return -1;
	for (size_t i = 0; !list && i < sizeof(preset) / sizeof(preset[0]); i++)
		parse_condition(r, span_of(preset[i]), e);
	return 0;
}

static int parse_targets(struct rule *r, struct json_object *o,
			 rule_known_fn *known, const void *arg, struct err *e)
{
	struct json_object *list = json_get(o, "fallbacks");

	if (parse_target(r, json_str(o, "target"), "target", known, arg, e))
		return -1;
	for (size_t i = 0; i < json_length(list); i++)
		if (parse_target(r, json_span(json_at(list, i)), "fallbacks",
				 known, arg, e))
			return -1;
	return check_loop(r, e);
}

static int parse_rule(struct rule *r, struct json_object *o,
		      rule_known_fn *known, const void *arg, struct err *e)
{
	struct span match = json_str(o, "match");

	if (member_check(o, rule_members, e))
		return -1;
	model_pattern_init(&r->match, match);
	if (!glob_is_good(r->match.text))
		return bad(e, "match", "not a pattern:", match);
	if (parse_targets(r, o, known, arg, e) ||
	    parse_on(r, json_get(o, "on"), e) ||
	    member_number(o, "retries", 0, RULE_RETRIES_MAX, 0, &r->retries,
			  e) ||
	    member_number(o, "budgetMs", 0, BUDGET_MAX_MS, BUDGET_MS,
			  &r->budget_ms, e) ||
	    member_number(o, "firstByteTimeoutMs", 0, BUDGET_MAX_MS, 0,
			  &r->first_byte_ms, e))
		return -1;
	return 0;
}

/* A class of which all are meant is told as one. */
static int tell_class(const struct rule *r, int from, rule_on_fn *fn, void *arg)
{
	char text[8];

	for (int i = from; i < from + 100; i++)
		if (!r->on_status[i])
			return -1;
	snprintf(text, sizeof(text), "%dxx", from / 100);
	fn(arg, text);
	return 0;
}

void rule_on(const struct rule *r, rule_on_fn *fn, void *arg)
{
	char text[8];

	for (int from = 400; from < 600; from += 100) {
		if (tell_class(r, from, fn, arg) == 0)
			continue;
		for (int i = from; i < from + 100; i++) {
			if (!r->on_status[i])
				continue;
			snprintf(text, sizeof(text), "%d", i);
			fn(arg, text);
		}
	}
	for (size_t i = 0; i < WORDS; i++)
		if (*(const bool *)((const char *)r + words[i].at))
			fn(arg, words[i].word);
}

static void add_on(void *arg, const char *what)
{
	struct buf *out = arg;

	buf_fmt(out, "%s%s", out->n ? "," : "", what);
}

void rule_on_text(const struct rule *r, struct buf *out)
{
	rule_on(r, add_on, out);
}

/* --- all of them --------------------------------------------------------- */

/* Does everything that `late` matches match `early` too? Known for sure when
 * they are equal, when `late` is a name, and when `early` is a prefix. */
static bool covers(const char *early, const char *late)
{
	size_t n = strcspn(early, "*?[\\");

	if (strcmp(early, late) == 0)
		return true;
	if (!strpbrk(late, "*?[\\"))
		return glob_match(early, late);
	return strcmp(early + n, "*") == 0 && strncmp(early, late, n) == 0;
}

static int check_reach(const struct rules *r, struct err *e)
{
	for (size_t i = 1; i < r->n; i++)
		for (size_t k = 0; k < i; k++)
			if (covers(r->list[k].match.text,
				   r->list[i].match.text))
				return err_set(e, ERR_CONFIG,
					       "rules[%zu]: \"%.80s\" is never "
					       "reached: rules[%zu] \"%.80s\" "
					       "comes first",
					       i, r->list[i].match.text, k,
					       r->list[k].match.text);
	return 0;
}

int rules_parse(struct rules *out, struct json_object *file,
		rule_known_fn *known, const void *arg, struct err *e)
{
	struct json_object *list = json_get(file, "rules");
	size_t n = json_length(list);
	char where[32];

	memset(out, 0, sizeof(*out));
	if (!file)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return err_set(e, ERR_CONFIG, "must be {\"rules\":[...]}");
	if (n > RULES_MAX)
		return err_set(e, ERR_CONFIG, "more than %d rules", RULES_MAX);
	out->list = xcalloc(n ? n : 1, sizeof(*out->list));
	out->needs = xcalloc(n ? n : 1, sizeof(*out->needs));
	for (size_t i = 0; i < n; i++) {
		out->n++;
		if (parse_rule(&out->list[i], json_at(list, i), known, arg,
			       e) == 0) {
			out->needs[i] = out->list[i].match.needs;
			continue;
		}
		snprintf(where, sizeof(where), "rules[%zu]", i);
		err_add(e, where);
		rules_release(out);
		return -1;
	}
	if (check_reach(out, e)) {
		rules_release(out);
		return -1;
	}
	return 0;
}

void rules_unknown(struct notes *n, struct json_object *file)
{
	static const char *const top[] = { "rules", NULL };
	struct json_object *list = json_get(file, "rules");
	char where[64];

	notes_unknown(n, true, RULES_FILE, file, top);
	for (size_t i = 0; i < json_length(list); i++) {
		snprintf(where, sizeof(where), RULES_FILE ": rules[%zu]", i);
		member_unknown(n, true, where, json_at(list, i), rule_members);
	}
}

void rules_release(struct rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rule *one = &r->list[i];

		model_pattern_release(&one->match);
		for (size_t k = 0; k < one->n; k++) {
			free(one->targets[k].backend);
			free(one->targets[k].model);
		}
	}
	free(r->list);
	free(r->needs);
	memset(r, 0, sizeof(*r));
}
