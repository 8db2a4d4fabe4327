/* SPDX-License-Identifier: MIT */
/*
 * doctor-web: which directive of which web server makes something work.
 */
#ifndef DARIO_DOCTOR_WEB_H
#define DARIO_DOCTOR_WEB_H

enum doctor_need {
	NEED_WORKER,  /* requests come to the worker at all */
	NEED_KEY,     /* Authorization comes along */
	NEED_METHODS, /* HEAD and OPTIONS do */
	NEED_BODY,    /* large bodies */
	NEED_CHUNKED, /* bodies of unknown length */
	NEED_STREAM,  /* answers go out as they come */
	NEED_LEAVE,   /* a client that leaves is noticed while words flow */
	NEED_SILENCE, /* and in a silence */
	NEED_WHOLE,   /* and while it waits for a whole answer */
	NEEDS
};

/* `software`: as the server calls itself; "" or NULL when it does not. */
const char *doctor_directive(const char *software, enum doctor_need need);

#endif
