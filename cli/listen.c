/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/listen.h"

#include "base/port.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096 /* a burst waits here, and is not refused */
#define SILENT_SECONDS 30
#define LOCALHOST "localhost"
#define FOUR "127.0.0.1"
#define SIX "::1"

static int not_here(const struct settings *s, struct err *e)
{
	if (errno == EADDRINUSE)
		return err_set(e, ERR_CONFIG,
			       "port %ld is in use: stop what listens there, "
			       "or take another with --port=N",
			       s->port);
	return err_set(e, ERR_CONFIG, "cannot listen on %.60s:%ld: %s", s->host,
		       s->port, strerror(errno));
}

static int open_http(const struct addrinfo *a)
{
	int fd = port_socket(a->ai_family, SOCK_STREAM, 0, true), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* Who connects and is silent waits in the kernel, and takes no place
	 * from others in the web server. */
	port_defer_accept(fd, SILENT_SECONDS);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

int listen_http(const struct settings *s, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *a;
	char port[16];
	int fd;

	/* As the web server takes the name, and as most clients do. */
	if (strcmp(s->host, LOCALHOST) == 0)
		hints.ai_family = AF_INET;
	snprintf(port, sizeof(port), "%ld", s->port);
	if (getaddrinfo(s->host, port, &hints, &a))
		return err_set(e, ERR_CONFIG,
			       "--host=%.60s is not an address of this machine",
			       s->host);
	fd = open_http(a);
	if (fd < 0)
		not_here(s, e);
	freeaddrinfo(a);
	return fd;
}

/* --- the other loopback address ------------------------------------------ */

/* NULL: what is listened on is none of localhost's. */
static const char *other_loopback(const char *host)
{
	static const char *const pairs[][2] = { { LOCALHOST, SIX },
						{ FOUR, SIX },
						{ "0.0.0.0", SIX },
						{ SIX, FOUR },
						{ "::", FOUR } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (strcmp(host, pairs[i][0]) == 0)
			return pairs[i][1];
	return NULL;
}

/* A socket and the address; no address is looked up for it. */
static int open_other(const struct settings *s, const char **other,
		      struct addrinfo **a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	char port[16];
	int fd;

	*other = other_loopback(s->host);
	snprintf(port, sizeof(port), "%ld", s->port);
	if (!*other || getaddrinfo(*other, port, &hints, a))
		return -1;
	fd = port_socket((*a)->ai_family, SOCK_STREAM, 0, false);
	if (fd < 0)
		freeaddrinfo(*a);
	return fd;
}

int listen_hold(const struct settings *s, const char **other)
{
	struct addrinfo *a;
	int fd = open_other(s, other, &a);
	bool held, used;

	if (fd < 0) {
		*other = NULL;
		return -1;
	}
	held = bind(fd, a->ai_addr, a->ai_addrlen) == 0;
	used = !held && errno == EADDRINUSE;
	freeaddrinfo(a);
	if (!used)
		*other = NULL;
	if (held)
		return fd;
	close(fd);
	return -1;
}

const char *listen_stranger(const struct settings *s)
{
	const char *other;
	struct addrinfo *a;
	int fd = open_other(s, &other, &a);
	bool there;

	if (fd < 0)
		return NULL;
	there = connect(fd, a->ai_addr, a->ai_addrlen) == 0;
	freeaddrinfo(a);
	close(fd);
	return there ? other : NULL;
}

/* --- the end ------------------------------------------------------------- */

void listen_all(int http)
{
	if (http >= 0)
		port_defer_accept(http, 0);
}

void listen_shut(int http)
{
	if (http >= 0)
		port_refuse_new(http);
}

int listen_workers(const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, rc;
	mode_t mask;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ERR_CONFIG,
			       "%.80s is too long for a socket: choose a "
			       "shorter DARIO_HOME",
			       path);
	strcpy(a.sun_path, path);
	fd = port_socket(AF_UNIX, SOCK_STREAM, 0, true);
	if (fd < 0)
		return err_sys(e, "make", "a socket");
	unlink(path);
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (rc == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err_sys(e, "listen on", path);
	close(fd);
	return -1;
}
