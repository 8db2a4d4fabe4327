/* SPDX-License-Identifier: MIT */
/*
 * passage: what of a request goes to its backend literally.
 *
 * serve-pass.c makes one for an endpoint that is no model's dialogue: its own
 * method, path, query and body reach the backend as they came, but for the
 * credential and a model's name that had to change; the answer comes back as
 * it is. Of a body that is larger than PASSAGE_HELD the beginning is held, the
 * rest streams through and is never there as a whole: once a byte of such a
 * body went upstream nothing is sent again, to nobody, and no fallback follows.
 */
#ifndef DARIO_PASSAGE_H
#define DARIO_PASSAGE_H

#include "dialect/dialect.h"
#include "dialect/form.h"
#include "fcgi/request.h"

#define PASSAGE_HELD (1u << 20) /* bytes of a body */

struct passage {
	const char *path; /* below the API's base, as the client wrote it */
	const char *type; /* of the body; NULL: none */
	bool to;          /* the path goes on from the base URL itself */
	enum dialect_id dialect; /* whose endpoint; of `to`: of the backend */
	bool rest;               /* of the body is still with the client */
	int64_t rest_n;          /* bytes of it; -1: not known */
	bool json;               /* the body is, and was read */
	struct form *form;       /* it is a form that is read; or NULL */
	struct late_model *late; /* its model is still to come; or NULL */
};

#endif
