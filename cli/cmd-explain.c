/* SPDX-License-Identifier: MIT */
/* dario explain: what would become of a request, told by the code that decides
 * it. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/library.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "net/explain.h"

#include <stdio.h>
#include <string.h>

static void print_note(void *arg, const char *target, bool ok, const char *why)
{
	(void)arg;
	say_line(6, "  %s %-24s %s", ok ? "*" : " ", target, why);
}

static void print_seats(const struct explain *x)
{
	char name[EXPLAIN_NAME], why[EXPLAIN_WHY];

	for (size_t i = 0; i < x->pool.n; i++) {
		explain_seat(x, i, name, why);
		print_note(NULL, name, (int)i == x->seat, why);
	}
}

static void print_fallbacks(const struct explain *x)
{
	struct buf on;

	for (size_t i = 0; i < x->at; i++)
		say_line(6, "  not %s:%s: %s", x->plan.routes[i].backend->name,
			 x->plan.routes[i].model, x->passed[i]);
	for (size_t i = x->at + 1; i < x->plan.n; i++)
		say_line(6, "  else %s:%s", x->plan.routes[i].backend->name,
			 x->plan.routes[i].model);
	if (x->plan.n < 2)
		return;
	buf_init(&on, 1024);
	rule_on_text(x->plan.rule, &on);
	say_line(6, "  on %s", buf_cstr(&on));
	buf_release(&on);
}

static void print_text(const struct explain *x)
{
	const struct backend *b = x->plan.routes[x->at].backend;
	enum dialect_id d = explain_protocol(x);
	const char *problem = explain_problem(x);
	const char *account = "";
	char added[600];

	if (x->seat >= 0)
		account = x->pool.seats[x->seat].account->alias;
	say_line(4, "%s goes to %s%s%s%s%s%s as %s (%s)", x->model, b->name,
		 *account ? ", account " : "", account, problem ? ", " : "",
		 problem ? problem : "", problem ? "," : "", x->upstream,
		 x->plan.why);
	say_line(4, "in the API %s, %s", dialects[d].name,
		 d == x->dialect ? "byte for byte" : "translated");
	explain_additions(x, added, sizeof(added));
	if (*added)
		say_line(4, "with %s", added);
	print_fallbacks(x);
	printf("candidates:\n");
	route_explain(x->config, x->model, x->at, print_note, NULL);
	print_seats(x);
}

static int check_model(const char *model, struct err *e)
{
	if (*model)
		return secret_check_name(model, "a model", e);
	return err_set(e, ERR_USAGE,
		       "the model is empty: name one, such as opus");
}

static int show_json(const struct cmd *c, struct err *e)
{
	struct dario *d = library_open(c->home, e);
	struct dario_error why;
	int rc;

	if (!d)
		return -1;
	rc = library_print(
		dario_explain(d, c->args[0], cmd_value(c, "api"), &why), &why,
		e);
	dario_close(d);
	return rc;
}

static int show_text(const struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct explain x;
	int rc = -1;

	if (cfg && explain_make(&x, cfg, c->home, c->args[0],
				cmd_value(c, "api"), e) == 0) {
		print_text(&x);
		explain_release(&x);
		rc = 0;
	}
	snapshot_free(cfg);
	return rc;
}

static int run(struct cmd *c, struct err *e)
{
	if (check_model(c->args[0], e))
		return -1;
	return cmd_value(c, "json") ? show_json(c, e) : show_text(c, e);
}

static const struct cmd_flag flags[] = {
	{ "api", "API", "messages, chat (the default) or responses" },
	{ "json", NULL, "as JSON" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "MODEL", "show where a model goes, and why", 1, 1, flags, false,
	  run },
	{ 0 },
};

static const char *const explain_examples[] = {
	"dario explain claude-sonnet-5",
	"dario explain groq:llama-3.3-70b --api=messages",
	NULL,
};

const struct cmd_group cmd_explain = { "explain", "routing", entries,
				       explain_examples };
