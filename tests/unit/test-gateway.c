/* SPDX-License-Identifier: MIT */
/* A web server's connections, and how they go from one loop to another. */
#include "unit.h"

#include "base/task.h"
#include "fcgi/gateway.h"

#include <fastcgi.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CLIENTS_MAX 8

/* One loop and what it serves. Both run in this thread, in turn. */
struct side {
	char name;
	struct loop *loop;
	struct gw_fastcgi *gw;
	struct task *held;
	bool hold;  /* keep the next request waiting */
	int awaits; /* requests */
	bool done;  /* they were served, or are held */
	struct loop_post post;
};

static struct {
	struct side a, b;
	struct gw_limit limit;
	int listener;
	struct sockaddr_un addr;
	int clients[CLIENTS_MAX];
	int n_clients;
} t;

static void serve(void *arg, struct gateway *g, struct arena *unused)
{
	struct side *s = arg;

	(void)unused;
	if (s->hold) {
		s->hold = false;
		s->held = task_self();
		s->done = --s->awaits == 0;
		task_wait(INT64_MAX);
		s->held = NULL;
	}
	g->ops->write(g, SPAN("Status: 200 OK\r\n\r\n"));
	g->ops->write(g, (struct span){ &s->name, 1 });
	g->ops->flush(g);
	g->ops->finish(g, true);
	s->done = --s->awaits == 0;
}

static void side_init(struct side *s, char name)
{
	struct err e;

	*s = (struct side){ .name = name, .loop = loop_new(&e) };
	s->gw = gw_fastcgi_new(s->loop, t.listener, &t.limit, serve, s);
}

static int make(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.limit.max = 64;
	t.addr.sun_family = AF_UNIX;
	snprintf(t.addr.sun_path, sizeof(t.addr.sun_path),
		 "/tmp/dario-unit-gateway.%d", getpid());
	unlink(t.addr.sun_path);
	t.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(t.listener, (struct sockaddr *)&t.addr, sizeof(t.addr)) ||
	    listen(t.listener, 64))
		return -1;
	side_init(&t.a, 'A');
	side_init(&t.b, 'B');
	gw_fastcgi_accept(t.a.gw, true);
	return 0;
}

static void side_release(struct side *s)
{
	gw_fastcgi_free(s->gw);
	loop_free(s->loop);
}

static int drop(void **state)
{
	(void)state;
	side_release(&t.a);
	side_release(&t.b);
	for (int i = 0; i < t.n_clients; i++)
		close(t.clients[i]);
	close(t.listener);
	unlink(t.addr.sun_path);
	return 0;
}

/* --- the web server's side ----------------------------------------------- */

static int join(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(
		connect(fd, (struct sockaddr *)&t.addr, sizeof(t.addr)), 0);
	t.clients[t.n_clients++] = fd;
	return fd;
}

static void put(struct buf *b, int type, struct span s, size_t padding)
{
	const unsigned char head[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1,     (unsigned char)type,    0, 1, 0,
		(unsigned char)s.n, (unsigned char)padding,
	};

	buf_add(b, (const char *)head, sizeof(head));
	buf_span(b, s);
	while (padding-- > 0)
		buf_byte(b, 0);
}

/* A request that keeps the connection; its last record's padding is its last
 * 8 bytes. */
static struct buf request(void)
{
	static const char begin[8] = { 0, FCGI_RESPONDER, FCGI_KEEP_CONN };
	struct buf b;

	buf_init(&b, 4096);
	put(&b, FCGI_BEGIN_REQUEST, (struct span){ begin, 8 }, 0);
	put(&b, FCGI_PARAMS, SPAN("\004\001name1"), 0);
	put(&b, FCGI_PARAMS, SPAN(""), 0);
	put(&b, FCGI_STDIN, SPAN(""), 8);
	return b;
}

static void say(int fd, struct span s)
{
	assert_int_equal(send(fd, s.p, s.n, 0), s.n);
}

static void ask(int fd)
{
	struct buf b = request();

	say(fd, buf_get(&b));
	buf_release(&b);
}

/* The name of the side that has answered. */
static char answer(int fd)
{
	char b[4096];
	ssize_t n = recv(fd, b, sizeof(b), MSG_DONTWAIT);
	const char *p = n > 0 ? memmem(b, (size_t)n, "\r\n\r\n", 4) : NULL;

	return p ? p[4] : '-';
}

/* Until so many requests are served, or held. */
static void run(struct side *s, int requests)
{
	s->done = false;
	s->awaits = requests;
	loop_run(s->loop, &s->done);
}

static void on_post(struct loop_post *p)
{
	OWNER(p, struct side, post)->done = true;
}

/* What others have sent to the loop until now. */
static void run_posted(struct side *s)
{
	s->done = false;
	s->post.fn = on_post;
	loop_post(s->loop, &s->post);
	loop_run(s->loop, &s->done);
}

static char asked(int fd, struct side *s)
{
	ask(fd);
	run(s, 1);
	return answer(fd);
}

static int open_now(void)
{
	return atomic_load(&t.limit.open);
}

/* --- tests --------------------------------------------------------------- */

static void a_kept_connection_moves(void **state)
{
	int fd = join();

	(void)state;
	assert_int_equal(asked(fd, &t.a), 'A');
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	assert_int_equal(asked(fd, &t.b), 'B');
	assert_int_equal(asked(fd, &t.b), 'B');
	gw_fastcgi_give(t.a.gw, NULL, false);
	gw_fastcgi_give(t.b.gw, t.a.gw, true);
	assert_int_equal(asked(fd, &t.a), 'A');
	assert_int_equal(open_now(), 1);
}

static void what_nobody_has_read_goes_with_it(void **state)
{
	int fd = join();

	(void)state;
	assert_int_equal(asked(fd, &t.a), 'A');
	ask(fd);
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	run(&t.b, 1);
	assert_int_equal(answer(fd), 'B');
}

static void a_request_is_answered_where_it_began(void **state)
{
	int fd = join();

	(void)state;
	t.a.hold = true;
	ask(fd);
	run(&t.a, 1);
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	assert_int_equal(gw_fastcgi_busy(t.a.gw), 1);
	task_wake(t.a.held);
	run(&t.a, 1);
	assert_int_equal(answer(fd), 'A');
	assert_int_equal(gw_fastcgi_busy(t.a.gw), 0);
	assert_int_equal(asked(fd, &t.b), 'B');
}

/* The rest of a record would be taken for the next one's head. */
static void between_two_records_only(void **state)
{
	struct buf b = request();
	struct span all = buf_get(&b);
	int fd = join();

	(void)state;
	say(fd, (struct span){ all.p, all.n - 8 });
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	run(&t.a, 1);
	assert_int_equal(answer(fd), 'A');
	say(fd, span_skip(all, all.n - 8));
	assert_int_equal(asked(fd, &t.a), 'A');
	assert_int_equal(asked(fd, &t.b), 'B');
	buf_release(&b);
}

static size_t waiting(int fd)
{
	int n = 0;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return (size_t)n;
}

/* One that was asked what it can, and is not heard, says it itself. */
static void with_nothing_to_say_only(void **state)
{
	const size_t each = FCGI_HEADER_LEN + 2 + strlen(FCGI_MPXS_CONNS) + 1;
	size_t said = SIZE_MAX, want = 0, got = 0;
	int fd = join();
	struct buf b;
	char c[4096];

	(void)state;
	assert_int_equal(asked(fd, &t.a), 'A');
	buf_init(&b, 4096);
	put(&b, FCGI_GET_VALUES, SPAN("\017\0" FCGI_MPXS_CONNS), 0);
	while (waiting(fd) != said) {
		said = waiting(fd);
		say(fd, buf_get(&b));
		want += each;
		run_posted(&t.a);
	}
	assert_true(said < want);
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	while (waiting(fd)) {
		got += (size_t)recv(fd, c, sizeof(c), 0);
		run_posted(&t.a);
	}
	assert_int_equal(got, want);
	buf_release(&b);
}

static void half_of_them_move(void **state)
{
	int fds[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		fds[i] = join();
		assert_int_equal(asked(fds[i], &t.a), 'A');
	}
	gw_fastcgi_give(t.a.gw, t.b.gw, false);
	for (int i = 0; i < 6; i++)
		ask(fds[i]);
	run(&t.a, 3);
	run(&t.b, 3);
	for (int i = 0, n = 0; i < 6; i++) {
		char who = answer(fds[i]);

		assert_true(who == 'A' || who == 'B');
		n += who == 'B';
		assert_true(i < 5 || n == 3);
	}
	assert_int_equal(open_now(), 6);
}

/* A stop ends connections that are kept, also one that comes just then. */
static void moved_as_the_other_stops(void **state)
{
	int fd = join();
	char c;

	(void)state;
	assert_int_equal(asked(fd, &t.a), 'A');
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	gw_fastcgi_stop(t.b.gw);
	assert_int_equal(asked(fd, &t.b), 'B');
	assert_int_equal(open_now(), 1);
	gw_fastcgi_cut(t.b.gw);
	assert_int_equal(open_now(), 0);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
}

static void moved_as_the_other_is_cut(void **state)
{
	int fd = join();
	char c;

	(void)state;
	assert_int_equal(asked(fd, &t.a), 'A');
	gw_fastcgi_give(t.a.gw, t.b.gw, true);
	gw_fastcgi_cut(t.b.gw);
	assert_int_equal(open_now(), 1);
	run_posted(&t.b);
	assert_int_equal(open_now(), 0);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_kept_connection_moves, make,
						drop),
		cmocka_unit_test_setup_teardown(
			what_nobody_has_read_goes_with_it, make, drop),
		cmocka_unit_test_setup_teardown(
			a_request_is_answered_where_it_began, make, drop),
		cmocka_unit_test_setup_teardown(between_two_records_only, make,
						drop),
		cmocka_unit_test_setup_teardown(with_nothing_to_say_only, make,
						drop),
		cmocka_unit_test_setup_teardown(half_of_them_move, make, drop),
		cmocka_unit_test_setup_teardown(moved_as_the_other_stops, make,
						drop),
		cmocka_unit_test_setup_teardown(moved_as_the_other_is_cut, make,
						drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
