/* SPDX-License-Identifier: MIT */
/* JSON: the list of values says what json-c's tree says, and takes the same
 * texts, but for what is told here. */
#include "config.h"

#include "base/json.h"
#include "base/jval.h"
#include "dialect/halves.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What only json-c takes: numbers like 00, 1. and -.1, keys in single
 * quotes. */
static bool is_odd(struct span s)
{
	if (memchr(s.p, '\'', s.n))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] == '0' && i + 1 < s.n &&
		     isdigit((unsigned char)s.p[i + 1])) ||
		    (s.p[i] == '.' && i && s.p[i - 1] == '-') ||
		    (s.p[i] == '.' &&
		     (i + 1 == s.n || !isdigit((unsigned char)s.p[i + 1]))))
			return true;
	return false;
}

/* What json-c refuses and is let in: a number above 2^64, bytes that are no
 * UTF-8 (the readers mend them), NUL. */
static bool is_let_in(struct span s)
{
	struct buf mended;
	size_t digits = 0;
	bool is;

	buf_init(&mended, 3 * s.n);
	is = memchr(s.p, '\0', s.n) || halves_mended(s, &mended).p != s.p;
	buf_release(&mended);
	for (size_t i = 0; i < s.n && !is; i++) {
		digits = isdigit((unsigned char)s.p[i]) ? digits + 1 : 0;
		is = digits > 18;
	}
	return is;
}

/* json-c makes U+FFFD of half a pair, and lets in some bytes that are no UTF-8:
 * that is mended in both. */
static void same_string(struct span mine, struct span theirs)
{
	struct buf a, b;

	buf_init(&a, 3 * mine.n);
	buf_init(&b, 3 * theirs.n);
	if (!span_eq(halves_mended(mine, &a), halves_mended(theirs, &b)))
		abort();
	buf_release(&a);
	buf_release(&b);
}

static void same_number(const struct jval *o, struct json_object *tree,
			const char *key)
{
	if (jval_int(o, key, -7) != json_int(tree, key, -7) ||
	    jval_count(o, key, 7) != json_count(tree, key, 7))
		abort();
}

static void same(const struct jval *v, struct json_object *tree);

static void same_items(const struct jval *v, struct json_object *tree)
{
	const struct jval *i = jval_items(v);
	size_t n = json_object_array_length(tree);

	if (jval_length(v) != n)
		abort();
	for (size_t k = 0; k < n; k++, i = jval_next(v, i))
		same(i, json_object_array_get_idx(tree, k));
	if (i)
		abort();
}

/* json-c's keys end at a NUL. */
static void same_members(const struct jval *v, struct json_object *tree)
{
	for (const struct jval *m = jval_members(v); m; m = jval_next(v, m))
		if (memchr(m->key.p, '\0', m->key.n) ||
		    memchr(m->key.p, 0xed, m->key.n))
			return;
	for (const struct jval *m = jval_members(v); m; m = jval_next(v, m)) {
		char *key = xstrndup(m->key.p, m->key.n);
		struct json_object *theirs;
		const struct jval *mine = jval_get(v, key);

		if (!json_object_object_get_ex(tree, key, &theirs))
			abort();
		if (mine)
			same(mine, theirs);
		else if (theirs)
			abort();
		same_number(v, tree, key);
		free(key);
	}
	json_object_object_foreach(tree, key, value)
	{
		if (value && !jval_get(v, key))
			abort();
	}
}

static void same(const struct jval *v, struct json_object *tree)
{
	switch (json_object_get_type(tree)) {
	case json_type_null:
		if (v->kind != JVAL_NULL)
			abort();
		break;
	case json_type_boolean:
		if (v->kind != JVAL_BOOL)
			abort();
		break;
	case json_type_int:
	case json_type_double:
		if (v->kind != JVAL_NUMBER)
			abort();
		break;
	case json_type_string:
		if (v->kind != JVAL_STRING)
			abort();
		same_string(v->text, json_span(tree));
		break;
	case json_type_array:
		same_items(v, tree);
		break;
	case json_type_object:
		same_members(v, tree);
		break;
	}
}

/* Written again it is JSON, and says the same. */
static void check_written(const struct jval *v)
{
	const struct jval *again;
	struct json_object *o;
	struct jdoc d;
	struct buf b, twice;
	struct jw w = jw_to(&b);
	struct err e;

	buf_init(&b, 1u << 24);
	buf_init(&twice, 1u << 24);
	jdoc_init(&d);
	jval_write(&w, v);
	buf_byte(&b, '\n');
	o = json_read(buf_get(&b), &e);
	again = jdoc_read(&d, buf_get(&b), &e);
	if (!again || (!o && v->kind >= JVAL_ARRAY && !is_let_in(buf_get(&b))))
		abort();
	w = jw_to(&twice);
	jval_write(&w, again);
	buf_byte(&twice, '\n');
	if (!span_eq(buf_get(&b), buf_get(&twice)))
		abort();
	json_object_put(o);
	jdoc_release(&d);
	buf_release(&twice);
	buf_release(&b);
}

static void compare(struct span text)
{
	struct json_object *tree;
	const struct jval *v;
	struct jdoc d;
	struct err e;

	tree = json_read(text, &e);
	jdoc_init(&d);
	v = jdoc_read(&d, text, &e);
	if (v && tree)
		same(v, tree);
	else if (v ? v->kind >= JVAL_ARRAY && !is_let_in(text)
		   : tree && !is_odd(text))
		abort(); /* json-c waits for more of some words alone */
	if (v)
		check_written(v);
	jdoc_release(&d);
	json_object_put(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf text;

	buf_init(&text, n + 1);
	buf_add(&text, data, n);
	buf_byte(&text, '\n'); /* json-c waits for more of a word alone */
	compare(buf_get(&text));
	buf_release(&text);
	return 0;
}
