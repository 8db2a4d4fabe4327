/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "cli/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static struct sockaddr_in address_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return a;
}

static int open_socket(void)
{
	char host[] = "127.0.0.1";
	struct settings s = { .host = host, .port = 0 };
	struct err e;
	int fd = listen_http(&s, &e);

	assert_true(fd >= 0);
	listen_all(fd);
	return fd;
}

/* 0, or the error that connecting has after up to `ms`; EINPROGRESS: none. */
static int connect_within(int fd, struct sockaddr_in to, int ms)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	socklen_t n = sizeof(int);
	int error = 0;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, ms) == 0)
		return EINPROGRESS;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
	return error;
}

static int client(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

/* To close a socket resets whoever waits in its queue: between the last look
 * into the queue and the close nobody may come. */
static void nobody_comes_when_shut(void **state)
{
	int fd = open_socket(), first = client(), late = client(), got;
	struct sockaddr_in to = address_of(fd);
	struct pollfd p = { late, POLLOUT, 0 };
	socklen_t n = sizeof(int);
	char byte = 'x';
	int error = 0;

	(void)state;
	assert_int_equal(connect_within(first, to, 60000), 0);
	listen_shut(fd);
	assert_int_equal(connect_within(late, to, 100), EINPROGRESS);

	/* Who came before is there, and can be talked with. */
	got = accept(fd, NULL, NULL);
	assert_true(got >= 0);
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(send(got, &byte, 1, 0), 1);
	assert_int_equal(poll(&(struct pollfd){ first, POLLIN, 0 }, 1, 60000),
			 1);
	assert_int_equal(recv(first, &byte, 1, 0), 1);

	/* Who came later is refused; nothing was promised. */
	close(fd);
	assert_int_equal(poll(&p, 1, 60000), 1);
	getsockopt(late, SOL_SOCKET, SO_ERROR, &error, &n);
	assert_int_equal(error, ECONNREFUSED);
	close(got);
	close(first);
	close(late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_comes_when_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
