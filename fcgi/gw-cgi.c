/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/io.h"
#include "fcgi/gateway.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

extern char **environ;

static long gw_read(struct gateway *g, char *p, size_t n)
{
	ssize_t got;

	(void)g;
	do
		got = read(STDIN_FILENO, p, n);
	while (got < 0 && errno == EINTR);
	return got;
}

static int gw_write(struct gateway *g, struct span s)
{
	(void)g;
	return io_write(STDOUT_FILENO, s);
}

static int gw_flush(struct gateway *g)
{
	(void)g;
	return 0; /* nothing is held back */
}

/* The reader of our output has closed its end. */
static bool gw_gone(struct gateway *g)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	(void)g;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}

static void gw_finish(struct gateway *g, bool whole)
{
	(void)g;
	(void)whole; /* the exit status tells the web server */
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
	g->ops = &ops;
	g->envp = environ;
	g->watch = STDOUT_FILENO;
	g->blind = true;
	g->impl = NULL;
}
