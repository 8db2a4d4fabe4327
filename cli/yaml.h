/* SPDX-License-Identifier: MIT */
/*
 * yaml: a YAML text as a JSON tree, for other programs' files.
 *
 * All scalars are strings, as they are written; a plain "null", "~" or nothing
 * is null. Aliases and merge keys (<<) are what they stand for. The first
 * document counts. Depth, nodes and the text's size have limits; ERR_CONFIG
 * names the line.
 */
#ifndef DARIO_YAML_H
#define DARIO_YAML_H

#include "base/json.h"

/* json_object_put it; NULL with an error, or for an empty text. */
struct json_object *yaml_read(struct span text, struct err *e);

#endif
