/* SPDX-License-Identifier: MIT */
/* What the kernel knows of a connection that the other side has closed. */
#include "unit.h"

#include "base/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	int here, there;
};

static void connect_both(struct pair *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t n = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&to, n), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &n), 0);
	p->here = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p->here, (struct sockaddr *)&to, n), 0);
	p->there = accept(listener, NULL, NULL);
	assert_true(p->there >= 0);
	close(listener);
}

static void say(int from, int to, const char *what)
{
	char got[64];
	size_t n = strlen(what);

	assert_int_equal(send(from, what, n, MSG_NOSIGNAL), n);
	assert_int_equal(recv(to, got, sizeof(got), 0), n);
}

/* Once something is to be seen of the end. */
static struct tcp_end end_of(struct pair *p)
{
	struct tcp_end end;
	char byte;

	while (recv(p->here, &byte, 1, MSG_PEEK) < 0 && errno == EINTR)
		;
	tcp_look(p->here, &end);
	close(p->here);
	return end;
}

static void test_closed_before(void **state)
{
	struct tcp_end end;
	struct pair p;

	(void)state;
	connect_both(&p);
	say(p.here, p.there, "one");
	say(p.there, p.here, "two");
	close(p.there);
	assert_int_equal(send(p.here, "three", 5, MSG_NOSIGNAL), 5);
	end = end_of(&p);
	if (!end.known)
		skip();
	assert_true(end.closed);
	assert_true(end.unread);
	assert_in_range(end.trip, 1, 10000000); /* a busy machine */
}

static void test_closed_after(void **state)
{
	struct tcp_end end;
	struct pair p;

	(void)state;
	connect_both(&p);
	say(p.here, p.there, "one");
	say(p.there, p.here, "two");
	say(p.here, p.there, "three");
	close(p.there);
	end = end_of(&p);
	assert_false(end.unread);
	assert_int_equal(end.closed, end.known);
}

/* It may have been read, for all that the kernel here knows. */
static void test_reset(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	struct tcp_end end;
	struct pair p;

	(void)state;
	connect_both(&p);
	say(p.here, p.there, "one");
	assert_int_equal(setsockopt(p.there, SOL_SOCKET, SO_LINGER, &hard,
				    sizeof(hard)),
			 0);
	close(p.there);
	end = end_of(&p);
	assert_false(end.unread);
}

static void test_open(void **state)
{
	struct tcp_end end;
	struct pair p;

	(void)state;
	connect_both(&p);
	assert_int_equal(send(p.here, "one", 3, MSG_NOSIGNAL), 3);
	tcp_look(p.here, &end);
	assert_false(end.unread || end.closed);
	close(p.here);
	close(p.there);
	tcp_look(-1, &end);
	assert_false(end.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_before),
		cmocka_unit_test(test_closed_after),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
