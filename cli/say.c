/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/say.h"

#include "base/log.h"
#include "base/utf8.h"
#include "cli/term.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void say(FILE *f, const char *fmt, ...)
{
	size_t n = strlen(fmt), head = strspn(fmt, "\n"), tail = 0;
	char *text = xmalloc(SAY_MAX), *middle = text + head;
	va_list ap;

	while (tail < n - head && fmt[n - 1 - tail] == '\n')
		tail++;
	va_start(ap, fmt);
	vsnprintf(text, SAY_MAX, fmt, ap);
	va_end(ap);
	n = strlen(middle);
	n -= tail < n ? tail : n; /* a cut text has lost its end */
	n = utf8_clean(middle, n);
	fwrite(text, 1, head + n, f);
	while (tail--)
		putc('\n', f);
	free(text);
}

void say_line(int indent, const char *fmt, ...)
{
	char *text = xmalloc(SAY_MAX);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, SAY_MAX, fmt, ap);
	va_end(ap);
	utf8_clean_str(text);
	term_line(text, indent);
	free(text);
}

void say_message(const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log_is_json())
		log_msg("%s", text);
	else
		say(stderr, "dario: %s\n", text);
}

void say_json(struct span json)
{
	struct buf out;

	buf_init(&out, 12 * json.n + 1);
	utf8_escape_json(&out, json);
	puts(buf_cstr(&out));
	buf_release(&out);
}
