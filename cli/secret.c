/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/secret.h"

#include "base/file.h"
#include "base/log.h"
#include "base/store.h"
#include "cli/prompt.h"

#include <ctype.h>
#include <string.h>

#define LINE_MAX_BYTES 8190
#define FILE_MAX (64u << 10)
#define KEY_RUN 28 /* letters and digits in a row */
#define KEY_MIX 4  /* of each, at least */

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

int secret_check_short_name(const char *name, const char *what, struct err *e)
{
	if (store_good_name(span_of(name)))
		return 0;
	if (secret_check_name(name, what, e))
		return -1;
	return err_set(e, ERR_USAGE,
		       "%s is 1 to 64 of A-Z a-z 0-9 _ -, not \"%.40s\"", what,
		       name);
}
