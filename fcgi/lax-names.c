/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/lax-names.h"

#include "base/jwalk.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 160 /* of the longest, each letter with an escape */

static const char *const checked[] = {
	"model",
	"models",
	"max_tokens",
	"max_completion_tokens",
	"max_output_tokens",
	"max_tool_calls",
	"n",
	"service_tier",
	"speed",
	"inference_geo",
	"background",
	"tools",
	"fallbacks",
	"plugins",
	"web_search_options",
};

/* Nearly all names end here. */
static bool is_plain(struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if ((c >= 'A' && c <= 'Z') || c == '\\' || c >= 0x80)
			return false;
	}
	return true;
}

/* In small letters, with what folds to one of them. */
static struct span folded(struct arena *a, struct span key)
{
	struct span text = jwalk_text(a, (struct span){ key.p - 1, key.n + 2 });
	char *out = arena_take(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		struct span rest = span_skip(text, i);
		char c = text.p[i];

		if (span_starts(rest, "\xc5\xbf")) { /* U+017F */
			out[n++] = 's';
			i++;
		} else if (span_starts(rest, "\xe2\x84\xaa")) { /* U+212A */
			out[n++] = 'k';
			i += 2;
		} else {
			out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		}
	}
	return (struct span){ out, n };
}

static int lax(const char *name, struct err *e)
{
	err_set(e, ERR_BAD_REQUEST,
		"a member is %s but for its letters, and servers differ in how "
		"they read that: write %s",
		name, name);
	snprintf(e->param, sizeof(e->param), "%s", name);
	return -1;
}

int lax_names_check(struct arena *a, struct span body, struct err *e)
{
	struct jwalk w = jwalk_in(body);

	while (jwalk_next(&w)) {
		struct span name;

		if (is_plain(w.key) || w.key.n > NAME_MAX_BYTES)
			continue;
		name = folded(a, w.key);
		for (size_t i = 0; i < sizeof(checked) / sizeof(*checked); i++)
			if (span_is(name, checked[i]) &&
			    !jwalk_key_is(&w, checked[i]))
				return lax(checked[i], e);
	}
	return 0;
}
