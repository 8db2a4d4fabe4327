/* SPDX-License-Identifier: MIT */
/* Clients that leave, with real sockets: the test is their web server. */
#include "unit.h"

#include "base/clock.h"
#include "net/departure.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 300

struct side {
	char address[INET6_ADDRSTRLEN], port[8];
};

static void name_of(const struct sockaddr_storage *a, struct side *out)
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;
	bool four = a->ss_family == AF_INET;

	inet_ntop(a->ss_family,
		  four ? (const void *)&v4->sin_addr
		       : (const void *)&v6->sin6_addr,
		  out->address, sizeof(out->address));
	snprintf(out->port, sizeof(out->port), "%d",
		 ntohs(four ? v4->sin_port : v6->sin6_port));
}

/* A listening socket at a free port; -1 when there is no such family here. */
static int listen_at(const char *address, struct sockaddr_storage *at,
		     socklen_t *len)
{
	struct sockaddr_in *v4 = (void *)at;
	struct sockaddr_in6 *v6 = (void *)at;
	int fd, off = 0;

	memset(at, 0, sizeof(*at));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1)
		at->ss_family = AF_INET;
	else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1)
		at->ss_family = AF_INET6;
	*len = at->ss_family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (at->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (void *)at, *len) || listen(fd, 400) ||
	    getsockname(fd, (void *)at, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_to(const struct sockaddr_storage *at, socklen_t len)
{
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const void *)at, len), 0);
	assert_int_equal(send(fd, "GET", 3, 0), 3);
	return fd;
}

static int accept_from(int listener, struct side *peer)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int fd = accept(listener, (void *)&from, &len);

	assert_true(fd >= 0);
	name_of(&from, peer);
	return fd;
}

#define LONG_MS 60000 /* a busy machine */

/* What the loop does until somebody is gone, or for so long. */
static void run(struct departure *d, const struct departure_client *c,
		int64_t ms)
{
	int64_t end = clock_ms() + ms;

	while (clock_ms() < end && !atomic_load(&c->gone)) {
		departure_look(d);
		usleep(2000);
	}
}

/* Until one look is over, however late it is: the second has begun. */
static void look_once(struct departure *d)
{
	int64_t end = clock_ms() + LONG_MS;
	int64_t due = departure_due(d) + INT64_C(2) * DEPARTURE_LOOK_MS;

	while (departure_due(d) < due && clock_ms() < end) {
		departure_look(d);
		usleep(2000);
	}
	assert_true(departure_due(d) >= due);
}

static bool is_gone(const struct departure_client *c)
{
	return atomic_load(&c->gone);
}

static void count(void *arg)
{
	++*(int *)arg;
}

#define RESET (-2)

/* As shutdown has it; or -1: close, RESET: without a word. */
static void leave(int fd, int how)
{
	struct linger none = { .l_onoff = 1 };

	if (how == RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	if (how < 0)
		close(fd);
	else
		shutdown(fd, how);
}

static void leaves(const char *address, bool before_accept, int how)
{
	struct departure *d = departure_new();
	struct departure_client leaver, stayer, wrong_port;
	struct sockaddr_storage at;
	struct side own, left, stayed;
	socklen_t len;
	int listener = listen_at(address, &at, &len);
	int a, b, at_a, at_b, calls = 0;

	if (departure_fd(d) < 0 || listener < 0)
		skip();
	name_of(&at, &own);
	a = connect_to(&at, len);
	b = connect_to(&at, len);
	if (before_accept)
		leave(a, how);
	at_a = accept_from(listener, &left);
	at_b = accept_from(listener, &stayed);
	departure_add(d, &leaver, left.address, left.port, own.port, count,
		      &calls);
	departure_add(d, &stayer, stayed.address, stayed.port, own.port, NULL,
		      NULL);
	departure_add(d, &wrong_port, left.address, left.port, "1", NULL, NULL);
	if (!before_accept) {
		look_once(d); /* who was never seen is not missed */
		assert_false(is_gone(&leaver));
		leave(a, how);
	}
	run(d, &leaver, LONG_MS);
	assert_true(is_gone(&leaver));
	assert_false(is_gone(&stayer));
	assert_false(is_gone(&wrong_port));
	run(d, &stayer, DEPARTURE_LOOK_MS + 300);
	assert_int_equal(calls, 1);
	assert_false(is_gone(&stayer));
	departure_remove(d, &leaver);
	departure_remove(d, &stayer);
	departure_remove(d, &wrong_port);
	departure_free(d);
	if (how >= 0)
		close(a);
	close(b);
	close(at_a);
	close(at_b);
	close(listener);
}

static void who_closes_is_gone(void **state)
{
	(void)state;
	leaves("127.0.0.1", false, -1);
}

/* Its socket is in no list any more. */
static void who_resets_is_gone(void **state)
{
	(void)state;
	leaves("127.0.0.1", false, RESET);
}

static void who_resets_over_ipv6_is_gone(void **state)
{
	(void)state;
	leaves("::1", false, RESET);
}

/* The web server took the connection when the client had left it. */
static void who_closed_before_accept_is_gone(void **state)
{
	(void)state;
	leaves("127.0.0.1", true, -1);
}

static void who_closes_half_counts_as_gone(void **state)
{
	(void)state;
	leaves("127.0.0.1", false, SHUT_WR);
}

static void over_ipv6(void **state)
{
	(void)state;
	leaves("::1", false, -1);
}

/* One socket for both: its peers are ::ffff:127.0.0.1. */
static void ipv4_at_an_ipv6_socket(void **state)
{
	struct departure *d = departure_new();
	struct departure_client by_four, by_six;
	struct sockaddr_storage at, four = { .ss_family = AF_INET };
	struct sockaddr_in *v4 = (void *)&four;
	struct side own, peer;
	socklen_t len;
	int listener = listen_at("::", &at, &len), a, at_a;

	(void)state;
	if (departure_fd(d) < 0 || listener < 0)
		skip();
	name_of(&at, &own);
	v4->sin_port = ((struct sockaddr_in6 *)&at)->sin6_port;
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a = connect_to(&four, sizeof(*v4));
	at_a = accept_from(listener, &peer);
	assert_string_equal(peer.address, "::ffff:127.0.0.1");
	/* Web servers say either. */
	departure_add(d, &by_four, "127.0.0.1", peer.port, own.port, NULL,
		      NULL);
	departure_add(d, &by_six, peer.address, peer.port, NULL, NULL, NULL);
	close(a);
	run(d, &by_four, LONG_MS);
	assert_true(is_gone(&by_four) && is_gone(&by_six));
	departure_free(d);
	close(at_a);
	close(listener);
}

/* Many, so that an answer has several parts; half of them leave. */
static void half_of_many_leave(void **state)
{
	static struct departure_client clients[CLIENTS];
	static int fds[CLIENTS], at_fds[CLIENTS];
	struct departure *d = departure_new();
	struct sockaddr_storage at;
	struct side own, peer;
	socklen_t len;
	int listener = listen_at("127.0.0.1", &at, &len);

	(void)state;
	if (departure_fd(d) < 0 || listener < 0)
		skip();
	name_of(&at, &own);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = connect_to(&at, len);
		at_fds[i] = accept_from(listener, &peer);
		departure_add(d, &clients[i], peer.address, peer.port, own.port,
			      NULL, NULL);
	}
	for (int i = 0; i < CLIENTS; i += 2)
		close(fds[i]);
	for (int i = 0; i < CLIENTS; i += 2)
		run(d, &clients[i], LONG_MS);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(is_gone(&clients[i]), i % 2 == 0);
	for (int i = 0; i < CLIENTS; i++) {
		departure_remove(d, &clients[i]);
		close(at_fds[i]);
		if (i % 2)
			close(fds[i]);
	}
	departure_free(d);
	close(listener);
}

/* Not found, or no address at all. */
static void who_is_not_known_is_not_gone(void **state)
{
	static const char *const peers[][2] = {
		{ "192.0.2.1", "1000" }, { "127.0.0.1", "0" },
		{ "127.0.0.1", "" },     { "127.0.0.1", "70000" },
		{ "127.0.0.1", "12x" },  { "unix:/run/x", "1" },
		{ "", "1000" },          { NULL, NULL },
	};
	struct departure_client clients[8];
	struct departure *d = departure_new();

	(void)state;
	if (departure_fd(d) < 0)
		skip();
	for (int i = 0; i < 8; i++)
		departure_add(d, &clients[i], peers[i][0], peers[i][1], NULL,
			      NULL, NULL);
	run(d, &clients[0], DEPARTURE_LOOK_MS + 300);
	for (int i = 0; i < 8; i++) {
		assert_false(is_gone(&clients[i]));
		departure_remove(d, &clients[i]);
	}
	departure_free(d);
}

static void nobody_is_looked_for_in_vain(void **state)
{
	struct departure *d = departure_new();
	struct departure_client c;
	int64_t start = clock_ms(), due;

	(void)state;
	if (departure_fd(d) < 0)
		skip();
	assert_true(departure_due(d) == INT64_MAX);
	departure_add(d, &c, "192.0.2.1", "1000", NULL, NULL, NULL);
	/* What is over within a second causes no look. */
	due = departure_due(d);
	assert_in_range(due, start + DEPARTURE_LOOK_MS,
			clock_ms() + DEPARTURE_LOOK_MS);
	for (int64_t end = start + LONG_MS;
	     departure_due(d) <= due && clock_ms() < end; usleep(2000))
		departure_look(d);
	assert_false(is_gone(&c));
	assert_in_range(departure_due(d), due + 1,
			clock_ms() + DEPARTURE_LOOK_MS);
	departure_remove(d, &c);
	assert_true(departure_due(d) == INT64_MAX);
	departure_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_closes_is_gone),
		cmocka_unit_test(who_resets_is_gone),
		cmocka_unit_test(who_resets_over_ipv6_is_gone),
		cmocka_unit_test(who_closed_before_accept_is_gone),
		cmocka_unit_test(who_closes_half_counts_as_gone),
		cmocka_unit_test(over_ipv6),
		cmocka_unit_test(ipv4_at_an_ipv6_socket),
		cmocka_unit_test(half_of_many_leave),
		cmocka_unit_test(who_is_not_known_is_not_gone),
		cmocka_unit_test(nobody_is_looked_for_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
