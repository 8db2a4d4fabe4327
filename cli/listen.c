/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/listen.h"

#include <errno.h>
#ifdef __linux__
#include <linux/filter.h>
#endif
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096 /* a burst waits here, and is not refused */
#define SILENT_SECONDS 30

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

/* Who connects and is silent waits in the kernel, and takes no place from
 * others in the web server. */
static void defer(int fd, int seconds)
{
#ifdef TCP_DEFER_ACCEPT
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
		   sizeof(seconds));
#endif
}

static int open_http(const struct addrinfo *a)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(a->ai_family, type, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	defer(fd, SILENT_SECONDS);
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

void listen_all(int http)
{
	if (http >= 0)
		defer(http, 0);
}

/* A packet that opens a connection is dropped; those of connections that are
 * being opened, and of open ones, are not. */
void listen_shut(int http)
{
#ifdef SO_ATTACH_FILTER
	enum {
		FLAGS = 13,
		SYN = 0x02,
		ACK = 0x10
	}; /* of a TCP header */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (http >= 0)
		setsockopt(http, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			   sizeof(program));
#else
	(void)http;
#endif
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
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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
