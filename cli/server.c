/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/server.h"

#include "base/install-path.h"
#include "base/port.h"
#include "cli/child.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOP_MS 1200 /* to end by itself, and then at once */

int server_start(struct server *s, struct err *e)
{
	char *program = install_path_self();
	char *argv[] = { program, (char *)"proxy", NULL };
	struct child_plan plan = { .argv = argv,
				   .input = -1,
				   .third_is = CHILD_READY_PIPE,
				   .quiet = true };
	int ends[2];

	s->pid = 0;
	if (!program || port_pipe(ends)) {
		free(program);
		return err_sys(e, "start", "dario proxy");
	}
	plan.third = ends[1];
	s->pid = child_start(&plan, e);
	close(ends[1]);
	s->ready = ends[0];
	free(program);
	if (s->pid > 0)
		return 0;
	close(s->ready);
	s->pid = 0;
	return -1;
}

int server_wait(struct server *s, long ms, struct err *e)
{
	struct pollfd p = { .fd = s->ready, .events = POLLIN };
	char byte;

	if (poll(&p, 1, (int)ms) <= 0)
		return err_set(e, ERR_CONFIG, "it takes too long");
	if (read(s->ready, &byte, 1) == 1)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "dario proxy does not start: run it to see why");
}

static void gone(struct server *s)
{
	close(s->ready);
	s->pid = 0;
}

bool server_ended(struct server *s)
{
	int status;

	if (s->pid && child_ends(s->pid, 0, &status))
		gone(s);
	return !s->pid;
}

/* The second time it means: at once. */
void server_stop(struct server *s)
{
	int status;

	for (int i = 0; i < 2 && s->pid; i++) {
		kill(s->pid, SIGTERM);
		if (child_ends(s->pid, STOP_MS, &status))
			gone(s);
	}
	if (s->pid) {
		child_kill(s->pid);
		gone(s);
	}
}

long server_free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = port_socket(AF_INET, SOCK_STREAM, 0, false);
	long port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}
