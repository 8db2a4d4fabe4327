/* SPDX-License-Identifier: MIT */
/*
 * model-list: a provider's list of models, as one that we keep.
 *
 * Providers put it under "data" or "models", or send a bare list; a model is an
 * object or its name alone, and the size of its context has a dozen names. What
 * becomes of it is JSON:
 *
 *	[{"id":"m","display_name":"M","created":86400,
 *	  "max_input_tokens":131072,"aliases":["m-latest"]}]
 *
 * with only the members that are known. A model is listed once; one whose name
 * no request could carry is left out. Pure.
 */
#ifndef DARIO_MODEL_LIST_H
#define DARIO_MODEL_LIST_H

#include "base/buf.h"

#define MODEL_LIST_MAX 8192 /* models of one list */
#define MODEL_NAME_MAX 256  /* bytes: no longer one can be asked for */

/* How many there are, or -1 when `body` is no list of models. *out is never
 * cut: what does not fit into it is left out. */
int model_list_read(struct span body, struct buf *out);

#endif
