/* SPDX-License-Identifier: MIT */
/*
 * json-tokener: the reader of json-c, one for each thread, kept for the next
 * text. For json.c alone; json_unload (json.h) frees them all.
 */
#ifndef DARIO_JSON_TOKENER_H
#define DARIO_JSON_TOKENER_H

#include <json-c/json.h>

/* Strict, and with these flags; NULL without memory. */
struct json_tokener *json_own_tokener(int flags);
/* When the text has been read, or not; NULL is fine. */
void json_own_done(struct json_tokener *t);

#endif
