/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gateway.h"

#include <fcgiapp.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LISTEN_FD 0

struct gw_fastcgi {
	FCGX_Request req;
};

bool gw_is_cgi(void)
{
	struct timeval hour = { .tv_sec = 3600 };

	FCGX_Init();
	if (FCGX_IsCGI())
		return true;
	/* With a timeout set, a signal interrupts accept even though it is
	 * installed to restart every other call: see signal(7). */
	setsockopt(LISTEN_FD, SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour));
	return false;
}

static long gw_read(struct gateway *g, char *p, size_t n)
{
	struct gw_fastcgi *f = g->impl;
	int want = n > INT_MAX ? INT_MAX : (int)n;
	int got = FCGX_GetStr(p, want, f->req.in);

	return got < 0 || FCGX_GetError(f->req.in) ? -1 : got;
}

static int gw_write(struct gateway *g, struct span s)
{
	struct gw_fastcgi *f = g->impl;

	while (s.n) {
		int want = s.n > INT_MAX ? INT_MAX : (int)s.n;

		if (FCGX_PutStr(s.p, want, f->req.out) != want)
			return -1;
		s.p += want;
		s.n -= (size_t)want;
	}
	return 0;
}

static int gw_flush(struct gateway *g)
{
	struct gw_fastcgi *f = g->impl;

	return FCGX_FFlush(f->req.out) ? -1 : 0;
}

/* The web server sends nothing after the body but an abort, and no server is
 * known to send that: the end of the connection is the sign. */
static bool gw_gone(struct gateway *g)
{
	char c;
	ssize_t n = recv(g->watch, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	(void)n; /* end, error or an abort record: all mean the same */
	return true;
}

static void gw_finish(struct gateway *g, bool whole)
{
	struct gw_fastcgi *f = g->impl;

	if (!whole) {
		FCGX_Free(&f->req, 1); /* no END_REQUEST */
		return;
	}
	/* Everything was read, so the lingering close is not needed. */
	FCGX_Detach(&f->req);
	FCGX_Finish_r(&f->req);
}

static const struct gateway_ops ops = {
	.read = gw_read,
	.write = gw_write,
	.flush = gw_flush,
	.gone = gw_gone,
	.finish = gw_finish,
};

struct gw_fastcgi *gw_fastcgi_new(void)
{
	struct gw_fastcgi *f = xcalloc(1, sizeof(*f));

	FCGX_InitRequest(&f->req, LISTEN_FD, 0);
	return f;
}

void gw_fastcgi_free(struct gw_fastcgi *f)
{
	FCGX_Free(&f->req, 1);
	free(f);
}

int gw_fastcgi_accept(struct gw_fastcgi *f, struct gateway *g)
{
	if (FCGX_Accept_r(&f->req) < 0)
		return -1;
	g->ops = &ops;
	g->envp = f->req.envp;
	g->watch = f->req.ipcFd;
	g->blind = false;
	g->impl = f;
	return 0;
}

void gw_fastcgi_stop(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	FCGX_ShutdownPending();
	/* From now on the web server shall not connect to us any more. */
	if (null >= 0) {
		dup2(null, LISTEN_FD);
		close(null);
	}
}
