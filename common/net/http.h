/* SPDX-License-Identifier: MIT */
/*
 * http: the HTTP client, on libcurl, which lives only here.
 *
 * http_run makes one request and returns when the answer is complete, failed,
 * or not wanted any more. In a task of the loop (base/task.h) it puts the task
 * aside meanwhile; elsewhere it runs the loop. Its callbacks run in that task:
 * while one of them waits, the upstream waits too.
 *
 * Redirects are never followed, nothing for loopback goes through a proxy,
 * certificates are always verified, and the body arrives decoded. A request is
 * sent once; on a fresh connection once more, when a kept one was closed before
 * the upstream can have worked on it. Connections are kept; the oldest
 * is used first, so that few stay busy instead of many going stale. A body need
 * not be there as a whole: what on_send brings is sent as it comes, on a fresh
 * connection and never twice. One struct http serves one loop. Times are
 * milliseconds.
 */
#ifndef DARIO_HTTP_H
#define DARIO_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#include <stdint.h>

#define HTTP_HEADERS_MAX 128      /* request header fields of one call */
#define HTTP_FIELDS_MAX 256       /* fields of one answer */
#define HTTP_HEAD_MAX (32u << 10) /* bytes of one answer's header fields */
#define HTTP_LATER (-2)           /* of on_send: nothing has come yet */

#define HTTP_NO_TLS "does not speak TLS" /* in a message with ERR_TLS */

struct http;
/* Versions of libcurl and of its TLS library, such as "7.88.1, OpenSSL/3.0". */
void http_version(char *out, size_t n);
/* NULL: a loop of its own, which may fail. `kept`: idle connections, at most.
 * libcurl gets ready with the first call. */
struct http *http_new(struct loop *l, long kept);
void http_free(struct http *h); /* NULL is fine; no call may be running */
/* After many calls at a time: keep what few need. True when that was something
 * worth giving back. */
bool http_trim(struct http *h);

/* For several calls at a time, each in a task. */
struct loop *http_loop(const struct http *h);

/* The answer's status and header fields; borrowed for one callback. */
struct http_head {
	int status;
	struct span fields; /* raw lines */
};

struct span http_field(const struct http_head *head, const char *name);
/* Of n names, which are in lower case, in one walk: {NULL, 0} where there is
 * none. */
void http_fields(const struct http_head *head, const char *const *names,
		 size_t n, struct span *values);
/* Walk: start with *at = 0; false at the end. */
bool http_next_field(const struct http_head *head, size_t *at,
		     struct span *name, struct span *value);

/* From the start of the call until each was there; 0: not come to that. */
struct http_times {
	long name, tcp, tls, first_byte;
};

struct http_call {
	const char *method;
	const char *url;
	const char *headers[HTTP_HEADERS_MAX]; /* "Name: value" */
	size_t n_headers;
	struct span body; /* or its beginning: see on_send */
	int64_t length;   /* with on_send, of all; -1: not known */
	bool stream;      /* the answer comes bit by bit, and takes its time */
	long connect_ms, first_byte_ms, idle_ms;
	/* NULL: as the environment says, and none to loopback; "": none. */
	const char *proxy;
	const char *ca_file; /* of certificates to trust, or NULL: the usual */

	/* Callbacks; a -1 with *e filled ends the call with that error. */
	void *arg;
	int (*on_head)(void *arg, const struct http_head *head, struct err *e);
	int (*on_body)(void *arg, struct span bytes, struct err *e);
	/* What was read has been handed over: the moment to flush. Not `more`:
	 * it was the last, the call has come to its end as it should. */
	int (*on_flush)(void *arg, bool more, struct err *e);
	/* Has the client left? Whoever sees it wakes the task. */
	bool (*on_gone)(void *arg);
	/* Called before each wait; *wait is how long it may last, at most. */
	int (*on_tick)(void *arg, long *wait, struct err *e);
	/* NULL, or what follows `body`: up to n bytes of it at p. 0: that was
	 * all; HTTP_LATER: whoever brings more wakes the task. */
	long (*on_send)(void *arg, char *p, size_t n, struct err *e);

	bool sent;     /* out, with on_send: it cannot be made anew */
	bool enough;   /* set by a callback: the rest is not needed */
	bool answered; /* out: the head has arrived */
	bool worked;   /* out: it failed, but the upstream had the time */
	struct http_times times; /* out */
};

/* 0 when the answer is complete as HTTP frames it. */
int http_run(struct http *h, struct http_call *c, struct err *e);

/* An absolute http or https URL without user, query or fragment? */
int http_check_url(const char *url, bool *tls, bool *loopback, bool *has_path,
		   struct err *e);

#endif
