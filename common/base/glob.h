/* SPDX-License-Identifier: MIT */
/*
 * glob: many patterns for one name, as fnmatch takes them.
 *
 * What a pattern needs and the name has not is seen at once, from a bit for
 * each byte; fnmatch sees what is left. Lists borrow their patterns. Immutable
 * once read.
 */
#ifndef DARIO_GLOB_H
#define DARIO_GLOB_H

#include "base/json.h"

struct glob {
	const char *pattern;
	uint64_t needs; /* bits of the bytes that stand in it */
};

struct globs {
	struct glob *list;
	size_t n;
};

struct glob_name {
	const char *text;
	uint64_t has; /* bits of its bytes */
};

struct glob_name glob_name(const char *name);
/* What a name must have for the pattern to match. */
uint64_t glob_needs(const char *pattern);

void globs_read(struct globs *g, struct json_object *patterns);
void globs_release(struct globs *g);
/* `flags` as of fnmatch. */
bool globs_match(const struct globs *g, struct glob_name name, int flags);

#endif
