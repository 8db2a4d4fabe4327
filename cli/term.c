/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/term.h"

#include "base/utf8.h"

#include <limits.h>
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

int term_room(void)
{
	const char *said = getenv("COLUMNS");

	return (said && *said) || isatty(STDOUT_FILENO) ? term_width()
							: INT_MAX;
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

/* Whether colour has one: the same, and no NO_COLOR (no-color.org). */
static bool is_styled(void)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && term_moves();
}

const char *term_bold(void)
{
	return is_styled() ? "\033[1m" : "";
}

const char *term_plain(void)
{
	return is_styled() ? "\033[0m" : "";
}

const char *term_number(int64_t n, char *out)
{
	if (n < 10000)
		snprintf(out, 24, "%lld", (long long)n);
	else if (n < 10000000)
		snprintf(out, 24, "%.1fk", (double)n / 1000);
	else
		snprintf(out, 24, "%.1fM", (double)n / 1000000);
	return out;
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
	printf("[%s", is_styled() ? colour : "");
	for (int i = 0; i < room; i++)
		putchar(i < full ? '#' : '.');
	printf("%s]", term_plain());
}

/* Bytes that go on to a line of `room` columns: up to its last blank. A word
 * without room goes below, and is cut where that is too short as well. */
static size_t line_of(const char *text, size_t room, bool begun)
{
	size_t n = strlen(text), fits = room;

	if (n <= room)
		return n;
	while (fits && text[fits] != ' ')
		fits--;
	if (fits || begun)
		return fits;
	fits = utf8_fit(span_of(text), room).n;
	return fits ? fits : 1;
}

static void wrap(const char *text, int used, int indent, int width)
{
	for (;;) {
		size_t room = width > used ? (size_t)(width - used) : 1;
		size_t n = line_of(text, room, used > indent);

		printf("%.*s\n", (int)n, text);
		text += n + strspn(text + n, " ");
		if (!*text)
			return;
		printf("%*s", indent, "");
		used = indent;
	}
}

void term_wrap(const char *text, int used, int indent)
{
	wrap(text, used, indent, term_width());
}

void term_line(const char *text, int indent)
{
	int blanks = (int)strspn(text, " ");

	/* Its own blanks in front are no place to break it. */
	printf("%*s", blanks, "");
	wrap(text + blanks, blanks, indent, term_room());
}
