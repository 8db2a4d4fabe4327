/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/port.h"
#include "base/task.h"
#include "fcgi/gateway.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* With SIGTERM a web server says that the client has left. It then waits for
 * some seconds: enough to end the request in order, as one that is gone. */
static volatile sig_atomic_t told;
static struct port_bell told_bell = { -1, -1 }; /* rung then */

static void on_term(int sig)
{
	(void)sig;
	told = 1;
	port_bell_ring(&told_bell);
}

struct cgi {
	struct watch term, out; /* SIGTERM; who reads our output is gone */
	struct watch in;        /* more of the body */
	struct loop *loop;
	struct task *task;
	/* What is left of the body: the web server need not end its input
	 * there (RFC 3875, 4.2). Without a length it ends with the input. */
	unsigned long left;
};

static long gw_read(struct gateway *g, char *p, size_t n)
{
	struct cgi *c = g->impl;
	ssize_t got;

	if (n > c->left)
		n = c->left;
	do
		got = told ? -1 : read(STDIN_FILENO, p, n);
	while (got < 0 && errno == EINTR && !told);
	if (got > 0 && c->left != ULONG_MAX)
		c->left -= (size_t)got;
	return got;
}

static long gw_read_now(struct gateway *g, char *p, size_t n)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct cgi *c = g->impl;

	/* A file is always readable, and cannot be watched. */
	if (c->left && !told && poll(&in, 1, 0) == 0)
		return loop_watch(c->loop, &c->in, LOOP_READ) ? -1
							      : GATEWAY_LATER;
	return gw_read(g, p, n);
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

static bool gw_gone(struct gateway *g)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	(void)g;
	if (told)
		return true;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}

/* A web server that cannot send the rest of a request may drop the answer. */
static void read_rest(struct gateway *g)
{
	char scrap[16384];
	size_t total = 0;
	long n;

	while (total < GATEWAY_REST_MAX &&
	       (n = gw_read(g, scrap, sizeof(scrap))) > 0)
		total += (size_t)n;
}

static void gw_finish(struct gateway *g, bool whole)
{
	if (whole)
		read_rest(g);
	/* The exit status tells the web server. */
	g->broken = !whole && !gw_gone(g);
}

static const struct gateway_ops ops = {
	.read = gw_read,
	.read_now = gw_read_now,
	.write = gw_write,
	.flush = gw_flush,
	.gone = gw_gone,
	.finish = gw_finish,
};

static void wake(struct cgi *c, struct watch *w)
{
	loop_unwatch(c->loop, w); /* once is enough */
	task_wake(c->task);
}

static void on_told(struct watch *w, unsigned events)
{
	(void)events;
	wake(OWNER(w, struct cgi, term), w);
}

static void on_out(struct watch *w, unsigned events)
{
	(void)events;
	wake(OWNER(w, struct cgi, out), w);
}

static void on_in(struct watch *w, unsigned events)
{
	(void)events;
	wake(OWNER(w, struct cgi, in), w);
}

static void take_vars(struct gateway *g, struct arena *a)
{
	struct gateway_var *vars;
	size_t n = 0;

	while (environ[n])
		n++;
	vars = arena_take(a, (n + 1) * sizeof(*vars));
	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(environ[i], '=');

		if (!eq)
			continue;
		vars[g->n_vars].name.p = environ[i];
		vars[g->n_vars].name.n = (size_t)(eq - environ[i]);
		vars[g->n_vars++].value = eq + 1;
	}
	g->vars = vars;
}

void gw_cgi_init(struct gateway *g, struct loop *l, struct arena *a)
{
	/* No SA_RESTART: it shall interrupt what waits. */
	struct sigaction term = { .sa_handler = on_term };
	const char *length = getenv("CONTENT_LENGTH");
	struct cgi *c = arena_take(a, sizeof(*c));

	*g = (struct gateway){ .ops = &ops, .script = true, .impl = c };
	take_vars(g, a);
	c->loop = l;
	c->task = task_self();
	c->left = length && *length ? strtoul(length, NULL, 10) : ULONG_MAX;
	port_bell_open(&told_bell);
	sigaction(SIGTERM, &term, NULL);
	c->term.fn = on_told;
	c->term.fd = told_bell.fd;
	loop_watch(l, &c->term, LOOP_READ);
	/* A file has no reader that could leave: that fails, and is right. */
	c->in.fn = on_in;
	c->in.fd = STDIN_FILENO;
	c->out.fn = on_out;
	c->out.fd = STDOUT_FILENO;
	loop_watch(l, &c->out, 0);
}

void gw_cgi_release(struct gateway *g)
{
	struct cgi *c = g->impl;

	loop_unwatch(c->loop, &c->term);
	loop_unwatch(c->loop, &c->out);
	loop_unwatch(c->loop, &c->in);
	port_bell_close(&told_bell);
}
