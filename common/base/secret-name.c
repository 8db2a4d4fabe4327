/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/secret-name.h"

#include "base/log.h"
#include "base/store.h"

#include <ctype.h>

#define KEY_RUN 28 /* letters and digits in a row */
#define KEY_MIX 4  /* of each, at least */

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
