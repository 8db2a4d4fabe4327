/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROW 40
#define WIDE 200
#define LOW 5
#define TALL 500

static int bounded(long n)
{
	return n < NARROW ? NARROW : n > WIDE ? WIDE : (int)n;
}

int term_width(void)
{
	const char *said = getenv("COLUMNS");
	struct winsize size;

	if (said && strtol(said, NULL, 10) > 0)
		return bounded(strtol(said, NULL, 10));
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return bounded(size.ws_col);
	return 80;
}

int term_height(void)
{
	const char *said = getenv("LINES");
	struct winsize size;
	long n = said ? strtol(said, NULL, 10) : 0;

	if (n <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		n = size.ws_row;
	if (n <= 0)
		return 24;
	return n < LOW ? LOW : n > TALL ? TALL : (int)n;
}

bool term_moves(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO);
}

bool term_styled(void)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && term_moves();
}

const char *term_bold(void)
{
	return term_styled() ? "\033[1m" : "";
}

const char *term_plain(void)
{
	return term_styled() ? "\033[0m" : "";
}

void term_bar(double share, int columns)
{
	const char *colour = share < 0.7 ? "\033[32m"
			   : share < 0.9 ? "\033[33m"
					 : "\033[31m";
	int room = columns - 2, full;

	if (share > 1)
		share = 1;
	full = (int)(share * room + 0.5);
	if (share > 0 && !full)
		full = 1; /* a little is seen */
	if (share < 0) {
		printf("%*s", columns, "");
		return;
	}
	printf("[%s", term_styled() ? colour : "");
	for (int i = 0; i < room; i++)
		putchar(i < full ? '#' : '.');
	printf("%s]", term_plain());
}

/* Bytes that go on to a line of `room` columns: up to its last blank. */
static size_t line_of(const char *text, size_t room)
{
	size_t n = strlen(text), fits = room;

	if (n <= room)
		return n;
	while (fits && text[fits] != ' ')
		fits--;
	return fits ? fits : strcspn(text, " ");
}

void term_wrap(const char *text, int used, int indent)
{
	int width = term_width();

	for (;;) {
		size_t room = width > used ? (size_t)(width - used) : 1;
		size_t n = line_of(text, room);

		printf("%.*s\n", (int)n, text);
		text += n + strspn(text + n, " ");
		if (!*text)
			return;
		printf("%*s", indent, "");
		used = indent;
	}
}
