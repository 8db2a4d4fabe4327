/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/ready.h"

#include "base/port.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3 /* the ones before it have another use */

/* What systemd gave us; a leading @ is an abstract name. */
static void tell_systemd(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (*path == '@')
		a.sun_path[0] = '\0';
	fd = port_socket(AF_UNIX, SOCK_DGRAM, 0, false);
	if (fd < 0)
		return;
	/* Nothing can be done when it does not arrive. */
	(void)!sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		      (struct sockaddr *)&a,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

static int find_pipe(void)
{
	const char *text = getenv(READY_ENV);
	char *end;
	long fd = text ? strtol(text, &end, 10) : -1;

	if (fd < FIRST_FD || *end || end == text || fd > 65535 ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC))
		return -1;
	return (int)fd;
}

void ready_init(struct ready *r)
{
	r->begun = false;
	r->fd = find_pipe();
	unsetenv(READY_ENV); /* it is not for what we start */
}

void ready_begin(struct ready *r)
{
	r->begun = true;
	if (r->fd >= 0)
		(void)!write(r->fd, "", 1);
	tell_systemd("READY=1");
}

void ready_end(struct ready *r)
{
	if (!r->begun)
		return;
	r->begun = false;
	if (r->fd >= 0)
		close(r->fd);
	tell_systemd("STOPPING=1");
}
