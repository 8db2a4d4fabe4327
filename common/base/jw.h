/* SPDX-License-Identifier: MIT */
/*
 * jw: writes JSON straight into a buf, without a tree.
 *
 * The caller opens and closes in order; commas are put in by the writer.
 * Strings may hold any bytes: what is not UTF-8 becomes U+FFFD, so the result
 * is always valid JSON text on a single line. Overflow shows as out->full.
 */
#ifndef DARIO_JW_H
#define DARIO_JW_H

#include "base/buf.h"

#include <stdint.h>

struct jw {
	struct buf *out;
	bool comma; /* a value stands before the next one */
};

struct jw jw_to(struct buf *out);
void jw_obj(struct jw *w);
void jw_obj_end(struct jw *w);
void jw_arr(struct jw *w);
void jw_arr_end(struct jw *w);
void jw_name(struct jw *w, struct span name); /* a key of any bytes */
void jw_str(struct jw *w, struct span s);
void jw_int(struct jw *w, int64_t v);
void jw_double(struct jw *w, double v); /* finite */
void jw_null(struct jw *w);
/* A whole JSON value; empty: there was no memory for it (json_text). */
void jw_raw(struct jw *w, struct span json);

void jw_bool(struct jw *w, bool v);

/* A key that is written in our source, as most are: plain ASCII without quotes
 * and backslashes. It is not looked at, and the compiler knows its length. */
void jw_plain_key(struct jw *w, const char *key, size_t n);
static inline void jw_key(struct jw *w, const char *key)
{
	jw_plain_key(w, key, strlen(key));
}

/* Such a key and its value in one call. */
static inline void jw_kstr(struct jw *w, const char *key, struct span s)
{
	jw_key(w, key);
	jw_str(w, s);
}

static inline void jw_kcstr(struct jw *w, const char *key, const char *s)
{
	jw_key(w, key);
	if (s)
		jw_str(w, span_of(s));
	else
		jw_null(w);
}

static inline void jw_kint(struct jw *w, const char *key, int64_t v)
{
	jw_key(w, key);
	jw_int(w, v);
}

static inline void jw_kbool(struct jw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

static inline void jw_knull(struct jw *w, const char *key)
{
	jw_key(w, key);
	jw_null(w);
}

/* The inside of a JSON string, without the quotes. */
void jw_escape(struct buf *out, struct span s);

#endif
