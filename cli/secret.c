/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/secret.h"

#include "base/file.h"
#include "cli/prompt.h"

#include <string.h>

#define LINE_MAX_BYTES 8190
#define FILE_MAX (64u << 10)

/* Its first line. `name` is where it came from: never what it says. */
static int take_line(struct span text, const char *name, struct buf *out,
		     struct err *e)
{
	struct span s = span_trim(span_cut(&text, '\n'));

	if (!s.n)
		return err_set(e, ERR_CONFIG, "no key in the first line of %s",
			       name);
	if (s.n >= LINE_MAX_BYTES)
		return err_set(e, ERR_CONFIG,
			       "the first line of %s is too long for a key",
			       name);
	buf_span(out, s);
	return 0;
}

static int from_stdin(struct buf *out, struct err *e)
{
	char line[LINE_MAX_BYTES + 2];

	if (prompt_hidden("dario: paste the key: ", line, sizeof(line), -1))
		return err_set(e, ERR_CONFIG, "no key in standard input");
	return take_line(span_of(line), "standard input", out, e);
}

static int from_file(const char *path, struct buf *out, struct err *e)
{
	static const char name[] = "the file that --key-file names, which "
				   "holds the key";
	struct buf text;
	int rc;

	buf_init(&text, FILE_MAX);
	rc = file_read_pipe(path, name, &text, e);
	if (rc == 0)
		rc = take_line(buf_get(&text), "the file that --key-file names",
			       out, e);
	else
		e->code = ERR_CONFIG;
	buf_release(&text);
	return rc;
}

int secret_take(const struct cmd *c, struct buf *out, struct err *e)
{
	const char *key = cmd_value(c, "key");
	const char *file = cmd_value(c, "key-file");
	bool stdin_too = cmd_value(c, "key-stdin");

	if ((key != NULL) + (file != NULL) + stdin_too > 1)
		return err_set(e, ERR_USAGE,
			       "give one of --key, --key-file "
			       "and --key-stdin");
	if (stdin_too)
		return from_stdin(out, e);
	if (file)
		return from_file(file, out, e);
	if (key && (!*key || !span_visible(span_of(key))))
		return err_set(e, ERR_USAGE,
			       "--key is empty, or has blanks or characters "
			       "outside ASCII: give the key as its provider "
			       "shows it");
	if (key)
		buf_str(out, key);
	return 0;
}
