/* SPDX-License-Identifier: MIT */
/*
 * ask: one question to the library, for tests. A host with habits: it has a
 * handler for SIGCHLD and children of its own.
 *
 *	ask HOME QUESTION [ARG]
 */
#include <dario.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t told; /* of SIGCHLD */

static void on_child(int signal_number)
{
	(void)signal_number;
	told = 1;
}

static int show(char *text, const struct dario_error *e)
{
	if (!text) {
		printf("%s: %s\n", dario_code_name(e->code), e->message);
		return 1;
	}
	puts(text);
	dario_free(text);
	return 0;
}

static int show_route(struct dario *d, const char *model)
{
	struct dario_error e;
	struct dario_route r;

	if (dario_route(d, model, "messages", &r, &e))
		return show(NULL, &e);
	printf("%s %s %s %d\n", r.backend, r.model, r.dialect, r.translated);
	return 0;
}

static int show_test(struct dario *d, const char *backend)
{
	struct dario_error e;
	int64_t ms = -1;
	int n = dario_backend_test(d, backend, &ms, &e);

	if (n < 0)
		return show(NULL, &e);
	printf("%d models%s\n", n, ms >= 0 ? "" : ", no time");
	return 0;
}

/* Two homes at a time, in threads of one process or not: here one after the
 * other, both open. */
static int show_two(struct dario *d, const char *other)
{
	struct dario_options o = { .size = sizeof(o), .folder = other };
	struct dario_error e;
	struct dario *two = dario_open(&o, &e);
	int rc = show(two ? dario_backends(two, &e) : NULL, &e);

	rc |= show(dario_backends(d, &e), &e);
	dario_close(two);
	return rc;
}

static int run_router(struct dario *d, const char *port)
{
	const char *flags[] = { port, "--demo", NULL };
	struct sigaction act = { .sa_handler = on_child }, now;
	struct dario_error e;
	struct dario_router *r;
	char line[200];
	int status = -1, ready, mine;
	pid_t child;

	sigaction(SIGCHLD, &act, NULL);
	child = fork();
	if (child == 0)
		_exit(7);
	r = dario_router_start(d, flags, 2, &e);
	if (!r)
		return show(NULL, &e);
	ready = dario_router_ready(r, 20000, &e);
	if (ready < 0)
		return show(NULL, &e);
	printf("ready %d, running %d\n", ready,
	       dario_router_wait(r, 0, NULL) == 0);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	printf("stopped with %d\n", dario_router_stop(r, 20000));
	dario_router_free(r);
	sigaction(SIGCHLD, NULL, &now);
	mine = waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
	printf("own handler %d, own child %d\n", now.sa_handler == on_child,
	       mine);
	return 0;
}

int main(int argc, char **argv)
{
	const char *arg = argc > 3 ? argv[3] : NULL;
	struct dario_options o = { .size = sizeof(o), .folder = argv[1] };
	struct dario_error e = { 0 };
	struct dario *d;
	int rc = 2;

	if (argc < 3)
		return 2;
	d = dario_open(&o, &e);
	if (!d)
		return show(NULL, &e);
	if (!strcmp(argv[2], "accounts"))
		rc = show(dario_accounts(d, &e), &e);
	else if (!strcmp(argv[2], "status"))
		rc = show(dario_status(d, &e), &e);
	else if (!strcmp(argv[2], "backends"))
		rc = show(dario_backends(d, &e), &e);
	else if (!strcmp(argv[2], "explain"))
		rc = show(dario_explain(d, arg, NULL, &e), &e);
	else if (!strcmp(argv[2], "route"))
		rc = show_route(d, arg);
	else if (!strcmp(argv[2], "test"))
		rc = show_test(d, arg);
	else if (!strcmp(argv[2], "token"))
		rc = show(dario_token(d, arg, NULL, &e), &e);
	else if (!strcmp(argv[2], "two"))
		rc = show_two(d, arg);
	else if (!strcmp(argv[2], "router"))
		rc = run_router(d, arg);
	dario_close(d);
	return rc;
}
