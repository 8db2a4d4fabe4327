/* SPDX-License-Identifier: MIT */
/*
 * json-plain: reads what nearly all JSON is, in a fifth of json-c's time.
 *
 * Objects and lists as RFC 8259 has them: UTF-8, numbers that are usual, keys
 * that are short and without escapes. Of anything else it says nothing: json-c
 * decides whether that is JSON, and what its fault is. What it takes, json-c
 * takes, and makes the same of it.
 */
#ifndef DARIO_JSON_PLAIN_H
#define DARIO_JSON_PLAIN_H

#include "base/buf.h"

#include <json-c/json.h>

/* The value at the front of `text`, and where it ends; NULL: ask json-c.
 * `locate`: the objects and lists in it have as their userdata where they
 * stand (json-source.h). */
struct json_object *json_plain(struct span text, bool locate, size_t *end);

#endif
