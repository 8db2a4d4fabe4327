/* SPDX-License-Identifier: MIT */
/*
 * reply: writes the answer to the client.
 *
 * Add header fields, send the head once, then write and flush; or use one of
 * the whole answers. -1 means that the client is gone. Values of header
 * fields are cut at the first control character but a tab. What tells a browser
 * which pages may use an answer is added to every head.
 */
#ifndef DARIO_REPLY_H
#define DARIO_REPLY_H

#include "fcgi/request.h"

void reply_field(struct request *r, const char *name, struct span value);
void reply_int_field(struct request *r, const char *name, int64_t v);
/* With two places. */
void reply_share_field(struct request *r, const char *name, double share);
void reply_length(struct request *r, size_t n); /* Content-Length */
int reply_head(struct request *r, int status);
int reply_write(struct request *r, struct span bytes);
int reply_flush(struct request *r);
int reply_gone(struct err *e); /* the client left: always -1 */

/* Fields that every event stream gets, beside Cache-Control. */
void reply_stream_fields(struct request *r);

int reply_json(struct request *r, int status, struct span json);
/* JSON that people look at, some of it foreign, as escapes. It was written
 * freely: an error when the buf is full. */
int reply_shown(struct request *r, int status, const struct buf *json,
		struct err *e);
int reply_text(struct request *r, const char *type, struct span text);
/* A page for people: no scripts, nothing from elsewhere, not kept. */
int reply_page(struct request *r, int status, struct span html);
/* The same with a form, which goes to this router alone. */
int reply_form(struct request *r, int status, struct span html);
/* The error in the caller's dialect, one of ours also as x-dario-error; inside
 * the stream once that has begun. */
void reply_error(struct request *r, const struct err *error);
/* A model that is not known may be what an edit brings that was refused: then
 * that is the error, with the file and the place. */
void reply_check_broken(const struct request *r, struct err *e);

#endif
