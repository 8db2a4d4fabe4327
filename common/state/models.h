/* SPDX-License-Identifier: MIT */
/*
 * models: share/models.json, what the families of models can do. Rows are
 * matched by glob, the first one wins. Immutable once loaded.
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

/* The switches of a backend, from the members of its file. */
int quirks_parse(struct quirks *q, struct json_object *file, struct err *e);
/* Their names: puts at most `max` and gives how many. */
size_t quirks_keys(const char **out, size_t max);

/* share/providers.json: the members that a provider's base URL calls for, or
 * NULL; json_object_put it. */
struct json_object *providers_find(const char *base_url, struct err *e);

#endif
