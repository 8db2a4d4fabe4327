/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json.h"

#include "base/embed.h"
#include "base/file.h"
#include "base/json-keys.h"
#include "base/json-plain.h"
#include "base/json-tokener.h"
#include "base/nearest.h"
#include "base/store.h"
#include "base/vec.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what a tree costs --------------------------------------------------- */

/* Bytes of heap in json-c 0.16 on a 64-bit glibc, chunk headers and the slot
 * in the parent's list counted. Measured: {} 792, [] 152, 1 and true 72, 1.5
 * 104, "" 88, a key 32; each chunk of these can be 16 bytes larger. A table
 * takes 121 bytes a member when it has just been doubled. What is not said here
 * is counted as well (null, the first members of a table): an estimate may be
 * too high. */
enum {
	COST_OBJECT = 792 + 3 * 16,
	COST_ARRAY = 152 + 3 * 16,
	COST_STRING = 88 + 16, /* and its bytes; a key is one, too */
	COST_SCALAR = 104 + 2 * 16,
	COST_MEMBER = 64, /* and what its key and value cost */
};

/* What a byte outside of strings is; json-c takes {'key':1}, too. */
enum mark {
	SCALAR, /* part of a number or a word */
	BLANK,  /* also what separates */
	QUOTE,
	COLON,
	OPEN_OBJECT,
	OPEN_ARRAY,
	CLOSE,
};

static const unsigned char marks[256] = {
	[' '] = BLANK, ['\t'] = BLANK, ['\r'] = BLANK,      ['\n'] = BLANK,
	[','] = BLANK, ['"'] = QUOTE,  ['{'] = OPEN_OBJECT, ['['] = OPEN_ARRAY,
	[':'] = COLON, ['}'] = CLOSE,  [']'] = CLOSE,       ['\''] = QUOTE,
};

/* The quote that ends the string behind the one at p[-1], or `end`. */
static const char *string_end(const char *p, const char *end)
{
	const char *from = p, *q;

	while ((q = memchr(p, from[-1], (size_t)(end - p)))) {
		const char *slash = q;

		while (slash > from && slash[-1] == '\\')
			slash--;
		if ((q - slash) % 2 == 0)
			return q;
		from = p = q + 1;
	}
	return end;
}

static const char *scalar_end(const char *p, const char *end)
{
	while (p < end && marks[(unsigned char)*p] == SCALAR)
		p++;
	return p;
}

size_t json_cost(struct span text)
{
	const char *p = text.p, *end = p + text.n, *to;
	size_t cost = 0;
	int depth = 0;

	while (p < end && cost <= JSON_COST_MAX) {
		enum mark m = marks[(unsigned char)*p++];

		switch (m) {
		case BLANK:
			continue;
		case COLON:
			cost += COST_MEMBER;
			continue;
		case OPEN_OBJECT:
			cost += COST_OBJECT;
			depth++;
			continue;
		case OPEN_ARRAY:
			cost += COST_ARRAY;
			depth++;
			continue;
		case CLOSE:
			depth--;
			break;
		case SCALAR:
			to = scalar_end(p, end);
			cost += COST_SCALAR + (size_t)(to - p);
			p = to;
			break;
		case QUOTE:
			to = string_end(p, end);
			cost += COST_STRING + (size_t)(to - p);
			p = to < end ? to + 1 : end;
			break;
		}
		if (depth <= 0)
			break;
	}
	return cost;
}

struct counts {
	size_t quotes, colons, commas, objects, arrays;
};

#define COUNT_MAX (255 * VEC_BYTES) /* bytes that a vector can count */

/* Of a number of whole vectors, up to COUNT_MAX bytes. */
static void count_some(const char *p, size_t n, struct counts *c)
{
	vec_count quotes = { 0 }, colons = { 0 }, commas = { 0 };
	vec_count objects = { 0 }, arrays = { 0 };

	for (size_t i = 0; i < n; i += VEC_BYTES) {
		vec v = vec_at(p + i);

		quotes -= (vec_count)((v == '"') | (v == '\''));
		colons -= (vec_count)(v == ':');
		commas -= (vec_count)(v == ',');
		objects -= (vec_count)(v == '{');
		arrays -= (vec_count)(v == '[');
	}
	c->quotes += vec_sum(quotes);
	c->colons += vec_sum(colons);
	c->commas += vec_sum(commas);
	c->objects += vec_sum(objects);
	c->arrays += vec_sum(arrays);
}

#define ROUGH_MAX (1u << 20) /* bytes; a higher cost is counted exactly */

/* Never below json_cost for JSON: what stands inside of strings is counted as
 * if it stood outside. Some times faster than json_cost. */
static size_t rough_cost(struct span text)
{
	size_t whole = text.n - text.n % VEC_BYTES, n;
	char last[VEC_BYTES] = "";
	struct counts c = { 0 };

	for (size_t i = 0; i < whole; i += n) {
		n = whole - i < COUNT_MAX ? whole - i : COUNT_MAX;
		count_some(text.p + i, n, &c);
	}
	memcpy(last, text.p + whole, text.n - whole);
	count_some(last, sizeof(last), &c);
	return text.n + c.quotes * COST_STRING / 2 + c.colons * COST_MEMBER +
	       c.objects * COST_OBJECT + c.arrays * COST_ARRAY +
	       (c.colons + c.commas + c.arrays + 1) * COST_SCALAR;
}

/* What reading `text` holds: counted while it is read, and the tree as long as
 * it lives. Short texts are not counted. */
struct share {
	size_t tree, text;
};

/* Refuse what would cost too much, or more than there is. `first`: only the
 * value at the front will be read. */
static int afford(struct span text, bool first, struct share *s, struct err *e)
{
	size_t cost = text.n * JSON_COST_RATIO;

	*s = (struct share){ 0, 0 };
	if (cost <= MEMORY_SMALL)
		return 0;
	cost = first ? json_cost(text) : rough_cost(text);
	if (cost > ROUGH_MAX && !first)
		cost = json_cost(text);
	if (cost > JSON_COST_MAX)
		return err_set(e, ERR_TOO_BIG,
			       "JSON of %zu bytes has so many values that they "
			       "would take more than %u MiB of memory, which "
			       "is the most that one text gets",
			       text.n, JSON_COST_MAX >> 20);
	if (!memory_hold(cost + text.n))
		return err_memory(e);
	*s = (struct share){ cost, text.n };
	if (memory_for(cost + text.n))
		return 0;
	memory_let_go(cost + text.n);
	return err_memory(e);
}

static void tree_is_gone(struct json_object *o, void *cost)
{
	(void)o;
	memory_let_go((size_t)(uintptr_t)cost);
}

/* A number keeps its text where the share would stand, and is small. */
static void keep_share(struct json_object *o, const struct share *s)
{
	bool keeps = json_object_is_type(o, json_type_object) ||
		     json_object_is_type(o, json_type_array) ||
		     json_object_is_type(o, json_type_string);

	if (keeps && s->tree)
		json_object_set_userdata(o, (void *)(uintptr_t)s->tree,
					 tree_is_gone);
	memory_let_go(keeps ? s->text : s->text + s->tree);
}

/* --- reading ------------------------------------------------------------- */

/* The tokener would drop what it has no memory for and say nothing. It gathers
 * a string here before it copies it. */
static int reserve_string(struct json_tokener *t, size_t n)
{
	struct printbuf *pb = t->pb;
	char *p;

	if ((size_t)pb->size > n)
		return 0;
	p = memory_large(pb->buf, n + 1);
	if (!p)
		return -1;
	pb->buf = p;
	pb->size = (int)n + 1;
	return 0;
}

/* The value at the front of `text`, and where it ends. */
static struct json_object *parse_value(struct json_tokener *t, struct span text,
				       bool *located, size_t *end,
				       struct err *e)
{
	struct json_object *o;
	enum json_tokener_error je;

	*end = 0;
	if (text.n >= INT_MAX - 1) {
		err_set(e, ERR_TOO_BIG, "JSON text is too large");
		return NULL;
	}
	o = json_plain(text, located, end);
	if (located)
		*located = o;
	if (o)
		return o;
	if (!t || reserve_string(t, text.n)) {
		err_memory(e);
		return NULL;
	}
	errno = 0;
	if (embed_now()) {
		o = json_parse_keys(t, text, end);
	} else {
		o = json_tokener_parse_ex(t, text.p, (int)text.n);
		*end = json_tokener_get_parse_end(t);
	}
	je = json_tokener_get_error(t);
	if (errno == ENOMEM) {
		/* Members may be missing. */
		err_memory(e);
		json_object_put(o);
		return NULL;
	}
	if (je == json_tokener_success)
		return o;
	if (je == json_tokener_continue)
		err_set(e, ERR_BAD_REQUEST, "JSON text ends too early");
	else
		err_set(e, ERR_BAD_REQUEST, "not JSON at byte %zu: %s", *end,
			json_tokener_error_desc(je));
	return NULL;
}

static struct json_object *parse(struct json_tokener *t, struct span text,
				 const struct share *s, bool *located,
				 size_t *end, struct err *e)
{
	struct json_object *o = parse_value(t, text, located, end, e);

	keep_share(o, s);
	return o;
}

struct json_object *json_read_locating(struct span text, bool *located,
				       struct err *e)
{
	struct json_tokener *t;
	struct json_object *o;
	struct share s;
	size_t end;

	if (afford(text, false, &s, e))
		return NULL;
	t = json_own_tokener(0);
	o = parse(t, text, &s, located, &end, e);
	json_own_done(t);
	if (!o || !span_trim(span_skip(text, end)).n)
		return o;
	err_set(e, ERR_BAD_REQUEST,
		"not JSON at byte %zu: text follows the value", end);
	json_object_put(o);
	return NULL;
}

struct json_object *json_read(struct span text, struct err *e)
{
	return json_read_locating(text, NULL, e);
}

struct json_object *json_take(struct span *text, struct err *e)
{
	struct json_tokener *t;
	struct json_object *o;
	struct share s;
	size_t end;

	if (afford(*text, true, &s, e))
		return NULL;
	t = json_own_tokener(JSON_TOKENER_ALLOW_TRAILING_CHARS);
	o = parse(t, *text, &s, NULL, &end, e);
	json_own_done(t);
	*text = span_skip(*text, end);
	return o;
}

/* A file of ours that cannot be read is wrong, unless memory is short. */
static int unread_file(struct err *e, const char *name)
{
	if (e->code != ERR_MEMORY)
		e->code = ERR_CONFIG;
	return err_add(e, name);
}

int json_load(const char *home, const char *name, struct json_object **out,
	      struct err *e)
{
	struct buf text;
	int rc;

	*out = NULL;
	buf_init(&text, STORE_FILE_MAX);
	rc = store_read(home, name, &text, e);
	if (rc == 0) {
		*out = json_read(buf_get(&text), e);
		if (!*out) {
			rc = unread_file(e, name);
		}
	}
	buf_release(&text);
	return rc;
}

struct json_object *json_file(const char *path, struct err *e)
{
	struct json_object *o = NULL;
	struct buf text;

	buf_init(&text, JSON_FILE_MAX);
	if (file_read(path, &text, e) == 0) {
		o = json_read(buf_get(&text), e);
		if (!o)
			unread_file(e, path);
	}
	buf_release(&text);
	return o;
}

int json_load_object(const char *home, const char *name,
		     struct json_object **out, struct err *e)
{
	if (json_load(home, name, out, e) < 0)
		return -1;
	if (!*out)
		*out = json_object_new_object();
	if (json_object_is_type(*out, json_type_object))
		return 0;
	json_object_put(*out);
	*out = NULL;
	return err_set(e, ERR_CONFIG, "%s: not a JSON object", name);
}

#define FEW 12 /* members: to compare these takes less than to hash a key */

struct json_object *json_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;
	struct lh_table *t;

	if (!json_object_is_type(o, json_type_object))
		return NULL;
	t = json_object_get_object(o);
	if (lh_table_length(t) > FEW) {
		json_object_object_get_ex(o, key, &v);
		return v;
	}
	for (struct lh_entry *e = lh_table_head(t); e; e = lh_entry_next(e)) {
		const char *k = lh_entry_k(e);

		if (*k == *key && strcmp(k, key) == 0)
			return lh_entry_v(e);
	}
	return NULL;
}

struct span json_span(struct json_object *s)
{
	if (!json_object_is_type(s, json_type_string))
		return SPAN("");
	return (struct span){ json_object_get_string(s),
			      (size_t)json_object_get_string_len(s) };
}

const char *json_cstr(struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_string)
		     ? json_object_get_string(v)
		     : NULL;
}

#define WHOLE_MAX 9007199254740992.0 /* doubles are exact up to here */

/* 12.0 is 12: some programs know one kind of number only. */
static bool is_whole(struct json_object *v)
{
	double d;

	if (json_object_is_type(v, json_type_int))
		return true;
	if (!json_object_is_type(v, json_type_double))
		return false;
	d = json_object_get_double(v);
	return d >= -WHOLE_MAX && d <= WHOLE_MAX && trunc(d) == d;
}

static int64_t whole(struct json_object *v)
{
	return json_object_is_type(v, json_type_int)
		     ? json_object_get_int64(v)
		     : (int64_t)json_object_get_double(v);
}

int64_t json_int(struct json_object *o, const char *key, int64_t otherwise)
{
	struct json_object *v = json_get(o, key);

	return is_whole(v) ? whole(v) : otherwise;
}

static int64_t to_count(int64_t v)
{
	if (v < 0)
		return 0;
	return v < JSON_COUNT_MAX ? v : JSON_COUNT_MAX;
}

/* "12" is 12, too, where numbers are counted. */
static bool is_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n <= 18;
}

int64_t json_count(struct json_object *o, const char *key, int64_t otherwise)
{
	struct span s = json_str(o, key);

	if (is_digits(s))
		return to_count(strtoll(s.p, NULL, 10));
	return to_count(json_int(
		o, key, (int64_t)json_amount(o, key, (double)otherwise)));
}

int64_t json_count_at(struct json_object *list, size_t i)
{
	struct json_object *v = json_at(list, i);

	return is_whole(v) ? to_count(whole(v)) : 0;
}

bool json_flag(struct json_object *o, const char *key, bool otherwise)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_boolean)
		     ? json_object_get_boolean(v)
		     : otherwise;
}

double json_number(struct json_object *o, const char *key, double otherwise)
{
	struct json_object *v = json_get(o, key);
	double d;

	if (!json_object_is_type(v, json_type_double) &&
	    !json_object_is_type(v, json_type_int))
		return otherwise;
	d = json_object_get_double(v);
	return isfinite(d) ? d : otherwise;
}

double json_amount(struct json_object *o, const char *key, double otherwise)
{
	double d = json_number(o, key, -1);

	if (d < 0)
		return otherwise;
	return d < JSON_COUNT_MAX ? d : JSON_COUNT_MAX;
}

struct span json_str(struct json_object *o, const char *key)
{
	return json_span(json_get(o, key));
}

size_t json_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array)
		     ? json_object_array_length(list)
		     : 0;
}

struct json_object *json_at(struct json_object *list, size_t i)
{
	return i < json_length(list) ? json_object_array_get_idx(list, i)
				     : NULL;
}

struct span json_text(struct json_object *o)
{
	size_t n = 0;
	const char *p;

	errno = 0;
	p = json_object_to_json_string_length(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	/* Else the text may have holes. */
	return p && errno != ENOMEM ? (struct span){ p, n } : SPAN("");
}

struct span json_text_or(struct json_object *o, bool *full)
{
	struct span text = json_text(o);

	if (!text.n)
		*full = true;
	return text;
}

void json_set_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key,
			       value ? json_object_new_string(value) : NULL);
}

const char *json_pretty(struct json_object *o)
{
	const char *p;

	errno = 0;
	p = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			   JSON_C_TO_STRING_NOSLASHESCAPE);
	return errno == ENOMEM ? NULL : p;
}

bool json_known(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key))
		keys++;
	return *keys || *key == '_' || *key == '$';
}

int json_only(struct json_object *o, const char *const *keys, struct err *e)
{
	const char *meant;

	if (!json_object_is_type(o, json_type_object))
		return 0;
	json_object_object_foreach(o, key, value)
	{
		(void)value;
		if (json_known(key, keys))
			continue;
		meant = nearest(key, keys);
		err_set(e, ERR_CONFIG, "unknown key \"%.60s\"", key);
		if (meant)
			err_set(e, ERR_CONFIG,
				"unknown key \"%.60s\": did you mean "
				"\"%s\"?",
				key, meant);
		return -1;
	}
	return 0;
}

struct json_object *json_split(const char *list)
{
	struct json_object *out = json_object_new_array();
	struct span rest = span_of(list);

	while (rest.n) {
		struct span s = span_trim(span_cut(&rest, ','));

		if (s.n)
			json_object_array_add(
				out, json_object_new_string_len(s.p, (int)s.n));
	}
	return out;
}

/* What else is known of a value (json-source.h) is not true of its copy. */
static int copy_one(struct json_object *from, struct json_object *parent,
		    const char *key, size_t i, struct json_object **to)
{
	int rc = json_c_shallow_copy_default(from, parent, key, i, to);

	return rc == 1 && !json_object_is_type(from, json_type_double) ? 2 : rc;
}

struct json_object *json_copy(struct json_object *o)
{
	struct json_object *copy = NULL;

	json_object_deep_copy(o, &copy, copy_one);
	return copy;
}

struct span json_said(struct json_object *v, bool *full)
{
	if (!v || json_object_is_type(v, json_type_string))
		return json_span(v);
	return json_text_or(v, full);
}
