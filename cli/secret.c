/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/secret.h"

#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_RUN 28 /* letters and digits in a row */
#define KEY_MIX 4  /* of each, at least */

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

/* Keys of providers without a prefix: long, of letters and digits mixed. */
static bool is_random(const char *s)
{
	size_t run = 0, digits = 0, letters = 0;

	for (; *s; s++) {
		if (!isalnum((unsigned char)*s)) {
			run = digits = letters = 0;
			continue;
		}
		run++;
		digits += isdigit((unsigned char)*s) != 0;
		letters += isalpha((unsigned char)*s) != 0;
		if (run >= KEY_RUN && digits >= KEY_MIX && letters >= KEY_MIX)
			return true;
	}
	return false;
}

int secret_check_name(const char *name, const char *what, struct err *e)
{
	if (!log_is_secret(span_of(name)) && !is_random(name))
		return 0;
	return err_set(e, ERR_USAGE,
		       "what looks like a key stands where %s belongs: choose "
		       "a name, give the key with --key-file=FILE or "
		       "--key-stdin, and delete it from the shell's history",
		       what);
}
