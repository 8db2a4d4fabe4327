/* SPDX-License-Identifier: MIT */
/* run: a program that speaks to a language model, with the router in place. */
#include "config.h"

#include "base/json.h"
#include "base/nearest.h"
#include "base/run.h"
#include "cli/cmd.h"
#include "cli/router.h"
#include "cli/run-tools.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/server.h"
#include "state/config/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_MS 3000
#define START_MS 20000
#define MODELS_MAX 500 /* that a program is told of */
#define ARGS_MAX 512
#define NOT_FOUND 127 /* as shells have it */

struct running {
	const struct cmd *cmd;
	struct router router;
	struct server server; /* one of ours, when there was none */
};

/* --- the router ---------------------------------------------------------- */

static int find_router(struct running *r, struct err *e)
{
	if (router_meet(&r->router, e) == 0)
		return 0;
	if (e->code == ERR_CONFIG)
		return -1;
	if (r->router.named) {
		struct err why = *e;

		return err_set(e, ERR_CONFIG,
			       "no router answers at %s (%.200s): start it "
			       "there, or leave --url out for one here",
			       r->router.url, why.msg);
	}
	memset(e, 0, sizeof(*e));
	say(stderr, "dario: no router at %s: one runs until %s ends\n",
	    r->router.url, r->cmd->args[0]);
	if (server_start(&r->server, e))
		return -1;
	if (server_wait(&r->server, START_MS, e))
		return -1;
	return router_meet(&r->router, e);
}

/* --- the program --------------------------------------------------------- */

/* The names of the models, as members of an object. */
static struct json_object *list_models(struct running *r, struct err *e)
{
	struct json_object *all = json_object_new_object();
	struct json_object *list = NULL, *data, *name;
	struct fetch f;

	if (router_ask(&r->router, "/v1/models", ASK_MS, &f, e) == 0 &&
	    f.status == 200)
		list = json_read(buf_get(&f.body), e);
	data = json_get(list, "data");
	for (size_t i = 0; i < json_length(data) && i < MODELS_MAX; i++) {
		const char *id = json_cstr(json_at(data, i), "id");

		if (!id)
			continue;
		name = json_object_new_object();
		json_object_object_add(name, "name",
				       json_object_new_string(id));
		json_object_object_add(all, id, name);
	}
	json_object_put(list);
	buf_release(&f.body);
	return all;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Ctrl-C and Ctrl-\ go to whoever has the terminal: the program decides. */
static int run_beside(char *const *argv, int *status, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was[2];
	pid_t pid;
	int how = 0;

	sigaction(SIGINT, &ignore, &was[0]);
	sigaction(SIGQUIT, &ignore, &was[1]);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &was[0], NULL);
		sigaction(SIGQUIT, &was[1], NULL);
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		say(stderr, "dario: cannot run %s: %s\n", argv[0],
		    strerror(errno));
		_exit(NOT_FOUND);
	}
	if (pid < 0)
		return err_sys(e, "start", argv[0]);
	while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	return 0;
}

/* Before a router is started for it. */
static bool is_there(const char *program)
{
	const char *names[RUN_TOOLS_MAX], *near;

	if (strchr(program, '/') ? access(program, X_OK) == 0
				 : run_exists(program))
		return true;
	run_tool_names(names);
	near = nearest(program, names);
	say(stderr, "dario: there is no program %s: %s%s%s\n", program,
	    near ? "do you mean " : "install it, or give its path",
	    near ? near : "", near ? "?" : "");
	return false;
}

static int run_program(struct running *r, int *status, struct err *e)
{
	const char *program = base_name(r->cmd->args[0]);
	char *argv[ARGS_MAX + 1] = { r->cmd->args[0] };
	struct json_object *models = NULL;
	struct run_tool t = { .url = r->router.url,
			      .key = buf_cstr(&r->router.key),
			      .model = cmd_value(r->cmd, "model") };
	struct buf texts;
	size_t n;

	if (r->cmd->n + 16 > ARGS_MAX)
		return err_set(e, ERR_USAGE, "more than %d arguments",
			       ARGS_MAX - 16);
	if (run_tool_wants_models(program)) {
		models = list_models(r, e);
		t.models = json_object_to_json_string(models);
	}
	buf_init(&texts, 64u << 10);
	run_tool_environment(&t, program);
	n = 1 + run_tool_arguments(&t, program, (const char **)argv + 1, 15,
				   &texts);
	for (int i = 1; i < r->cmd->n; i++)
		argv[n++] = r->cmd->args[i];
	n = (size_t)run_beside(argv, status, e);
	buf_release(&texts);
	json_object_put(models);
	return (int)n;
}

static int run(struct cmd *c, struct err *e)
{
	struct running r = { .cmd = c };
	struct snapshot *cfg;
	int rc = -1;

	if (!is_there(c->args[0])) {
		c->status = NOT_FOUND;
		return 0;
	}
	cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	if (router_init(&r.router, c, cfg, e) == 0 && find_router(&r, e) == 0)
		rc = run_program(&r, &c->status, e);
	server_stop(&r.server);
	router_release(&r.router);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "model", "NAME", "the model, for programs that can be told" },
	ROUTER_URL_FLAG,
	SECRET_FLAGS,
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "[FLAGS] [--] PROGRAM [ARGUMENT...]",
	  "run claude, codex, opencode, aider or another program through the "
	  "router; one is started for it when none answers",
	  1, CMD_PROGRAM, flags, false, run },
	{ 0 },
};

static const char *const run_examples[] = {
	"dario run claude",
	"dario run --model=gpt-5 codex exec \"Say hello\"",
	"dario run --url=https://llm.example.org --key-file=my.key claude",
	NULL,
};

const struct cmd_group cmd_run = { "run", "programs", entries, run_examples };
