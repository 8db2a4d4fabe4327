/* SPDX-License-Identifier: MIT */
/*
 * host: a program with habits that a library should survive, for tests.
 *
 *	host HABIT[,HABIT...] HOME QUESTION
 *
 * Habits: ignore (SIGCHLD is ignored), fetch (a thread fetches every child),
 * closed (no standard streams), many (the first 1,500 descriptors are taken),
 * comma (numbers have a comma), fork (a child asks). Questions: token, key
 * (the backend's by a command), accounts, explain, usage, router.
 */
#include <dario.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 1500

static int out = 1; /* where the answer goes */

static void *fetch(void *arg)
{
	(void)arg;
	for (;;)
		if (waitpid(-1, NULL, 0) < 0)
			usleep(200);
	return NULL;
}

static int no_number(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%.1f", 1.5);
	return strcmp(text, "1,5");
}

static int take_many(void)
{
	struct rlimit most;
	int fd = 0;

	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	while (fd >= 0 && fd < MANY)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd < 0;
}

/* 0, or the habit cannot be had here. */
static int take_up(const char *habit)
{
	pthread_t thread;

	if (!strcmp(habit, "ignore"))
		return signal(SIGCHLD, SIG_IGN) == SIG_ERR;
	if (!strcmp(habit, "fetch"))
		return pthread_create(&thread, NULL, fetch, NULL);
	if (!strcmp(habit, "many"))
		return take_many();
	if (!strcmp(habit, "comma"))
		return !setlocale(LC_ALL, "de_DE.UTF-8") || no_number();
	if (!strcmp(habit, "closed")) {
		out = fcntl(1, F_DUPFD_CLOEXEC, 100);
		close(0);
		close(1);
		close(2);
		return out < 0;
	}
	return strcmp(habit, "fork");
}

static void show(char *text, const struct dario_error *e)
{
	if (text)
		dprintf(out, "%s\n", text);
	else
		dprintf(out, "%s: %s\n", dario_code_name(e->code), e->message);
	dario_free(text);
}

static void run_router(struct dario *d)
{
	const char *flags[] = { "--demo", getenv("PORT_FLAG"), NULL };
	struct dario_error e = { 0 };
	struct dario_router *r = dario_router_start(d, flags, -1, &e);
	int ready = r ? dario_router_ready(r, 60000, &e) : -1, status;

	if (ready < 0) {
		show(NULL, &e);
		return;
	}
	dprintf(out, "ready %d, running %d\n", ready,
		dario_router_wait(r, 0, &status) == 0);
	status = dario_router_stop(r, 60000);
	/* Who fetches all of its children may have had the status. */
	dprintf(out, "stopped %d\n", status == 0 || status == -1);
	dario_router_free(r);
}

static void count(struct dario *d)
{
	static const char said[] = "{\"usage\":{\"prompt_tokens\":1.5e3,"
				   "\"completion_tokens\":1}}";
	struct dario_usage u = { 0 };

	dario_usage(d, "openai", said, strlen(said), &u, NULL);
	dprintf(out, "%lld tokens\n", (long long)u.input);
}

static void answer(struct dario *d, const char *question)
{
	struct dario_error e = { 0 };
	int n;

	if (!strcmp(question, "token"))
		show(dario_token(d, NULL, NULL, &e), &e);
	else if (!strcmp(question, "accounts"))
		show(dario_accounts(d, &e), &e);
	else if (!strcmp(question, "explain"))
		show(dario_explain(d, "gpt-4", NULL, &e), &e);
	else if (!strcmp(question, "usage"))
		count(d);
	else if (!strcmp(question, "router"))
		run_router(d);
	else if ((n = dario_backend_test(d, "one", NULL, &e)) < 0)
		show(NULL, &e);
	else
		dprintf(out, "%d models\n", n);
}

int main(int argc, char **argv)
{
	struct dario_options o = { .size = sizeof(o) };
	struct dario_error e = { 0 };
	int forks, status = 0;
	struct dario *d;
	pid_t child = 0;

	if (argc < 4)
		return 2;
	o.folder = argv[2];
	forks = strstr(argv[1], "fork") != NULL;
	for (char *h = strtok(argv[1], ","); h; h = strtok(NULL, ","))
		if (take_up(h))
			return 3;
	d = dario_open(&o, &e);
	if (!d) {
		show(NULL, &e);
		return 1;
	}
	if (forks) {
		answer(d, argv[3]);
		child = fork();
	}
	if (!child)
		answer(d, argv[3]);
	else if (waitpid(child, &status, 0) == child)
		dprintf(out, "%s\n", WIFEXITED(status) ? "ended" : "died");
	dario_close(d);
	return 0;
}
