/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/child-said.h"

#include "base/log.h"
#include "base/port.h"
#include "cli/say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int child_said_open(struct child_said *s, const char *name,
		    struct child_plan *p, struct err *e)
{
	int ends[2];

	*s = (struct child_said){ .name = name, .fd = -1, .end = -1 };
	if (!log_is_json())
		return 0;
	if (port_pipe(ends))
		return err_sys(e, "make a pipe for", name);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	s->fd = ends[0];
	s->end = p->said = ends[1];
	return 0;
}

static void end_line(struct child_said *s)
{
	if (s->n)
		say_message("%s: %.*s", s->name, (int)s->n, s->line);
	s->n = 0;
}

static void take(struct child_said *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' || s->n == sizeof(s->line))
			end_line(s);
		if (text[i] != '\n')
			s->line[s->n++] = text[i];
	}
}

void child_said_read(struct child_said *s)
{
	char text[4096];
	ssize_t n;

	/* It goes on while the child does: only we hold the other end. */
	while (s->fd >= 0 && (n = read(s->fd, text, sizeof(text))) != 0) {
		if (n > 0)
			take(s, text, (size_t)n);
		else if (errno != EINTR)
			break;
	}
}

void child_said_close(struct child_said *s)
{
	child_said_read(s);
	end_line(s);
	if (s->fd >= 0)
		close(s->fd);
	if (s->end >= 0)
		close(s->end);
	s->fd = s->end = -1;
}
