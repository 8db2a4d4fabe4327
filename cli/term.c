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

bool term_styled(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") != 0 &&
	       isatty(STDOUT_FILENO);
}

const char *term_bold(void)
{
	return term_styled() ? "\033[1m" : "";
}

const char *term_plain(void)
{
	return term_styled() ? "\033[0m" : "";
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
