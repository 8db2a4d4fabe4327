/* SPDX-License-Identifier: MIT */
/*
 * http-handle: one call's libcurl handle, and what a failure of it means.
 * Private to http*.c.
 */
#ifndef DARIO_HTTP_HANDLE_H
#define DARIO_HTTP_HANDLE_H

#include "base/loop.h"
#include "base/task.h"
#include "base/unpack.h"
#include "net/http.h"

#include <curl/curl.h>

#define HTTP_IN_MAX (64u << 10) /* bytes of a body that wait to be taken */

struct http {
	struct loop *loop;
	bool own_loop;
	long kept;
	struct http_multi *multi; /* since the first call */
	struct http_urls *urls;
	struct handle *free;
	size_t n_free;
	size_t running; /* calls */
};

struct handle {
	struct handle *next; /* of those that are free */
	struct http *of;
	CURL *easy;
	bool fresh;    /* it takes no kept connection */
	char *ca_file; /* that is set in it, or NULL: the usual */
	struct curl_slist *fields;
	size_t fields_max;
	char error[CURL_ERROR_SIZE];

	/* of the running call */
	struct http_call *call;
	struct http_url *url; /* of those that are kept, or NULL */
	struct err *err;
	struct task *task;
	struct buf head; /* header fields */
	int n_fields;
	struct buf in;   /* body that the task has not taken yet */
	bool head_whole; /* and to be handed over */
	bool paused;     /* `in` is full */
	bool ended;      /* libcurl is done with it: `result` */
	CURLcode result;
	bool opened;       /* a connection; else a kept one is used */
	int shortage;      /* errno: no socket could be had; or 0 */
	int64_t sent_at;   /* when all of the body was out; 0: not yet */
	int64_t lost_at;   /* when the connection was, without an answer */
	bool stale;        /* it was a kept one: libcurl would send again */
	bool answer_begun; /* a part of an answer had come by then */
	bool failed;       /* *err is filled */
	int fd;            /* the connection's, or -1 */
	unsigned life;     /* of this number */
	uint64_t origin;   /* hash of where it goes */
	int status;        /* of the head that comes in */
	int early;         /* answers with a status below 200 */
	int64_t started, last;

	/* of a body that comes bit by bit */
	struct span body_left; /* of what was there at first */
	struct buf out;        /* what follows it, not yet sent */
	bool out_ended;        /* no more comes into it */
	bool starved;          /* libcurl waits for it */

	/* of an answer that comes packed */
	char coding[40];       /* its content-encoding; "": none */
	struct unpack *unpack; /* once it has begun */
	size_t rested;         /* bytes since others had their turn */
	bool refused;          /* by the callback */
};

struct handle *http_handle_new(struct http *h, struct err *e);
void http_handle_free(struct handle *k);
/* For the call, which begins now. */
int http_handle_set(struct handle *k, struct http_call *c, struct err *e);
void http_handle_unset(struct handle *k);   /* when it is over */
bool http_is_plain(const struct handle *k); /* no TLS */
/* libcurl wants a socket. */
curl_socket_t http_on_open(void *arg, curlsocktype purpose,
			   struct curl_sockaddr *to);

/* Is a kept connection to be used, or may it be closed just now? What its end
 * says of the next one. */
void http_choose_fresh(struct handle *k);
void http_note_end(struct handle *k);
/* A connection that is lost before an answer: what became of the request. */
void http_note_sent(struct handle *k); /* when all of it is out */
void http_note_lost(struct handle *k);
/* The upstream cannot have worked on it. */
bool http_is_unread(const struct handle *k);

/* What comes: libcurl brings it outside of the task, which takes all that has
 * come so far. */
size_t http_on_header(char *p, size_t size, size_t n, void *arg);
size_t http_on_body(char *p, size_t size, size_t n, void *arg);
int http_take(struct handle *k);

/* The body that follows: see http_call.on_send. Set the handle up; hand on what
 * has come; clean up. */
void http_send_begin(struct handle *k);
int http_send_more(struct handle *k);
void http_send_end(struct handle *k);
/* Go on, but for what is still `paused` or `starved`. */
void http_resume(struct handle *k);

/* An answer with a content-encoding, which nobody has asked for, is unpacked in
 * the task. libcurl would do it in its callback, at once, whatever comes of it,
 * and keep what it cannot hand on. At the head; for bytes; at the end. */
void http_unpack_begin(struct handle *k, const struct http_head *head);
int http_unpack(struct handle *k, struct span in);
int http_unpack_end(struct handle *k, struct err *e);
void http_unpack_release(struct handle *k);

/* From the start of the call, in ms; 0: not come to that. */
long http_time_of(CURL *easy, CURLINFO what);

/* A status line that no call can take? */
int http_check_status(struct handle *k, int status, struct err *e);
int http_head_too_long(struct err *e);
/* What libcurl's result means. Always -1. */
int http_fail(struct handle *k, CURLcode rc, struct err *e);

#endif
