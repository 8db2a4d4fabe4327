/* SPDX-License-Identifier: MIT */
/*
 * json-keys: json-c's tokener for who must not end for lack of memory.
 *
 * The tokener looks into a key that it had no memory for. Here it gets the text
 * key by key, and each key is looked at before its value. What is missing
 * otherwise is ENOMEM, too; errno is 0 before.
 */
#ifndef DARIO_JSON_KEYS_H
#define DARIO_JSON_KEYS_H

#include "base/json.h"

/* As json_tokener_parse_ex; *end is where it has ended. */
struct json_object *json_parse_keys(struct json_tokener *t, struct span text,
				    size_t *end);

#endif
