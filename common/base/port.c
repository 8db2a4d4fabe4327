/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/port.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_LINUX_FILTER_H
#include <linux/filter.h>
#endif
#ifdef HAVE_SYS_EVENTFD_H
#include <sys/eventfd.h>
#endif
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#ifdef HAVE_SYS_SIGNALFD_H
#include <sys/signalfd.h>
#endif
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#ifdef __linux__
#define HAVE_PROC_SELF_EXE
#endif
#ifdef POSIX_FALLBACKS
#undef HAVE_PROC_SELF_EXE
#undef O_PATH
#undef SOCK_CLOEXEC
#undef TCP_DEFER_ACCEPT
#endif

#define PARENT_NS 200000000 /* between looks at who it is */
#define FDS_MAX 65536       /* of which port_close_from looks at each */

/* --- memory -------------------------------------------------------------- */

void *port_memrchr(const void *p, int c, size_t n)
{
	const unsigned char *s = p;

	while (n--)
		if (s[n] == (unsigned char)c)
			return (void *)(uintptr_t)(s + n);
	return NULL;
}

void port_wipe(void *p, size_t n)
{
#ifdef HAVE_EXPLICIT_BZERO
	explicit_bzero(p, n);
#else
	volatile unsigned char *v = p;

	while (n--)
		v[n] = 0;
#endif
}

/* --- descriptors --------------------------------------------------------- */

#if !defined(HAVE_PIPE2) || !defined(HAVE_ACCEPT4) || \
	!defined(SOCK_CLOEXEC) || !defined(HAVE_SYS_SIGNALFD_H) || \
	!defined(HAVE_SYS_EVENTFD_H)
/* -1 closes it; errno is kept. */
static int settle(int fd, bool nonblocking)
{
	int flags = fcntl(fd, F_GETFL), why;

	/* What was accepted has its listener's flags on some systems. */
	flags = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    fcntl(fd, F_SETFL, flags) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}
#endif

int port_pipe(int ends[2])
{
#ifdef HAVE_PIPE2
	return pipe2(ends, O_CLOEXEC);
#else
	if (pipe(ends))
		return -1;
	if (settle(ends[0], false) < 0) {
		close(ends[1]);
		return -1;
	}
	if (settle(ends[1], false) < 0) {
		close(ends[0]);
		return -1;
	}
	return 0;
#endif
}

#if !defined(HAVE_ACCEPT4) || !defined(SOCK_CLOEXEC)
static void no_signal(int fd)
{
#ifdef SO_NOSIGPIPE
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#else
	(void)fd;
#endif
}
#endif

int port_socket(int family, int type, int protocol, bool nonblocking)
{
#ifdef SOCK_CLOEXEC
	type |= SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
	return socket(family, type, protocol);
#else
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return -1;
	no_signal(fd);
	return settle(fd, nonblocking);
#endif
}

int port_accept(int fd, bool nonblocking)
{
#if defined(HAVE_ACCEPT4) && defined(SOCK_CLOEXEC)
	return accept4(fd, NULL, NULL,
		       SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0));
#else
	int got = accept(fd, NULL, NULL);

	if (got < 0)
		return -1;
	no_signal(got);
	return settle(got, nonblocking);
#endif
}

int port_pin(const char *path)
{
#ifdef O_PATH
	return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
#else
	return open(path,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
#endif
}

/* Zeros at its end, wherever that is: another process may write into what it
 * has made of the file meanwhile. It may get longer than it was asked to. */
static int lengthen(int fd, off_t to)
{
	static const char zeros[65536];
	off_t at = lseek(fd, 0, SEEK_CUR);
	int flags = fcntl(fd, F_GETFL), error = 0;
	struct stat st;

	if (at < 0 || fcntl(fd, F_SETFL, flags | O_APPEND))
		return errno;
	while (!error) {
		ssize_t n;

		if (fstat(fd, &st))
			error = errno;
		if (error || st.st_size >= to)
			break;
		n = (ssize_t)sizeof(zeros);
		if (to - st.st_size < n)
			n = (ssize_t)(to - st.st_size);
		n = write(fd, zeros, (size_t)n);
		if (n < 0 && errno != EINTR)
			error = errno;
	}
	fcntl(fd, F_SETFL, flags);
	lseek(fd, at, SEEK_SET);
	return error;
}

int port_allocate(int fd, off_t from, off_t bytes)
{
	int error = EINVAL;

#ifdef HAVE_POSIX_FALLOCATE
	error = posix_fallocate(fd, from, bytes);
#endif
	/* Some file systems cannot, and say so (ZFS). */
	return error == EINVAL || error == EOPNOTSUPP
		     ? lengthen(fd, from + bytes)
		     : error;
}

void port_close_from(posix_spawn_file_actions_t *files, int fd)
{
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	posix_spawn_file_actions_addclosefrom_np(files, fd);
#else
	long max = sysconf(_SC_OPEN_MAX);

	if (max < 0 || max > FDS_MAX)
		max = FDS_MAX;
	for (; fd < max; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			posix_spawn_file_actions_addclose(files, fd);
	}
#endif
}

void port_defer_accept(int fd, int seconds)
{
#ifdef TCP_DEFER_ACCEPT
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
		   sizeof(seconds));
#else
	(void)fd;
	(void)seconds;
#endif
}

/* A packet that opens a connection is dropped; those of connections that are
 * being opened, and of open ones, are not. */
void port_refuse_new(int fd)
{
#ifdef HAVE_LINUX_FILTER_H
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

	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
#else
	(void)fd;
#endif
}

/* --- processes ----------------------------------------------------------- */

#ifndef HAVE_PROC_SELF_EXE
/* Written once, before there are threads. */
static char called[PATH_MAX];

/* As the shell has found it. */
static bool in_path(const char *name)
{
	const char *dirs = getenv("PATH");
	char path[PATH_MAX];

	while (dirs && *dirs) {
		int n = (int)strcspn(dirs, ":");

		if (snprintf(path, sizeof(path), "%.*s/%s", n, n ? dirs : ".",
			     name) < (int)sizeof(path) &&
		    access(path, X_OK) == 0)
			return realpath(path, called);
		dirs += n + (dirs[n] == ':');
	}
	return false;
}
#endif

void port_called(const char *argv0)
{
#ifdef HAVE_PROC_SELF_EXE
	(void)argv0;
#else
	if (!argv0 || (!strchr(argv0, '/') && in_path(argv0)))
		return;
	/* A CGI program is started by its bare name, in its folder. */
	if (access(argv0, X_OK) || !realpath(argv0, called))
		*called = '\0';
#endif
}

bool port_program(char out[PATH_MAX])
{
#ifdef HAVE_PROC_SELF_EXE
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

	out[n < 0 ? 0 : n] = '\0';
#else
	strcpy(out, called);
#endif
	return *out;
}

void port_end_with_parent(void)
{
#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

#ifdef HAVE_SYS_PRCTL_H
void port_follow_parent(void)
{
	port_end_with_parent();
}
#else
static void *follow(void *arg)
{
	const struct timespec step = { 0, PARENT_NS };
	pid_t parent = (pid_t)(intptr_t)arg;

	while (getppid() == parent)
		nanosleep(&step, NULL);
	kill(getpid(), SIGTERM);
	return NULL;
}

void port_follow_parent(void)
{
	sigset_t all, was;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was); /* they are for others */
	if (pthread_create(&thread, NULL, follow,
			   (void *)(intptr_t)getppid()) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
}
#endif

pid_t port_obey_parent(void)
{
	const char *v = getenv("DARIO_EXIT_WITH_PARENT");
	pid_t parent = getppid();

	if (!v || strcmp(v, "1"))
		return 0;
	port_follow_parent();
	if (getppid() != parent)
		exit(0);
	return parent;
}

void port_hide_memory(void)
{
#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

int port_process(pid_t pid)
{
#if defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

int port_kill(int process, pid_t pid, int sig)
{
#if defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
	if (process >= 0)
		return (int)syscall(SYS_pidfd_send_signal, process, sig, NULL,
				    0);
#endif
	(void)process;
	return kill(pid, sig);
}

/* --- signals ------------------------------------------------------------- */

void port_drop_signal(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
#ifdef HAVE_SIGTIMEDWAIT
	const struct timespec now = { 0 };

	while (sigtimedwait(&set, NULL, &now) == sig)
		;
#else
	sigset_t pending;
	int got;

	while (sigpending(&pending) == 0 && sigismember(&pending, sig) == 1 &&
	       sigwait(&set, &got) == 0)
		;
#endif
}

#ifdef HAVE_SYS_SIGNALFD_H
int port_signals_open(struct port_signals *s, const sigset_t *set)
{
	s->fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->fd < 0 ? -1 : 0;
}

int port_signals_next(struct port_signals *s)
{
	struct signalfd_siginfo i;

	return read(s->fd, &i, sizeof(i)) == sizeof(i) ? (int)i.ssi_signo : 0;
}

void port_signals_close(struct port_signals *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
#else
static void *hand_on(void *arg)
{
	struct port_signals *s = arg;
	int sig;

	while (sigwait(&s->set, &sig) == 0) {
		unsigned char byte = (unsigned char)sig;

		(void)!write(s->in, &byte, 1);
	}
	return NULL;
}

static void ignore(int sig)
{
	(void)sig;
}

int port_signals_open(struct port_signals *s, const sigset_t *set)
{
	struct sigaction heard = { .sa_handler = ignore };
	int ends[2];

	s->fd = -1;
	s->set = *set;
	if (port_pipe(ends))
		return -1;
	s->in = ends[1];
	/* Some systems drop what nobody would handle, though it is blocked. */
	if (sigismember(set, SIGCHLD) == 1)
		sigaction(SIGCHLD, &heard, NULL);
	if (settle(ends[0], true) < 0) {
		close(ends[1]);
		return -1;
	}
	errno = pthread_create(&s->thread, NULL, hand_on, s);
	if (!errno) {
		s->fd = ends[0];
		return 0;
	}
	close(ends[0]);
	close(ends[1]);
	return -1;
}

int port_signals_next(struct port_signals *s)
{
	unsigned char byte;

	return read(s->fd, &byte, 1) == 1 ? byte : 0;
}

void port_signals_close(struct port_signals *s)
{
	if (s->fd < 0)
		return;
	pthread_cancel(s->thread);
	pthread_join(s->thread, NULL);
	close(s->fd);
	close(s->in);
	s->fd = -1;
}
#endif

#ifdef HAVE_SYS_EVENTFD_H
int port_bell_open(struct port_bell *b)
{
	b->fd = b->in = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return b->fd < 0 ? -1 : 0;
}

void port_bell_hush(const struct port_bell *b)
{
	uint64_t count;

	(void)!read(b->fd, &count, sizeof(count));
}

void port_bell_close(struct port_bell *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = b->in = -1;
}
#else
int port_bell_open(struct port_bell *b)
{
	int ends[2];

	b->fd = b->in = -1;
	if (port_pipe(ends))
		return -1;
	if (settle(ends[0], true) < 0) {
		close(ends[1]);
		return -1;
	}
	if (settle(ends[1], true) < 0) {
		close(ends[0]);
		return -1;
	}
	b->fd = ends[0];
	b->in = ends[1];
	return 0;
}

void port_bell_hush(const struct port_bell *b)
{
	char scrap[256];

	while (read(b->fd, scrap, sizeof(scrap)) > 0)
		;
}

void port_bell_close(struct port_bell *b)
{
	if (b->fd >= 0)
		close(b->fd);
	if (b->in >= 0)
		close(b->in);
	b->fd = b->in = -1;
}
#endif

/* An eventfd takes eight bytes at a time, and a pipe takes them too. When it is
 * full it has been rung. */
void port_bell_ring(const struct port_bell *b)
{
	const uint64_t one = 1;
	int saved = errno;

	(void)!write(b->in, &one, sizeof(one));
	errno = saved;
}

void port_getopt_restart(void)
{
#if HAVE_DECL_OPTRESET
	optreset = 1;
	optind = 1;
#elif defined(__linux__) && !defined(POSIX_FALLBACKS)
	optind = 0; /* also what it knows of the order of arguments */
#else
	optind = 1;
#endif
}
