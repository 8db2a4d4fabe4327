/* SPDX-License-Identifier: MIT */
/* run: a program that speaks to a language model, with the router in place. */
#include "config.h"

#include "base/json.h"
#include "base/port.h"
#include "cli/cmd.h"
#include "cli/run-tools.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/server.h"
#include "net/fetch.h"
#include "state/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_MS 3000
#define START_MS 20000
#define LIST_MAX (1u << 20)
#define MODELS_MAX 500 /* that a program is told of */
#define ARGS_MAX 512
#define NO_KEY "dario" /* shown where any text does */

struct running {
	const struct cmd *cmd;
	const struct snapshot *config;
	char url[512];
	struct buf key;
	struct http *http;
	struct server server; /* one of ours, when there was none */
};

/* --- the router ---------------------------------------------------------- */

static int take_url(struct running *r, struct err *e)
{
	const struct settings *s = &r->config->settings;
	const char *given = cmd_value(r->cmd, "url");
	bool six = strchr(s->host, ':');
	const char *host = s->host;
	int n;

	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		host = six ? "::1" : "127.0.0.1";
	if (given)
		n = snprintf(r->url, sizeof(r->url), "%s", given);
	else
		n = snprintf(r->url, sizeof(r->url), "http://%s%s%s:%ld%s",
			     six ? "[" : "", host, six ? "]" : "", s->port,
			     s->prefix);
	if (n >= (int)sizeof(r->url))
		return err_set(e, ERR_USAGE, "the URL is longer than %zu bytes",
			       sizeof(r->url) - 1);
	while (n && r->url[n - 1] == '/')
		r->url[--n] = '\0';
	return 0;
}

/* A person's key from a file, else the router's own. */
static int take_key(struct running *r, struct err *e)
{
	const char *own = r->config->settings.api_key;

	if (secret_take(r->cmd, &r->key, e))
		return -1;
	if (r->key.n)
		return 0;
	if (!*own && r->config->keys.any && !cmd_value(r->cmd, "url"))
		return err_set(
			e, ERR_USAGE,
			"the router wants a key: make one with dario key "
			"add NAME, and name it with --key-file=FILE");
	buf_str(&r->key, *own ? own : NO_KEY);
	return 0;
}

static int ask(struct running *r, const char *path, struct fetch *f,
	       struct err *e)
{
	char url[600], field[600];
	int rc;

	snprintf(url, sizeof(url), "%s%s", r->url, path);
	snprintf(field, sizeof(field), "Authorization: Bearer %s",
		 buf_cstr(&r->key));
	*f = (struct fetch){ .url = url,
			     .credential = field,
			     .timeout_ms = ASK_MS };
	buf_init(&f->body, LIST_MAX);
	rc = fetch_run(r->http, f, e);
	f->url = f->credential = NULL;
	port_wipe(field, sizeof(field));
	return rc;
}

static bool answers(struct running *r, struct err *e)
{
	struct json_object *health = NULL;
	struct err ignored = { 0 };
	struct fetch f;
	bool ours = false;

	if (ask(r, "/health", &f, e) == 0) {
		health = json_read(buf_get(&f.body), &ignored);
		ours = health && json_cstr(health, "status");
		if (!ours)
			err_set(e, ERR_CONFIG,
				"%s is answered by something else than dario: "
				"set another port, or name the router with "
				"--url=URL",
				r->url);
	}
	json_object_put(health);
	buf_release(&f.body);
	return ours;
}

static int find_router(struct running *r, struct err *e)
{
	if (answers(r, e))
		return 0;
	if (e->code == ERR_CONFIG || cmd_value(r->cmd, "url"))
		return -1;
	memset(e, 0, sizeof(*e));
	say(stderr, "dario: no router at %s: one runs until %s ends\n", r->url,
	    r->cmd->args[0]);
	if (server_start(&r->server, e))
		return -1;
	return server_wait(&r->server, START_MS, e);
}

/* --- the program --------------------------------------------------------- */

/* The names of the models, as members of an object. */
static struct json_object *list_models(struct running *r, struct err *e)
{
	struct json_object *all = json_object_new_object();
	struct json_object *list = NULL, *data, *name;
	struct fetch f;

	if (ask(r, "/v1/models", &f, e) == 0 && f.status == 200)
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
		_exit(127);
	}
	if (pid < 0)
		return err_sys(e, "start", argv[0]);
	while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	return 0;
}

static int run_program(struct running *r, int *status, struct err *e)
{
	const char *program = base_name(r->cmd->args[0]);
	char *argv[ARGS_MAX + 1] = { r->cmd->args[0] };
	struct json_object *models = NULL;
	struct run_tool t = { .url = r->url,
			      .key = buf_cstr(&r->key),
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
	struct snapshot *cfg = snapshot_load(c->home, e);
	int rc = -1;

	r.config = cfg;
	buf_init(&r.key, 4096);
	if (!cfg || take_url(&r, e) || take_key(&r, e))
		goto out;
	r.http = http_new(NULL, 1);
	if (!r.http)
		err_set(e, ERR_INTERNAL, "libcurl cannot start");
	else if (find_router(&r, e) == 0)
		rc = run_program(&r, &c->status, e);
	server_stop(&r.server);
out:
	http_free(r.http);
	buf_release(&r.key);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "model", "NAME", "the model, for programs that can be told" },
	{ "url", "URL", "a router elsewhere, such as https://llm.example.org" },
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
