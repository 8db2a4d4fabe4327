/* SPDX-License-Identifier: MIT */
/*
 * models: share/models.json, what the families of models can do (`families`),
 * and of the others how much they can write (`outputs`). Rows are matched by
 * glob, the first one wins. Immutable once loaded.
 */
#ifndef DARIO_MODELS_H
#define DARIO_MODELS_H

#include "dialect/chat.h"

struct models;

struct models *models_load(struct err *e);
void models_free(struct models *m);
/* Names to show when a provider cannot be asked: a list, borrowed. */
struct json_object *models_baked(const struct models *m, enum dialect_id d);
struct family models_family(const struct models *m, const char *model);
/* Tokens that it can write; 0: not known. */
int64_t models_max_output(const struct models *m, const char *model);

#endif
