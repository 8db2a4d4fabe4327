/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gateway.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

/* With SIGTERM a web server says that the client has left. It then waits for
 * some seconds: enough to end the request in order, as one that is gone. */
static volatile sig_atomic_t told;

static void on_term(int sig)
{
	(void)sig;
	told = 1;
}

/* What is left of the body: the web server need not end its input there (RFC
 * 3875, 4.2). Without a length the body ends with the input. */
static unsigned long left = ULONG_MAX;

static long gw_read(struct gateway *g, char *p, size_t n)
{
	ssize_t got;

	(void)g;
	if (n > left)
		n = left;
	do
		got = told ? -1 : read(STDIN_FILENO, p, n);
	while (got < 0 && errno == EINTR && !told);
	if (got > 0 && left != ULONG_MAX)
		left -= (size_t)got;
	return got;
}

static int gw_write(struct gateway *g, struct span s)
{
	(void)g;
	while (s.n) {
		ssize_t n = told ? -1 : write(STDOUT_FILENO, s.p, s.n);

		if (n < 0 && errno == EINTR && !told)
			continue;
		if (n <= 0)
			return -1;
		s = span_skip(s, (size_t)n);
	}
	return 0;
}

static int gw_flush(struct gateway *g)
{
	(void)g;
	return 0; /* nothing is held back */
}

/* Told so, or the reader of our output has closed its end. */
static bool gw_gone(struct gateway *g)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	(void)g;
	if (told)
		return true;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}

static void gw_finish(struct gateway *g, bool whole)
{
	/* The exit status tells the web server. */
	g->broken = !whole && !gw_gone(g);
}

static const struct gateway_ops ops = {
	.read = gw_read,
	.write = gw_write,
	.flush = gw_flush,
	.gone = gw_gone,
	.finish = gw_finish,
};

void gw_cgi_init(struct gateway *g)
{
	/* No SA_RESTART: it shall interrupt what waits. */
	struct sigaction term = { .sa_handler = on_term };

	const char *length = getenv("CONTENT_LENGTH");

	sigaction(SIGTERM, &term, NULL);
	if (length && *length)
		left = strtoul(length, NULL, 10);
	g->ops = &ops;
	g->envp = environ;
	g->watch = STDOUT_FILENO;
	g->blind = true;
	g->script = true;
	g->broken = false;
	g->impl = NULL;
}
