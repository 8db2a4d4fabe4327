/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int read_line(FILE *f, const char *name, struct buf *out, struct err *e)
{
	char line[8192];
	struct span s;

	if (!fgets(line, sizeof(line), f))
		return err_set(e, ERR_CONFIG, "no key in %s", name);
	s = span_trim(span_of(line));
	if (!s.n || strlen(line) == sizeof(line) - 1)
		return err_set(e, ERR_CONFIG, "no key in the first line of %s",
			       name);
	buf_span(out, s);
	return 0;
}

int secret_take(const struct cmd *c, struct buf *out, struct err *e)
{
	const char *key = cmd_value(c, "key");
	const char *file = cmd_value(c, "key-file");
	bool from_stdin = cmd_value(c, "key-stdin");
	FILE *f;
	int rc;

	if ((key != NULL) + (file != NULL) + from_stdin > 1)
		return err_set(e, ERR_USAGE,
			       "give one of --key, --key-file "
			       "and --key-stdin");
	if (from_stdin)
		return read_line(stdin, "standard input", out, e);
	if (key) {
		buf_str(out, key);
		return 0;
	}
	if (!file)
		return 0;
	f = fopen(file, "re");
	if (!f) /* not its name: that might be the key itself */
		return err_set(e, ERR_CONFIG,
			       "cannot open the file that --key-file names, "
			       "which holds the key: %s",
			       strerror(errno));
	rc = read_line(f, file, out, e);
	fclose(f);
	return rc;
}
