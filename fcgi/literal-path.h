/* SPDX-License-Identifier: MIT */
/*
 * literal-path: the path of a request as its client wrote it.
 *
 * Web servers decode a path and take its dots away before they hand it on;
 * REQUEST_URI has it as it was. Both must say the same, or the path would be
 * checked by one reading and used by another; a path that could climb out of
 * the place that it is put behind is refused, however it is written.
 */
#ifndef DARIO_LITERAL_PATH_H
#define DARIO_LITERAL_PATH_H

#include "fcgi/request.h"

/* Below the router's prefix, with a leading slash, without the query; NULL with
 * an error. */
const char *literal_path(const struct request *r, struct err *e);
/* The same of a path that is made of decoded text. */
const char *literal_path_of(const struct request *r, const char *text,
			    struct err *e);

#endif
