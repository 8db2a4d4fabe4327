/* SPDX-License-Identifier: MIT */
/*
 * json: json-c with our limits.
 *
 * Reads JSON that is small and must be understood: our own files, and request
 * bodies that are translated. The getters borrow from the object and treat a
 * member of the wrong type as absent. An object belongs to one thread.
 */
#ifndef DARIO_JSON_H
#define DARIO_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <json-c/json.h>
#include <stdint.h>

#define JSON_DEPTH 128

/* A tree costs up to JSON_COST_RATIO times its text ("{}," is the worst), so
 * it is counted before it is made: what would pass JSON_COST_MAX is refused
 * with ERR_TOO_BIG. 64 MiB in a few long strings pass, and so do 60,000 short
 * messages. */
#define JSON_COST_MAX (96u << 20) /* bytes of memory */
#define JSON_COST_RATIO 288

/* At least the memory that the tree of the value at the front of `text` holds;
 * beyond JSON_COST_MAX the count may end early. The text need not be JSON. */
size_t json_cost(struct span text);

/* NULL on failure: ERR_BAD_REQUEST, ERR_TOO_BIG, ERR_MEMORY. Free with
 * json_object_put. */
struct json_object *json_read(struct span text, struct err *e);
/* The same for json-source.h, whose work is mostly done on the way: then it
 * sets *located. */
struct json_object *json_read_locating(struct span text, bool *located,
				       struct err *e);
/* The value at the front of `text`, which goes on behind it, or at the byte at
 * fault. */
struct json_object *json_take(struct span *text, struct err *e);
#define JSON_FILE_MAX (1u << 20) /* bytes */
struct json_object *json_file(const char *path, struct err *e);

/* A file of ours (store.h): 0 and *out, 1 absent (*out NULL), -1. */
int json_load(const char *home, const char *name, struct json_object **out,
	      struct err *e);

/* The same for a file that must hold an object; a new one when it is absent. */
int json_load_object(const char *home, const char *name,
		     struct json_object **out, struct err *e);

/* Before the code is unloaded: what threads keep for the next text goes. No
 * other thread may be reading. */
void json_unload(void);

struct json_object *json_get(struct json_object *o, const char *key);
const char *json_cstr(struct json_object *o, const char *key); /* or NULL */
struct span json_span(struct json_object *string); /* empty if no string */
/* 12.0 is 12; what has a fraction is none. */
int64_t json_int(struct json_object *o, const char *key, int64_t otherwise);
/* A counter from outside: 0 to JSON_COUNT_MAX, so that sums cannot overflow.
 * Fractions are cut off; "12" is taken as well. */
#define JSON_COUNT_MAX 1000000000000000
int64_t json_count(struct json_object *o, const char *key, int64_t otherwise);
int64_t json_count_at(struct json_object *list, size_t i); /* or 0 */
bool json_flag(struct json_object *o, const char *key, bool otherwise);

/* Finite; 1e999 is none. */
double json_number(struct json_object *o, const char *key, double otherwise);
/* A share or a sum from outside: 0 to JSON_COUNT_MAX, or `otherwise`. */
double json_amount(struct json_object *o, const char *key, double otherwise);
struct span json_str(struct json_object *o, const char *key); /* or empty */
size_t json_length(struct json_object *list); /* 0 when it is no list */
struct json_object *json_at(struct json_object *list, size_t i); /* or NULL */
/* Compact; borrowed from o. Empty when there was no memory for it. */
struct span json_text(struct json_object *o);
struct span json_text_or(struct json_object *o, bool *full); /* set if so */

/* A copy of all of it; NULL when there is no memory. */
struct json_object *json_copy(struct json_object *o);

/* What stands where a string should: the string, or any other value as JSON. */
struct span json_said(struct json_object *v, bool *full);

/* Is it among `keys` (NULL at the end)? Names that begin with "_" or "$" are
 * notes of people and editors, and always known. */
bool json_known(const char *key, const char *const *keys);
/* Has `o` known members only? The error names the first other one, and the key
 * that is probably meant. */
int json_only(struct json_object *o, const char *const *keys, struct err *e);

/* "a, b,c" as a list of strings; json_object_put it. */
struct json_object *json_split(const char *list);
void json_set_str(struct json_object *o, const char *key, const char *value);
/* Pretty text; borrowed from o. NULL when there was no memory for it. */
const char *json_pretty(struct json_object *o);

#endif
