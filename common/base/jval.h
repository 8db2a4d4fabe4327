/* SPDX-License-Identifier: MIT */
/*
 * jval: JSON text as one flat list of values, for text that is read once.
 *
 * It takes JSON (RFC 8259), bytes that are no UTF-8 in its strings, and NaN and
 * Infinity. A value is an entry of a list whose memory is kept from text to
 * text, which costs a tenth of a tree. As with json.h a member of the wrong
 * type and null are absent, and of members with one name the last counts. Half
 * of a pair of \u escapes becomes three bytes that are no UTF-8 (halves.h);
 * what writes strings has to look (jw.h does).
 *
 * Values borrow from the jdoc and from the text, and die with either of them
 * and with the next text that is read. The getters take NULL. Not thread-safe.
 */
#ifndef DARIO_JVAL_H
#define DARIO_JVAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/jw.h"

#include <stdint.h>
#include <string.h>

#define JDOC_DEPTH 128
/* More values than fit are refused with ERR_TOO_BIG. */
#define JDOC_MAX (96u << 20) /* bytes of memory */

enum jval_kind {
	JVAL_NULL,
	JVAL_BOOL,
	JVAL_NUMBER, /* NaN and Infinity, too */
	JVAL_STRING,
	JVAL_ARRAY,
	JVAL_OBJECT,
};

struct jval {
	struct span key;  /* of a member */
	struct span text; /* what a string says; else as written */
	uint32_t count;   /* entries of the list: it and all that is in it */
	enum jval_kind kind : 8;
	uint32_t names : 24; /* of an object's members: see jval_name_bit */
};

struct jdoc {
	struct jval *list;
	size_t cap;         /* entries */
	struct buf strings; /* those that have escapes */
	/* For jdoc_read_next: a copy of the text that the list is of, and where
	 * that stood; or empty. */
	struct buf last;
	const char *last_at;
};

void jdoc_init(struct jdoc *d);
void jdoc_release(struct jdoc *d);
/* NULL on failure: ERR_BAD_REQUEST, ERR_TOO_BIG, ERR_MEMORY. */
const struct jval *jdoc_read(struct jdoc *d, struct span text, struct err *e);
/* The same, for events of a stream, of which most differ from the one before in
 * one string: that costs a tenth of reading it. */
const struct jval *jdoc_read_next(struct jdoc *d, struct span text,
				  struct err *e);
/* The value at the front of `text`, which goes on behind it. */
const struct jval *jdoc_take(struct jdoc *d, struct span *text, struct err *e);

static inline bool jval_is(const struct jval *v, enum jval_kind kind)
{
	return v && v->kind == kind;
}

/* The first item of an array, the first member of an object, and what follows
 * it there; null is a value here. NULL: there is none. */
const struct jval *jval_items(const struct jval *array);
const struct jval *jval_members(const struct jval *object);
const struct jval *jval_next(const struct jval *in, const struct jval *v);
size_t jval_length(const struct jval *list); /* 0 when it is no array */
const struct jval *jval_at(const struct jval *list, size_t i);

/* One of 24: a member whose bit the object does not have is not there. For a
 * name that is written in the source the compiler knows it. */
static inline uint32_t jval_name_bit(const char *name, size_t n)
{
	unsigned mixed = (unsigned)n;

	if (n)
		mixed += 5u * (unsigned char)name[0] +
			 3u * (unsigned char)name[n - 1];
	return UINT32_C(1) << (mixed % 24);
}

/* NULL when it is absent or null. */
const struct jval *jval_find(const struct jval *o, struct span key);
static inline const struct jval *jval_get(const struct jval *o, const char *key)
{
	size_t n = strlen(key);

	return o && o->names & jval_name_bit(key, n)
		     ? jval_find(o, (struct span){ key, n })
		     : NULL;
}

/* What the escape at the front of s says; its length, 0: it is none. */
size_t jval_unescape(struct span s, struct buf *out);

struct span jval_text(const struct jval *string); /* empty if no string */
static inline struct span jval_str(const struct jval *o, const char *key)
{
	return jval_text(jval_get(o, key));
}
/* As json_number, json_int and json_count of json.h. */
double jval_number_of(const struct jval *v, double otherwise);
int64_t jval_int_of(const struct jval *v, int64_t otherwise);
int64_t jval_count_of(const struct jval *v, int64_t otherwise);
static inline double jval_number(const struct jval *o, const char *key,
				 double otherwise)
{
	return jval_number_of(jval_get(o, key), otherwise);
}

static inline int64_t jval_int(const struct jval *o, const char *key,
			       int64_t otherwise)
{
	return jval_int_of(jval_get(o, key), otherwise);
}

static inline int64_t jval_count(const struct jval *o, const char *key,
				 int64_t otherwise)
{
	return jval_count_of(jval_get(o, key), otherwise);
}

/* As JSON, without blanks. */
void jval_write(struct jw *w, const struct jval *v);
/* What stands where a string should: the string, or any other value as it is
 * written, without blanks. */
struct span jval_said(struct arena *a, const struct jval *v);

#endif
