/* SPDX-License-Identifier: MIT */
/*
 * providers: share/providers.json, the habits of known providers.
 *
 *	{"name":"Moonshot","baseUrl":["https://api.moonshot.ai*"],
 *	 "models":["*kimi*"],"set":{"reasoningContent":true}}
 *
 * `set` holds members of a backend's file. A row is found by the base URL, the
 * first that matches; and where the base URL says nothing of who answers, since
 * it is not known or its row is a `router`, by the model's name: then every row
 * counts that matches. `behind` stands in for `set` there, and `dialect`
 * restricts a row to one. `always` rows count by the model's name everywhere.
 * Immutable once loaded.
 *
 * For `dario backend add ID` a row has an `id`, its `url` (or `form`, the way
 * it is written where each customer has another), and `keys`, the page where a
 * key is got; `local` ones need none; `aliases` are other names that people
 * have for it. What a word of a `form` stands for is said in `placeholders`,
 * with others that are usual. For `dario setup` there are `keyEnv`, the
 * variables that usually have its key, `urlEnv`, those that have its address,
 * and `litellm`, what LiteLLM calls it.
 */
#ifndef DARIO_PROVIDERS_H
#define DARIO_PROVIDERS_H

#include "dialect/chat.h"
#include "state/config/backend.h"

struct providers;

struct providers *providers_load(struct err *e);
void providers_free(struct providers *p); /* NULL is fine */

/* What the base URL tells, where the backend's file is silent. */
void providers_fill(const struct providers *p, struct backend *b);
/* A backend's switches for one model. */
struct quirks providers_quirks(const struct providers *p,
			       const struct backend *b, enum dialect_id dialect,
			       const char *model);

/* The first of the rows of providers.json that knows the base URL, or NULL. */
struct json_object *providers_row(struct json_object *rows,
				  const char *base_url);
/* The members that a provider's base URL calls for, or NULL; json_object_put
 * it. */
struct json_object *providers_find(const char *base_url, struct err *e);
/* Where that provider has its API by the row, or ""; into out[n]. */
void providers_url(const char *base_url, char *out, size_t n);
/* The row of that id or alias, in any case, or NULL; json_object_put it. */
struct json_object *providers_named(const char *name, struct err *e);
/* The id that is nearest to a name which is none; false: none is near. */
bool providers_meant(const char *name, char *out, size_t n);
/* {"REGION":"the region, such as us-east-1"}; json_object_put it. */
struct json_object *providers_placeholders(struct err *e);
/* All ids: "openai, anthropic". */
void providers_ids(struct buf *out);

#endif
