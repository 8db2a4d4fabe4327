/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/glob.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>

/* The same for a letter of either case; two bytes may share one. */
static uint64_t bit_of(char c)
{
	return (uint64_t)1 << (tolower((unsigned char)c) & 63);
}

struct glob_name glob_name(const char *name)
{
	struct glob_name n = { name, 0 };

	for (; *name; name++)
		n.has |= bit_of(*name);
	return n;
}

/* Up to where it is no longer plain what stands for itself. */
uint64_t glob_needs(const char *pattern)
{
	uint64_t needs = 0;

	for (; *pattern && *pattern != '[' && *pattern != '\\'; pattern++)
		if (*pattern != '*' && *pattern != '?')
			needs |= bit_of(*pattern);
	return needs;
}

void globs_read(struct globs *g, struct json_object *patterns)
{
	g->n = 0;
	g->list = xcalloc(json_length(patterns), sizeof(*g->list));
	for (size_t i = 0; i < json_length(patterns); i++) {
		const char *p = json_span(json_at(patterns, i)).p;

		g->list[g->n++] = (struct glob){ p, glob_needs(p) };
	}
}

void globs_release(struct globs *g)
{
	free(g->list);
	g->list = NULL;
	g->n = 0;
}

bool globs_match(const struct globs *g, struct glob_name name, int flags)
{
	for (size_t i = 0; i < g->n; i++)
		if (!(g->list[i].needs & ~name.has) &&
		    fnmatch(g->list[i].pattern, name.text, flags) == 0)
			return true;
	return false;
}
