/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/caller.h"

#include "base/digest.h"
#include "base/jval.h"

#include <string.h>

#define HASH_BYTES 13 /* hex digits and a NUL */

/* As the versions of Claude Code have it: user_..._session_..., and JSON. */
static struct span without_session(struct span name)
{
	static const char *const marks[] = { "_session_", "\"session_id\"" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t n = strlen(marks[i]);
		const char *at = memmem(name.p, name.n, marks[i], n);

		if (at)
			return (struct span){ name.p, (size_t)(at - name.p) };
	}
	return name;
}

/* The value stands in a body that is known to be JSON. */
static const struct jval *value_at(const struct request *r,
				   const struct peek *k, struct jdoc *d,
				   enum peek_place place)
{
	struct span rest = buf_get(&r->body);
	struct err unused;

	if (!k->places[place])
		return NULL;
	rest = span_skip(rest, k->places[place]);
	return jdoc_take(d, &rest, &unused);
}

const char *caller_user(const struct request *r, const struct peek *k)
{
	const struct jval *v;
	struct span name = { 0 };
	char *hash = NULL;
	struct jdoc d;

	if (!k->places[PEEK_USER] && !k->places[PEEK_METADATA])
		return NULL;
	jdoc_init(&d);
	v = value_at(r, k, &d, PEEK_USER);
	if (v)
		name = jval_text(v);
	v = name.n ? NULL : value_at(r, k, &d, PEEK_METADATA);
	if (v)
		name = jval_str(v, "user_id");
	if (name.n) {
		hash = arena_take(r->arena, HASH_BYTES);
		digest_hex(without_session(name), hash, HASH_BYTES);
	}
	jdoc_release(&d);
	return hash;
}
