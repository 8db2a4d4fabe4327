/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/server.h"

#include "base/port.h"
#include "cli/library.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOP_MS 2400 /* half of it to end by itself, and then at once */

int server_start(struct server *s, struct err *e)
{
	struct dario_error why;

	s->router = NULL;
	s->dario = library_open(NULL, e);
	if (!s->dario)
		return -1;
	setenv("DARIO_EXIT_WITH_PARENT", "1", 1);
	s->router = dario_router_start(s->dario, NULL, -1, &why);
	unsetenv("DARIO_EXIT_WITH_PARENT");
	return s->router ? 0 : library_error(e, &why);
}

int server_wait(struct server *s, long ms, struct err *e)
{
	struct dario_error why;
	int rc = dario_router_ready(s->router, ms, &why);

	if (rc == 0)
		return err_set(e, ERR_CONFIG, "it takes too long");
	return rc > 0 ? 0
		      : err_set(e, ERR_CONFIG,
				"dario proxy does not start: run it to see "
				"why");
}

bool server_ended(struct server *s)
{
	return dario_router_wait(s->router, 0, NULL) == 1;
}

void server_stop(struct server *s)
{
	dario_router_stop(s->router, STOP_MS);
	dario_router_free(s->router);
	dario_close(s->dario);
	s->router = NULL;
	s->dario = NULL;
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
