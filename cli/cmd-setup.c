/* SPDX-License-Identifier: MIT */
/* dario setup: finds what is on this machine, and adds it. */
#include "config.h"

#include "base/install-path.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Logs and files first: what they name is known by that name then. */
static int find_all(struct setup *s, const struct cmd *c, struct err *e)
{
	setup_find_login(s);
	setup_find_dario(s);
	if (setup_find_litellm(s, cmd_value(c, "litellm"), e) ||
	    setup_find_ccr(s, cmd_value(c, "ccr"), e))
		return -1;
	setup_find_environment(s);
	setup_find_local(s);
	return 0;
}

static bool agrees(size_t n)
{
	char line[64];

	printf("\nAdd %zu of these? [y/N] ", n);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) &&
	       (*line == 'y' || *line == 'Y');
}

static void tell_end(size_t n)
{
	fprintf(stderr,
		"dario: %zu added: see dario backend list, try them with dario "
		"doctor, and start the router with dario proxy\n",
		n);
}

static int decide(struct setup *s, const struct cmd *c, struct err *e)
{
	bool json = cmd_value(c, "json"), yes = cmd_value(c, "yes");
	size_t n = setup_count(s, SETUP_ADD);
	int rc = 0;

	if (json && yes)
		rc = setup_apply(s, e);
	if (json) {
		setup_show_json(s);
		return rc;
	}
	if (!s->n) {
		fputs("dario: nothing is found: dario backend add NAME, or "
		      "dario login\n",
		      stderr);
		return 0;
	}
	setup_show(s);
	if (!n)
		return 0;
	if (!yes && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))) {
		fputs("dario: nothing is added yet: say --yes\n", stderr);
		return 0;
	}
	if (!yes && !agrees(n)) {
		fputs("dario: nothing is added\n", stderr);
		return 0;
	}
	rc = setup_apply(s, e);
	tell_end(setup_count(s, SETUP_ADDED));
	return rc;
}

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct json_object *known = NULL;
	struct setup *s;
	int rc = -1;

	if (!cfg)
		return -1;
	s = xcalloc(1, sizeof(*s));
	arena_init(&s->arena);
	s->home = c->home;
	s->config = cfg;
	s->no_copy = cmd_value(c, "no-copy");
	known = install_path_json("share/providers.json", e);
	s->rows = json_get(known, "providers");
	if (known && find_all(s, c, e) == 0)
		rc = decide(s, c, e);
	json_object_put(known);
	arena_release(&s->arena);
	free(s);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "yes", NULL, "add it without a question" },
	{ "no-copy", NULL,
	  "keys of the environment stay there: the router reads them when it "
	  "starts" },
	{ "litellm", "FILE", "LiteLLM's config.yaml, if it is elsewhere" },
	{ "ccr", "FILE", "claude-code-router's config.json, the same" },
	{ "json", NULL, "as JSON" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "[FLAGS]",
	  "find keys, local servers and what other routers have; show it, and "
	  "add it",
	  0, 0, flags, false, run },
	{ 0 },
};

static const char *const setup_examples[] = {
	"dario setup",
	"dario setup --litellm=config.yaml",
	"dario setup --yes --no-copy",
	NULL,
};

const struct cmd_group cmd_setup = { "setup", "beginning", entries,
				     setup_examples };
