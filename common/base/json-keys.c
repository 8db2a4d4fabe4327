/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json-keys.h"

#include <errno.h>

/* Behind the next colon outside of strings, or the end. */
static const char *key_end(const char *p, const char *end)
{
	char quote = '\0';

	for (; p < end; p++) {
		if (quote && *p == '\\')
			p++;
		else if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == ':')
			return p + 1;
	}
	return end;
}

struct json_object *json_parse_keys(struct json_tokener *t, struct span text,
				    size_t *end)
{
	const char *p = text.p, *stop = text.p + text.n, *to;
	struct json_object *o;

	do {
		to = key_end(p, stop);
		o = json_tokener_parse_ex(t, p, (int)(to - p));
		*end = (size_t)(p - text.p) + json_tokener_get_parse_end(t);
		if (json_tokener_get_error(t) != json_tokener_continue ||
		    errno == ENOMEM) /* the next number would forget it */
			return o;
		if (to < stop && !t->stack[t->depth].obj_field_name) {
			errno = ENOMEM;
			return NULL;
		}
		p = to;
	} while (p < stop);
	return o;
}
