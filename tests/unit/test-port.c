/* SPDX-License-Identifier: MIT */
/*
 * What the system offers and what POSIX does must behave alike: this is built
 * twice, the second time with POSIX_FALLBACKS.
 */
#include "unit.h"

#include "base/clock.h"
#include "base/folder-watch.h"
#include "base/loop.h"
#include "base/poller.h"
#include "base/port.h"
#include "base/row-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#if defined(POSIX_FALLBACKS) && \
	(defined(HAVE_PIPE2) || defined(HAVE_SYS_EPOLL_H) || \
	 defined(HAVE_SYS_INOTIFY_H))
#error "base/posix-only.h has not been taken in"
#endif

#define LONG_MS 20000 /* a busy machine */

static bool is_closed_by_exec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static bool is_nonblocking(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static bool can_read(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* A file of its own, open. */
static int a_file(char path[64])
{
	int fd;

	strcpy(path, "/tmp/dario-port-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	return fd;
}

/* --- memory -------------------------------------------------------------- */

static void memory(void **state)
{
	char text[] = "a@b@c";

	(void)state;
	assert_ptr_equal(port_memrchr(text, '@', 5), text + 3);
	assert_ptr_equal(port_memrchr(text, '@', 3), text + 1);
	assert_null(port_memrchr(text, '@', 1));
	assert_null(port_memrchr(text, 'a', 0));
	port_wipe(text + 1, 3);
	assert_memory_equal(text, "a\0\0\0c", 6);
}

/* --- descriptors --------------------------------------------------------- */

static void pipes(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(port_pipe(ends), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(is_closed_by_exec(ends[i]));
		assert_false(is_nonblocking(ends[i]));
		close(ends[i]);
	}
}

static int connect_to(int listener)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int fd = port_socket(AF_INET, SOCK_STREAM, 0, false);

	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, n), 0);
	return fd;
}

static int a_listener(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = port_socket(AF_INET, SOCK_STREAM, 0, true);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void sockets(void **state)
{
	int listener = a_listener();

	(void)state;
	assert_true(is_closed_by_exec(listener));
	assert_true(is_nonblocking(listener));
	assert_int_equal(port_accept(listener, true), -1);
	assert_int_equal(errno, EAGAIN);
	for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
		int fd = connect_to(listener), got;

		assert_false(is_nonblocking(fd));
		assert_true(can_read(listener, LONG_MS));
		got = port_accept(listener, nonblocking);
		assert_true(got >= 0);
		assert_true(is_closed_by_exec(got));
		assert_int_equal(is_nonblocking(got), nonblocking);
		close(fd);
		close(got);
	}
	close(listener);
}

static void pins(void **state)
{
	struct stat before, after;
	char path[64], other[80];
	int fd = a_file(path), pin = port_pin(path);

	(void)state;
	assert_true(pin >= 0 && is_closed_by_exec(pin));
	assert_int_equal(fstat(fd, &before), 0);
	close(fd);
	unlink(path);
	/* Its number is not given to another one. */
	for (int i = 0; i < 20; i++) {
		snprintf(other, sizeof(other), "%s.%d", path, i);
		fd = open(other, O_CREAT | O_RDWR, 0600);
		assert_int_equal(fstat(fd, &after), 0);
		assert_int_not_equal(after.st_ino, before.st_ino);
		close(fd);
		unlink(other);
	}
	assert_int_equal(fstat(pin, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	close(pin);
	assert_int_equal(port_pin(path), -1);
	assert_int_equal(errno, ENOENT);
}

static void allocated(void **state)
{
	char path[64], text[8] = "";
	struct stat st;
	int fd = a_file(path);

	(void)state;
	assert_int_equal(write(fd, "before", 6), 6);
	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	assert_int_equal(port_allocate(fd, 0, 200000), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == 200000);
	assert_true(st.st_blocks * 512 >= 200000);
	/* Neither what stands there nor the place is another one. */
	assert_int_equal(write(fd, "F", 1), 1);
	assert_int_equal(pread(fd, text, 6, 0), 6);
	assert_string_equal(text, "beFore");
	assert_int_equal(port_allocate(fd, 0, 100), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == 200000);
	assert_int_equal(port_allocate(fd, 200000, 1), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == 200001);
	close(fd);
	fd = open(path, O_RDONLY);
	assert_int_equal(port_allocate(fd, 0, 300000), EBADF);
	close(fd);
	unlink(path);
}

/* Which of ours a program sees that was started with nothing from `from`. */
static void closed_from(void **state)
{
	posix_spawn_file_actions_t files;
	char *argv[] = { (char *)"sh", (char *)"-c",
			 (char *)"(: >&7) 2>/dev/null && exit 7;"
				 "(: >&9) 2>/dev/null && exit 9; exit 0",
			 NULL };
	char *env[] = { NULL };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(dup2(1, 7), 7);
	assert_int_equal(dup2(1, 9), 9);
	for (int from = 8; from >= 3; from -= 5) {
		posix_spawn_file_actions_init(&files);
		port_close_from(&files, from);
		assert_int_equal(posix_spawn(&pid, "/bin/sh", &files, NULL,
					     argv, env),
				 0);
		posix_spawn_file_actions_destroy(&files);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), from == 8 ? 7 : 0);
	}
	close(7);
	close(9);
}

/* --- processes ----------------------------------------------------------- */

static void program(void **state)
{
	char path[PATH_MAX], name[PATH_MAX];

	assert_true(port_program(path));
	assert_int_equal(*path, '/');
	assert_int_equal(access(path, X_OK), 0);
	snprintf(name, sizeof(name), "%s", path);
	assert_non_null(strstr(strrchr(name, '/'), *state));
}

static pid_t a_child(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	return pid;
}

static void killed(void **state)
{
	pid_t pid = a_child();
	int process = port_process(pid), status;

	(void)state;
	if (process >= 0)
		assert_false(can_read(process, 0));
	assert_int_equal(port_kill(process, pid, SIGTERM), 0);
	if (process >= 0)
		assert_true(can_read(process, LONG_MS));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	if (process >= 0)
		close(process);
}

/* Who follows a parent that is gone by then: its end of the pipe closes. */
static void orphaned(void **state)
{
	int alive[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(port_pipe(alive), 0);
	pid = fork();
	if (pid == 0 && fork() == 0) {
		port_follow_parent();
		assert_int_equal(write(alive[1], "x", 1), 1);
		for (;;)
			pause();
	}
	close(alive[1]);
	if (pid == 0) {
		char c;

		_exit(read(alive[0], &c, 1) == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(can_read(alive[0], LONG_MS));
	close(alive[0]);
}

/* --- signals ------------------------------------------------------------- */

static void dropped(void **state)
{
	sigset_t set, was, pending;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &was);
	port_drop_signal(SIGUSR1); /* none: does not wait */
	raise(SIGUSR1);
	raise(SIGUSR2);
	port_drop_signal(SIGUSR1);
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGUSR1), 0);
	assert_int_equal(sigismember(&pending, SIGUSR2), 1);
	port_drop_signal(SIGUSR2);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

static void signals(void **state)
{
	struct port_signals s = { .fd = -1 };
	sigset_t set, was;
	int status;
	pid_t pid;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &was);
	kill(getpid(), SIGTERM); /* before it is open, too */
	assert_int_equal(port_signals_open(&s, &set), 0);
	assert_true(is_closed_by_exec(s.fd));
	assert_true(can_read(s.fd, LONG_MS));
	assert_int_equal(port_signals_next(&s), SIGTERM);
	assert_int_equal(port_signals_next(&s), 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_true(can_read(s.fd, LONG_MS));
	assert_int_equal(port_signals_next(&s), SIGCHLD);
	waitpid(pid, &status, 0);
	/* What a child is sent is not for us, and ends it. */
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &was, NULL);
		for (;;)
			pause();
	}
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_true(can_read(s.fd, LONG_MS));
	assert_int_equal(port_signals_next(&s), SIGCHLD);
	assert_int_equal(port_signals_next(&s), 0);
	port_signals_close(&s);
	assert_int_equal(s.fd, -1);
	port_signals_close(&s);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

static void bells(void **state)
{
	struct port_bell b;

	(void)state;
	assert_int_equal(port_bell_open(&b), 0);
	assert_true(is_closed_by_exec(b.fd));
	assert_false(can_read(b.fd, 0));
	port_bell_hush(&b); /* does not wait */
	for (int i = 0; i < 100000; i++) /* more than a pipe takes */
		port_bell_ring(&b);
	assert_true(can_read(b.fd, 0));
	port_bell_hush(&b);
	assert_false(can_read(b.fd, 0));
	errno = 77;
	port_bell_ring(&b);
	assert_int_equal(errno, 77);
	assert_true(can_read(b.fd, 0));
	port_bell_close(&b);
	port_bell_close(&b);
}

/* --- the poller ---------------------------------------------------------- */

static void a_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

/* What is told of the one descriptor; 0: nothing. */
static unsigned told(struct poller *p, uint64_t tag, int ms)
{
	struct poller_event e[4];
	int n = poller_wait(p, e, 4, ms);

	assert_in_range(n, 0, 1);
	if (!n)
		return 0;
	assert_true(e[0].tag == tag);
	return e[0].events;
}

static void polled(void **state)
{
	struct poller *p = poller_new();
	int fds[2];

	(void)state;
	a_pair(fds);
	assert_int_equal(poller_add(p, fds[0], 7, LOOP_READ), 0);
	assert_int_equal(told(p, 7, 0), 0);
	assert_int_equal(poller_change(p, fds[0], 7, LOOP_READ | LOOP_WRITE),
			 0);
	assert_int_equal(told(p, 7, 0), LOOP_WRITE);
	assert_int_equal(poller_change(p, fds[0], 7, LOOP_READ), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(told(p, 7, LONG_MS), LOOP_READ);
	assert_int_equal(told(p, 7, LONG_MS), LOOP_READ); /* as long as it is */
	poller_remove(p, fds[0], 7);
	assert_int_equal(told(p, 7, 0), 0);
	close(fds[0]);
	close(fds[1]);
	poller_free(p);
	poller_free(NULL);
}

/* Who leaves is told of, also to who asks for nothing. */
static void left(void **state)
{
	struct poller *p = poller_new();

	(void)state;
	for (unsigned events = 0; events <= LOOP_READ; events++) {
		int fds[2];
		unsigned got;

		a_pair(fds);
		assert_int_equal(poller_add(p, fds[0], 1, events), 0);
		shutdown(fds[1], SHUT_WR);
		got = told(p, 1, LONG_MS);
		assert_true(got & LOOP_GONE);
		assert_int_equal(got & LOOP_READ & events, events);
		close(fds[1]);
		assert_true(told(p, 1, LONG_MS) & LOOP_GONE);
		poller_remove(p, fds[0], 1);
		close(fds[0]);
	}
	poller_free(p);
}

/* Bytes that nobody asks for neither hide what is asked, nor busy the loop; and
 * they are told of when somebody does. */
static void unread(void **state)
{
	struct poller *p = poller_new();
	int64_t before;
	int fds[2];
	char c;

	(void)state;
	a_pair(fds);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(poller_add(p, fds[0], 1, 0), 0);
	assert_int_equal(told(p, 1, 0), 0);
	before = clock_ms();
	assert_int_equal(told(p, 1, 50), 0);
	assert_true(clock_ms() - before >= 40); /* it has waited */
	assert_int_equal(poller_change(p, fds[0], 1, LOOP_WRITE), 0);
	assert_int_equal(told(p, 1, 0), LOOP_WRITE);
	assert_int_equal(poller_change(p, fds[0], 1, LOOP_READ), 0);
	assert_int_equal(told(p, 1, 0), LOOP_READ);
	assert_int_equal(poller_change(p, fds[0], 1, 0), 0);
	assert_int_equal(told(p, 1, 0), 0);
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[1]);
	for (int i = 0; !(told(p, 1, 1000) & LOOP_GONE); i++)
		assert_true(i < LONG_MS / 1000);
	close(fds[0]);
	poller_free(p);
}

static void pipe_ends(void **state)
{
	struct poller *p = poller_new();
	int ends[2];

	(void)state;
	assert_int_equal(port_pipe(ends), 0);
	assert_int_equal(poller_add(p, ends[1], 1, 0), 0);
	assert_int_equal(told(p, 1, 0), 0);
	close(ends[0]); /* who reads our output */
	assert_true(told(p, 1, LONG_MS) & LOOP_GONE);
	poller_remove(p, ends[1], 1);
	close(ends[1]);
	poller_free(p);
}

/* Who has the other side of it alone. */
static int a_pair_at(int fd)
{
	int fds[2];

	a_pair(fds);
	if (fds[1] == fd) /* it is free, and may have been given out */
		fds[1] = fds[0];
	else if (fds[0] != fd) {
		assert_int_equal(dup2(fds[0], fd), fd);
		close(fds[0]);
	}
	return fds[1];
}

/* A number that was closed and is another's now, who was looked at meanwhile or
 * was not. */
static void numbers(void **state)
{
	for (int look = 0; look < 2; look++) {
		struct poller *p = poller_new();
		int fds[2], other;

		(void)state;
		a_pair(fds);
		assert_int_equal(poller_add(p, fds[0], 1, LOOP_READ), 0);
		close(fds[0]);
		if (look)
			assert_int_equal(told(p, 1, 0), 0);
		other = a_pair_at(fds[0]);
		assert_int_equal(poller_add(p, fds[0], 2, LOOP_READ), 0);
		poller_closing(p, fds[0], 1); /* who had it says so later */
		assert_int_equal(write(other, "x", 1), 1);
		assert_int_equal(told(p, 2, LONG_MS), LOOP_READ);
		poller_closing(p, fds[0], 2);
		close(fds[0]);
		assert_int_equal(told(p, 2, 0), 0);
		assert_int_equal(poller_change(p, other, 9, LOOP_READ), -1);
		close(fds[1]);
		close(other);
		poller_free(p);
	}
}

static void files(void **state)
{
	struct poller *p = poller_new();
	char path[64];
	int fd = a_file(path);

	(void)state;
	assert_int_equal(poller_add(p, fd, 1, LOOP_READ), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
	unlink(path);
	assert_int_equal(poller_add(p, fd, 1, LOOP_READ), -1);
	assert_int_equal(errno, EBADF);
	poller_free(p);
}

/* More than one call tells: all have their turn. */
static void crowd(void **state)
{
	enum {
		N = 40
	};
	struct poller *p = poller_new();
	int fds[N][2], seen[N] = { 0 }, all = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		a_pair(fds[i]);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		assert_int_equal(poller_add(p, fds[i][0], (uint64_t)i,
					    LOOP_READ),
				 0);
	}
	for (int round = 0; round < N && all < N; round++) {
		struct poller_event e[7];
		int n = poller_wait(p, e, 7, 0);

		assert_in_range(n, 1, 7);
		for (int i = 0; i < n; i++)
			all += !seen[e[i].tag]++;
	}
	assert_int_equal(all, N);
	for (int i = 0; i < N; i++) {
		poller_closing(p, fds[i][0], (uint64_t)i);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	poller_free(p);
}

/* --- rows ---------------------------------------------------------------- */

/* Can another process have it? */
static bool is_free(const char *path, off_t at)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_RDWR);

		_exit(row_lock(fd, at) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void rows(void **state)
{
	char path[64];
	int a = a_file(path), b = open(path, O_RDWR), c;

	(void)state;
	assert_true(row_lock(a, 3));
	assert_true(row_lock(a, 3)); /* its own */
	assert_false(row_lock(b, 3));
	assert_true(row_lock(b, 4));
	assert_false(is_free(path, 3));
	assert_true(is_free(path, 5));
	/* One that only looked takes nothing along. */
	c = open(path, O_RDWR);
	row_close(c);
	assert_false(is_free(path, 3));
	row_close(b);
	assert_false(is_free(path, 3));
	assert_true(is_free(path, 4));
	row_unlock(a, 3);
	assert_true(is_free(path, 3));
	assert_true(row_lock_wait(a, 3));
	assert_false(is_free(path, 3));
	row_close(a);
	assert_true(is_free(path, 3));
	unlink(path);
	assert_int_equal(fcntl(a, F_GETFD), -1);
	assert_int_equal(fcntl(b, F_GETFD), -1);
	assert_int_equal(fcntl(c, F_GETFD), -1);
}

/* --- arguments ----------------------------------------------------------- */

static void arguments(void **state)
{
	static const struct option none[] = { { 0 } };
	char *first[] = { (char *)"x", (char *)"-a", (char *)"b", NULL };
	char *second[] = { (char *)"x", (char *)"c", (char *)"-a", NULL };

	(void)state;
	opterr = 0;
	port_getopt_restart();
	assert_int_equal(getopt_long(3, first, "a", none, NULL), 'a');
	assert_int_equal(getopt_long(3, first, "a", none, NULL), -1);
	port_getopt_restart();
	assert_int_equal(getopt_long(3, second, "a", none, NULL), 'a');
	assert_int_equal(getopt_long(3, second, "a", none, NULL), -1);
	assert_string_equal(second[optind], "c");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(pipes),
		cmocka_unit_test(sockets),
		cmocka_unit_test(pins),
		cmocka_unit_test(allocated),
		cmocka_unit_test(closed_from),
		cmocka_unit_test_prestate(program, (void *)"test-port"),
		cmocka_unit_test(killed),
		cmocka_unit_test(orphaned),
		cmocka_unit_test(dropped),
		cmocka_unit_test(signals),
		cmocka_unit_test(bells),
		cmocka_unit_test(polled),
		cmocka_unit_test(left),
		cmocka_unit_test(unread),
		cmocka_unit_test(pipe_ends),
		cmocka_unit_test(numbers),
		cmocka_unit_test(files),
		cmocka_unit_test(crowd),
		cmocka_unit_test(rows),
		cmocka_unit_test(arguments),
	};

	port_called(argc ? argv[0] : "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
