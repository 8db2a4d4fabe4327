/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/prompt.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const int caught[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGALRM,
			      SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE };
#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t came; /* the last of them */

static void note(int sig)
{
	came = sig;
}

/* While this is in force a signal is taken only where we wait. */
struct guard {
	struct sigaction was[CAUGHT];
	sigset_t mask;
};

static void guard_begin(struct guard *g)
{
	struct sigaction a = { .sa_handler = note };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL, &g->was[i]);
		if (g->was[i].sa_handler == SIG_IGN)
			continue;
		sigaddset(&block, caught[i]);
		sigaction(caught[i], &a, NULL);
	}
	came = 0;
	sigprocmask(SIG_BLOCK, &block, &g->mask);
}

static void guard_end(const struct guard *g)
{
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &g->was[i], NULL);
	sigprocmask(SIG_SETMASK, &g->mask, NULL);
}

/* The bytes of a line, as they come; a signal leaves what has come. */
static int read_line(char *out, size_t n, size_t *have, int64_t end,
		     const sigset_t *mask)
{
	fd_set in;

	while (*have < n - 1 && !memchr(out, '\n', *have)) {
		int64_t left = end ? end - clock_ms() : 1000;
		struct timespec t = { left / 1000, left % 1000 * 1000000 };
		ssize_t got;

		if (left <= 0)
			return -1;
		FD_ZERO(&in);
		FD_SET(STDIN_FILENO, &in);
		if (pselect(STDIN_FILENO + 1, &in, NULL, NULL, end ? &t : NULL,
			    mask) <= 0) {
			if (came)
				return -1;
			continue;
		}
		got = read(STDIN_FILENO, out + *have, n - 1 - *have);
		if (got == 0)
			return *have ? 0 : -1;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		*have += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* One round, until an answer, the end, or a signal. */
static int ask(const char *question, char *out, size_t n, size_t *have,
	       int64_t end)
{
	struct termios was, quiet;
	struct guard g;
	bool terminal;
	int rc;

	guard_begin(&g);
	terminal = tcgetattr(STDIN_FILENO, &was) == 0;
	if (terminal) {
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		/* Whoever is quick must not see it either. */
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		fputs(question, stderr);
		fflush(stderr);
	}
	rc = read_line(out, n, have, end, &g.mask);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fputc('\n', stderr);
	}
	guard_end(&g);
	return rc;
}

int prompt_hidden(const char *question, char *out, size_t n, int ms)
{
	int64_t end = ms < 0 ? 0 : clock_ms() + ms;
	size_t have = 0;
	int rc;

	do {
		rc = ask(question, out, n, &have, end);
		if (came)
			raise(came); /* as it was meant, the echo on again */
	} while (came);
	out[have] = '\0';
	return rc;
}
