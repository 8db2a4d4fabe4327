/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/note.h"

#include "base/nearest.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 1200 /* more than an error's message */

void notes_add(struct notes *n, bool grave, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	if (n->n == NOTES_MAX) {
		struct note *last = &n->list[NOTES_MAX - 1];

		free(last->text);
		last->text = xstrdup("there are more faults of this kind");
		last->grave |= grave;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_clean_str(text);
	n->list[n->n++] = (struct note){ xstrdup(text), grave, false };
}

void notes_unknown(struct notes *n, bool grave, const char *where,
		   struct json_object *o, const char *const *keys)
{
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, value)
	{
		const char *meant;

		(void)value;
		if (json_known(key, keys))
			continue;
		meant = nearest(key, keys);
		if (meant)
			notes_add(n, grave,
				  "%s: unknown key \"%.60s\": did you mean "
				  "\"%s\"?",
				  where, key, meant);
		else
			notes_add(n, grave, "%s: unknown key \"%.60s\"", where,
				  key);
		n->list[n->n - 1].key = true;
	}
}

void notes_release(struct notes *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->list[i].text);
	n->n = 0;
}

size_t notes_grave(const struct notes *n)
{
	size_t grave = 0;

	for (size_t i = 0; i < n->n; i++)
		grave += n->list[i].grave;
	return grave;
}
