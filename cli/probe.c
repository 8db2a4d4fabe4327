/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/probe.h"

#include "base/clock.h"
#include "base/jw.h"
#include "cli/backend-add.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "dialect/error.h"
#include "net/fetch.h"
#include "net/model-list.h"
#include "state/config/save.h"
#include "state/config/snapshot.h"
#include "state/usage/price.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (4u << 20)
#define QUESTION_MAX 8192
#define BYTES_A_TOKEN 3 /* about; rather too many tokens than too few */
#define QUESTION_MS 60000
#define VERSION_FIELD "anthropic-version: 2023-06-01"

struct probe {
	const char *home;
	const struct backend *b;
	struct http *http;
	char *model;
	bool new_limit; /* max_completion_tokens */
	bool reasons;   /* its answers have reasoning_content */
	struct buf question, answer;
	int status;
	struct json_object *found; /* switches and their values */
	struct json_object *asked; /* as JSON: what was; or NULL */
};

/* --- one question --------------------------------------------------------- */

static const char *limit_of(const struct probe *p, enum dialect_id dialect)
{
	if (dialect == DIALECT_RESPONSES)
		return "max_output_tokens";
	return dialect == DIALECT_OPENAI && p->new_limit
		     ? "max_completion_tokens"
		     : "max_tokens";
}

static void write_question(struct probe *p, const struct probe_question *q)
{
	const char *limit = limit_of(p, q->dialect);
	struct jw w = jw_to(&p->question);

	buf_reset(&p->question);
	jw_obj(&w);
	jw_kcstr(&w, "model", p->model);
	if (!strstr(q->body, limit))
		jw_kint(&w, limit, PROBE_LIMIT);
	buf_fmt(&p->question, ",%s}", q->body);
}

static int ask(struct probe *p, const struct probe_question *q, struct err *e)
{
	const struct backend *b = p->b;
	struct fetch f = { .type = "application/json",
			   .proxy = b->proxy,
			   .ca_file = b->ca_file,
			   .timeout_ms = QUESTION_MS };
	struct buf url, credential;
	int rc;

	write_question(p, q);
	buf_init(&url, 4096);
	buf_init(&credential, 16384);
	buf_init(&f.body, ANSWER_MAX);
	backend_url(b, q->dialect, dialects[q->dialect].path, &url);
	rc = backend_credential(b, p->home, q->dialect, &credential, e);
	f.url = buf_cstr(&url);
	f.credential = buf_cstr(&credential);
	f.send = buf_get(&p->question);
	f.field = q->dialect == DIALECT_ANTHROPIC ? VERSION_FIELD : NULL;
	f.more = b->fields;
	f.n_more = b->n_fields;
	if (rc == 0 && fetch_run(p->http, &f, e))
		rc = err_add(e, b->base_url);
	p->status = f.status;
	buf_release(&p->answer);
	p->answer = f.body;
	buf_release(&url);
	buf_release(&credential);
	return rc;
}

/* What the provider says, in one line. */
static void complaint(const struct probe *p, struct err *out)
{
	error_read_body(buf_get(&p->answer), p->status, out);
}

/* An answer that is an error, whatever its status. */
static bool is_error(const struct probe *p)
{
	return p->status / 100 != 2 || error_find(buf_get(&p->answer), NULL);
}

/* Nothing more can be learned now: the key, the credit, the rate. */
static int stops(const struct probe *p, struct err *e)
{
	struct err why = { 0 };

	complaint(p, &why);
	return err_set(e, ERR_CONFIG,
		       "backend %s answers HTTP %d: %.200s; what came before "
		       "holds, ask again later",
		       p->b->name, p->status, why.msg);
}

static bool is_stop(int status)
{
	return status == 401 || status == 402 || status == 403 ||
	       status == 429 || status == 529;
}

/* --- what it means -------------------------------------------------------- */

static bool has_found(const struct probe *p, const char *key)
{
	return key && json_get(p->found, key);
}

static void note_switch(struct probe *p, const char *key, int number)
{
	json_object_object_add(p->found, key,
			       number ? json_object_new_int(number)
				      : json_object_new_boolean(true));
}

static void note_off(struct probe *p, const char *key)
{
	json_object_object_add(p->found, key, json_object_new_boolean(false));
}

static void tell(struct probe *p, const struct probe_question *q,
		 const char *how, const char *key, const char *why)
{
	struct json_object *o;

	if (p->asked) {
		o = json_object_new_object();
		json_set_str(o, "api", dialects[q->dialect].name);
		json_set_str(o, "question", q->what);
		json_set_str(o, "answer", how);
		if (key)
			json_set_str(o, "switch", key);
		if (key && *why)
			json_set_str(o, "why", why);
		json_object_array_add(p->asked, o);
		return;
	}
	say(stdout, "%-10s %-42s %-9s %s%s%s%.120s\n",
	    dialects[q->dialect].name, q->what, how, key ? "set " : "",
	    key ? key : "", key && *why ? ": " : "", why);
}

/* A refusal may be of something else than what was asked about. */
static const char *key_of(const struct probe_question *q, const char *why)
{
	if (q->key && strcmp(q->key, "noImages") == 0 &&
	    (strcasestr(why, "too small") || strcasestr(why, "dimension") ||
	     strcasestr(why, "pixel")))
		return NULL;
	if (q->key && strcmp(q->key, "reasoningContent") == 0)
		return strcasestr(why, "signature") ? "thoughtSignatures"
		     : strcasestr(why, "reasoning") ? q->key
						    : NULL;
	return q->key;
}

/* Whether it is one that a provider has and another has not. */
static void judge_taken(struct probe *p, const struct probe_question *q)
{
	if (is_error(p)) {
		note_off(p, q->key);
		tell(p, q, "no", NULL, "");
	} else if (q->done && !q->done(buf_get(&p->answer))) {
		tell(p, q, "not done", NULL, "");
	} else {
		note_switch(p, q->key, q->number);
		tell(p, q, "yes", q->key, "");
	}
}

static void judge(struct probe *p, const struct probe_question *q)
{
	struct err why = { 0 };
	const char *key;

	if (q->sign == PROBE_TAKEN) {
		judge_taken(p, q);
	} else if (is_error(p)) {
		complaint(p, &why);
		key = key_of(q, why.msg);
		if (key)
			note_switch(p, key, q->number);
		tell(p, q, "refused", key, why.msg);
	} else if (q->done && !q->done(buf_get(&p->answer))) {
		note_switch(p, q->key, q->number);
		tell(p, q, "not done", q->key, "");
	} else {
		tell(p, q, "yes", NULL, "");
	}
}

/* How it thinks aloud in Chat it wants to see again. */
static void look_for_reasoning(struct probe *p)
{
	struct err unused;
	struct json_object *o = json_read(buf_get(&p->answer), &unused);
	struct json_object *m = json_get(json_at(json_get(o, "choices"), 0),
					 "message");
	struct json_object *part = json_at(json_get(m, "content"), 0);

	p->reasons = json_str(m, "reasoning_content").n > 0;
	if (json_length(json_get(m, "reasoning_details")))
		note_switch(p, "reasoningDetails", 0);
	if (span_is(json_str(part, "type"), "thinking"))
		note_switch(p, "thinkingParts", 0);
	json_object_put(o);
}

/* Where it is not refused, and no call needs it. */
static void settle_reasoning(struct probe *p)
{
	if (!p->reasons || has_found(p, "reasoningContent") ||
	    has_found(p, "foreignFieldsRefused") ||
	    has_found(p, "reasoningDetails"))
		return;
	note_switch(p, "reasoningContent", 0);
	note_switch(p, "reasoningOptional", 0);
}

/* Without an answer to this one nothing can be told. */
static int ask_first(struct probe *p, const struct probe_question *q,
		     struct err *e)
{
	struct err why = { 0 };

	if (ask(p, q, e))
		return -1;
	if (is_error(p)) {
		complaint(p, &why);
		if (q->dialect == DIALECT_OPENAI &&
		    strstr(why.msg, "max_tokens")) {
			p->new_limit = true;
			if (ask(p, q, e))
				return -1;
		}
	}
	if (is_error(p)) {
		complaint(p, &why);
		return err_set(e, ERR_CONFIG,
			       "backend %s does not answer %s in %s (HTTP %d): "
			       "%.200s",
			       p->b->name, p->model, dialects[q->dialect].name,
			       p->status, why.msg);
	}
	tell(p, q, "yes", NULL, "");
	if (q->dialect != DIALECT_OPENAI)
		return 0;
	if (p->new_limit)
		note_switch(p, "maxCompletionTokens", 0);
	look_for_reasoning(p);
	return 0;
}

static int ask_one(struct probe *p, const struct probe_question *q,
		   struct err *e)
{
	if (ask(p, q, e))
		return -1;
	/* Some refuse with a 500: that it is no accident shows once more. */
	if (p->status >= 500 && p->status != 529 && ask(p, q, e))
		return -1;
	if (is_stop(p->status))
		return stops(p, e);
	judge(p, q);
	return 0;
}

/* --- all of them ---------------------------------------------------------- */

static bool is_asked(const struct probe *p, const struct probe_question *q)
{
	return p->b->speaks[q->dialect];
}

static bool is_moot(const struct probe *p, const struct probe_question *q)
{
	/* Every call would be refused, whatever is asked about it. */
	bool no_calls = has_found(p, "reasoningContent") ||
			has_found(p, "thoughtSignatures");

	return has_found(p, q->moot) || (q->only && !has_found(p, q->only)) ||
	       (no_calls && strstr(q->body, "\"tool_calls\""));
}

static int ask_all(struct probe *p, struct err *e)
{
	const struct probe_question *q = probe_questions;
	int last = -1;

	for (; q->what; q++) {
		bool first = (int)q->dialect != last;

		if (!is_asked(p, q))
			continue;
		last = (int)q->dialect;
		if (is_moot(p, q))
			continue;
		if (first ? ask_first(p, q, e) : ask_one(p, q, e))
			return -1;
	}
	return 0;
}

/* What it may cost, before it does. */
static void show_costs(struct probe *p)
{
	const struct probe_question *q = probe_questions;
	struct prices *prices;
	struct usage u = { 0 };
	struct err unused;
	double cost = -1;
	int n = 0;

	for (; q->what; q++) {
		if (!is_asked(p, q))
			continue;
		n++;
		write_question(p, q);
		u.input += (int64_t)p->question.n / BYTES_A_TOKEN;
		u.output += PROBE_LIMIT;
	}
	prices = prices_load(NULL, &unused);
	if (prices)
		cost = prices_cost(prices, p->b, p->model, clock_wall_ms(), &u);
	prices_free(prices);
	say(stderr,
	    "dario: up to %d questions to %s at %s: about %lld tokens there "
	    "and at most %lld back, ",
	    n, p->model, p->b->base_url, (long long)u.input,
	    (long long)u.output);
	if (cost >= 0)
		say(stderr, "%.4f USD\n", cost);
	else
		say(stderr, "at a price that is not known here\n");
}

/* --- the model ------------------------------------------------------------ */

static char *first_listed(struct probe *p, struct err *e)
{
	struct fetch f = { .proxy = p->b->proxy,
			   .ca_file = p->b->ca_file,
			   .more = p->b->fields,
			   .n_more = p->b->n_fields,
			   .timeout_ms = QUESTION_MS };
	struct buf url, credential, list;
	struct json_object *o;
	struct err unused;

	buf_init(&url, 4096);
	buf_init(&credential, 16384);
	buf_init(&f.body, ANSWER_MAX);
	buf_init(&list, ANSWER_MAX);
	backend_models_url(p->b, &url);
	f.url = buf_cstr(&url);
	if (backend_credential(p->b, p->home, p->b->protocol, &credential,
			       &unused) == 0) {
		f.credential = buf_cstr(&credential);
		fetch_run(p->http, &f, &unused);
	}
	model_list_read(buf_get(&f.body), &list);
	o = json_read(buf_get(&list), &unused);
	buf_span(&p->answer, json_str(json_at(o, 0), "id"));
	json_object_put(o);
	buf_release(&list);
	buf_release(&f.body);
	buf_release(&url);
	buf_release(&credential);
	if (p->answer.n)
		return xstrdup(buf_cstr(&p->answer));
	err_set(e, ERR_USAGE,
		"backend %s lists no models: name one with --model=NAME",
		p->b->name);
	return NULL;
}

/* Malloced: as asked, the first that the backend's file names, or that the
 * backend lists. */
static char *choose_model(struct probe *p, const struct cmd *c, struct err *e)
{
	const char *asked = cmd_value(c, "model");

	if (asked)
		return xstrdup(asked);
	for (size_t i = 0; i < p->b->n_models; i++)
		if (!strpbrk(p->b->models[i].text, "*?["))
			return xstrdup(p->b->models[i].text);
	return first_listed(p, e);
}

/* --- the file ------------------------------------------------------------- */

static int save(const struct cmd *c, const struct probe *p, struct err *e)
{
	struct json_object *file = NULL;
	char path[300];
	int lock, rc;

	backend_file(p->b->name, path, sizeof(path));
	lock = store_lock(c->home, path, e);
	if (lock < 0)
		return -1;
	rc = json_load_object(c->home, path, &file, e);
	if (rc == 0) {
		json_object_object_foreach(p->found, key, value)
			json_object_object_add(file, key,
					       json_object_get(value));
		rc = save_checked(c->home, path, file, e);
	}
	json_object_put(file);
	store_unlock(lock);
	return rc;
}

static void print_json(const struct probe *p, bool written)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "backend", p->b->name);
	json_set_str(o, "model", p->model);
	json_object_object_add(o, "questions", json_object_get(p->asked));
	json_object_object_add(o, "switches", json_object_get(p->found));
	json_object_object_add(o, "written", json_object_new_boolean(written));
	say_json(json_text(o));
	json_object_put(o);
}

static void print_found(const struct probe *p)
{
	struct span list = json_text(p->found);

	if (json_object_object_length(p->found))
		say(stdout, "switches: %.*s\n", SPAN_FMT(list));
	else
		say(stdout, "backend %s needs no switch\n", p->b->name);
}

static int report(const struct cmd *c, const struct probe *p, struct err *e)
{
	bool any = json_object_object_length(p->found);
	bool write = any && cmd_value(c, "write");

	if (write && save(c, p, e))
		return -1;
	if (p->asked)
		print_json(p, write);
	else
		print_found(p);
	if (any)
		say(stderr,
		    write ? "dario: backends/%s.json has them now\n"
			  : "dario: --write sets them in backends/%s.json\n",
		    p->b->name);
	return 0;
}

static int run(struct probe *p, struct cmd *c, struct err *e)
{
	int rc;

	p->model = choose_model(p, c, e);
	if (!p->model)
		return -1;
	show_costs(p);
	rc = ask_all(p, e);
	settle_reasoning(p);
	if (rc == 0)
		rc = report(c, p, e);
	free(p->model);
	return rc;
}

int probe_run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = NULL;
	struct probe p = { .home = c->home };
	int rc = -1;

	if (secret_check_short_name(c->args[0], BACKEND_NAME, e) == 0)
		cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	p.b = snapshot_backend(cfg, span_of(c->args[0]));
	p.http = http_new(NULL, 1);
	p.found = json_object_new_object();
	if (cmd_value(c, "json"))
		p.asked = json_object_new_array();
	buf_init(&p.question, QUESTION_MAX);
	buf_init(&p.answer, ANSWER_MAX);
	if (!p.b)
		err_set(e, ERR_CONFIG,
			"there is no backend %.64s: see dario backend list",
			c->args[0]);
	else if (!p.http)
		err_set(e, ERR_INTERNAL, "libcurl cannot start");
	else
		rc = run(&p, c, e);
	if (p.http)
		http_free(p.http);
	json_object_put(p.found);
	json_object_put(p.asked);
	buf_release(&p.question);
	buf_release(&p.answer);
	snapshot_free(cfg);
	return rc;
}
