/* SPDX-License-Identifier: MIT */
/*
 * late-model: the model of a form that stands behind what streams through
 * already, under the name that it has at its backend.
 *
 * The rest of the body is read here in the place of request_rest_of_body. A
 * value is kept back until it is whole; then `name` says what to write. What is
 * shorter leaves bytes of the announced length over: they follow the end of the
 * form, where nobody reads (RFC 2046, 5.1.1). What is longer has no room, and
 * is an error that says so.
 */
#ifndef DARIO_LATE_MODEL_H
#define DARIO_LATE_MODEL_H

#include "dialect/form.h"
#include "fcgi/request.h"

/* The name at the backend, or `model` itself. */
typedef const char *late_model_fn(void *arg, const char *model);

struct late_model {
	struct request *r;
	struct form *form; /* fed so far; inside no model */
	late_model_fn *name;
	void *arg;
	bool fixed; /* the length was announced */
	/* private: zero at first, but for the buffers */
	struct buf out, kept;
	size_t at, pad;
};

void late_model_init(struct late_model *l);
void late_model_release(struct late_model *l);
long late_model_read(struct late_model *l, char *p, size_t n, struct err *e);

#endif
