/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/live.h"

#include "base/clock.h"
#include "cli/term.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SCREEN_BYTES (256u << 10) /* a picture goes out as one piece */

/* The other screen, without a cursor; and back. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define CLEAR "\033[H\033[J"

static const int caught[] = { SIGINT,  SIGTERM, SIGHUP,
			      SIGQUIT, SIGTSTP, SIGWINCH };
#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t came;

static void note(int sig)
{
	/* A window that changes is not to hide that it ends. */
	if (sig != SIGWINCH || !came)
		came = sig;
}

struct screen {
	bool moves; /* of a terminal */
	bool raw;   /* it is not as it was */
	bool keys;  /* they are read */
	struct termios was;
	struct sigaction actions[CAUGHT];
	sigset_t mask; /* while we wait */
};

/* A signal is taken only where we wait. */
static void take_signals(struct screen *s)
{
	struct sigaction a = { .sa_handler = note };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL, &s->actions[i]);
		if (caught[i] != SIGWINCH &&
		    s->actions[i].sa_handler == SIG_IGN)
			continue;
		sigaddset(&block, caught[i]);
		sigaction(caught[i], &a, NULL);
	}
	came = 0;
	sigprocmask(SIG_BLOCK, &block, &s->mask);
}

static void give_signals_back(const struct screen *s)
{
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &s->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

static void enter(struct screen *s)
{
	struct termios raw;

	s->raw = s->moves && tcgetattr(STDIN_FILENO, &s->was) == 0;
	s->keys = s->raw;
	if (s->raw) {
		raw = s->was;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	if (s->moves)
		fputs(ENTER, stdout);
}

static void leave(struct screen *s)
{
	if (s->moves)
		fputs(LEAVE, stdout);
	fflush(stdout);
	if (s->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &s->was);
}

/* Ctrl-Z: the shell gets its terminal as it was. */
static void stop_job(struct screen *s)
{
	leave(s);
	give_signals_back(s);
	raise(SIGTSTP);
	take_signals(s);
	enter(s);
}

/* False when q is among them. */
static bool read_keys(struct screen *s)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0)
		s->keys = false; /* there will be no more */
	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q')
			return false;
	return true;
}

/* Until a key, a signal, or so many milliseconds; is there a key? */
static bool wait_some(const struct screen *s, int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	fd_set keys;

	FD_ZERO(&keys);
	FD_SET(STDIN_FILENO, &keys);
	return pselect(s->keys ? STDIN_FILENO + 1 : 0, s->keys ? &keys : NULL,
		       NULL, NULL, &t, &s->mask) > 0;
}

/* Until the next picture is due; false when it is over. */
static bool wait_for_next(struct screen *s, int ms)
{
	int64_t end = clock_ms() + ms, left;

	while ((left = end - clock_ms()) > 0) {
		bool key = wait_some(s, left);

		if (came == SIGTSTP || came == SIGWINCH) {
			if (came == SIGTSTP)
				stop_job(s);
			came = 0;
			return true;
		}
		if (came)
			return false;
		if (key && !read_keys(s))
			return false;
	}
	return true;
}

int live_run(const struct live *l, struct err *e)
{
	struct screen s = { .moves = term_moves() };
	bool first = true;
	int rc;

	setvbuf(stdout, NULL, _IOFBF, SCREEN_BYTES);
	signal(SIGPIPE, SIG_IGN);
	take_signals(&s);
	enter(&s);
	do {
		if (s.moves)
			fputs(CLEAR, stdout);
		else if (!first && !l->plain)
			putchar('\n');
		first = false;
		rc = l->draw(l->arg, e);
	} while (rc == 0 && fflush(stdout) == 0 && !ferror(stdout) &&
		 wait_for_next(&s, l->ms));
	leave(&s);
	give_signals_back(&s);
	return rc;
}
