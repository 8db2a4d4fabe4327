/* SPDX-License-Identifier: MIT */
/*
 * backend-edit: adds a backend, for the command and for the page: a provider
 * that is known by its name needs a key only; another one an address. What was
 * not named stays as the file has it. Errors name the flags of the command.
 */
#ifndef DARIO_BACKEND_EDIT_H
#define DARIO_BACKEND_EDIT_H

#include "base/buf.h"
#include "base/err.h"

#define BACKEND_NAME "a backend's name"

struct backend_ask {
	const char *home, *name;
	struct span key;           /* or empty */
	const char *env, *command; /* where else it is from, or NULL */
	const char *base_url, *protocol, *models; /* or NULL */
	struct buf *said; /* what people are told, in lines */
};

int backend_check_name(const char *name, struct err *e);
int backend_edit_add(const struct backend_ask *ask, struct err *e);

#endif
