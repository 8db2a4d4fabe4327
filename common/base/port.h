/* SPDX-License-Identifier: MIT */
/*
 * port: what Linux has and POSIX 2008 has not.
 *
 * The system's own call is used where configure has found it, and what POSIX
 * offers elsewhere; configure --enable-posix-fallbacks takes the latter alone.
 * What is weaker there stands beside each. Descriptors that are made here are
 * closed by exec; without the system's call a program that another thread
 * starts at the same moment may inherit one.
 *
 * Errors are -1 with errno, unless it is said otherwise.
 */
#ifndef DARIO_PORT_H
#define DARIO_PORT_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

/* --- names that a system may lack ---------------------------------------- */

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE does it: see port_socket */
#endif
#ifndef MAP_STACK
#define MAP_STACK 0
#endif
#ifndef POSIX_SPAWN_SETSID /* a group of its own must do */
#define POSIX_SPAWN_SETSID POSIX_SPAWN_SETPGROUP
#endif
#ifdef HAVE_STRUCT_STAT_ST_MTIMESPEC
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif
#ifndef HAVE_MEMRCHR
#define memrchr port_memrchr
#endif

void *port_memrchr(const void *p, int c, size_t n);
void port_wipe(void *p, size_t n); /* a secret, though nobody reads it again */

/* --- descriptors --------------------------------------------------------- */

int port_pipe(int ends[2]);
int port_socket(int family, int type, int protocol, bool nonblocking);
int port_accept(int fd, bool nonblocking);

/* Holds a file, so that its number is not given to another one; for fstat
 * alone. Without O_PATH a link, or what may not be read, is refused. */
int port_pin(const char *path);

/* Space on the disk for these bytes: 0 or an error number. Without the system's
 * call the file is made longer, and holes in it stay. */
int port_allocate(int fd, off_t from, off_t bytes);

/* The new program has no descriptor from `fd` on. Without the system's call it
 * is those that are open now and that exec would leave open. */
void port_close_from(posix_spawn_file_actions_t *files, int fd);

/* Who connects waits in the kernel until it says something, for so long; and
 * nobody can connect any more, though who has is still to be accepted. Both are
 * attempts: elsewhere nothing happens. */
void port_defer_accept(int fd, int seconds);
void port_refuse_new(int fd);

/* --- processes ----------------------------------------------------------- */

/* The running program. Without the system's word it is what it was called by,
 * which main has told; false: that says nothing. */
void port_called(const char *argv0);
bool port_program(char out[PATH_MAX]);

/* SIGTERM when the parent ends: also what is executed from here, but nothing
 * elsewhere; and this program, a moment later elsewhere. */
void port_end_with_parent(void);
void port_follow_parent(void);
/* The latter if DARIO_EXIT_WITH_PARENT=1; exits when it has ended meanwhile.
 * The parent; 0: its end is not ours. */
pid_t port_obey_parent(void);
void port_hide_memory(void); /* from others of the same user, if it can be */

/* A process by a descriptor, which is readable once it has ended; -1 where
 * there is none. Then its signals go by its number. */
int port_process(pid_t pid);
int port_kill(int process, pid_t pid, int sig);

/* --- signals ------------------------------------------------------------- */

/* Away with those of this kind that are blocked and pending. */
void port_drop_signal(int sig);

/* Signals as bytes to read. All of `set` are blocked, in every thread; without
 * the system's call a thread waits for them. */
struct port_signals {
	int fd; /* readable when there is one; -1: not open */
	int in; /* private from here on */
	sigset_t set;
	pthread_t thread;
};
int port_signals_open(struct port_signals *s, const sigset_t *set);
int port_signals_next(struct port_signals *s); /* 0: none left */
void port_signals_close(struct port_signals *s);

/* Wakes who polls; any thread may ring it, and a signal's handler. */
struct port_bell {
	int fd; /* readable when it has been rung */
	int in; /* private */
};
int port_bell_open(struct port_bell *b);
void port_bell_ring(const struct port_bell *b);
void port_bell_hush(const struct port_bell *b);
void port_bell_close(struct port_bell *b);

/* getopt from the first argument on, though it has run before. */
void port_getopt_restart(void);

#endif
