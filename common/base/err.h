/* SPDX-License-Identifier: MIT */
/*
 * err: one error space for the whole program.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *e` last; the
 * error is filled once, where it happens. A caller may put its own object in
 * front with err_add. Codes are classes that a client can act on: the status
 * and the dialect's own error type follow from the code. Messages are lower
 * case, without a full stop, name the object and say what to do; they never
 * hold a secret or a request body, and are clean text (utf8.h) whatever is put
 * into them.
 */
#ifndef DARIO_ERR_H
#define DARIO_ERR_H

#include <stdbool.h>

enum err_code {
	ERR_NONE,
	ERR_BAD_REQUEST, /* the request is wrong: 400 */
	ERR_AUTH,        /* our own key is missing or wrong: 401 */
	ERR_FORBIDDEN,   /* Host or Origin refused: 403 */
	ERR_NOT_FOUND,   /* path: 404 */
	ERR_NO_MODEL,    /* no backend for this model: 404 */
	ERR_METHOD,      /* 405 */
	ERR_TOO_BIG,     /* 413 */
	ERR_ENCODING,    /* content-encoding: 415 */
	ERR_UPGRADE,     /* no WebSocket here: 426 */
	ERR_BUSY,        /* all places are taken: 429 */
	ERR_SPENT,       /* a person's key has no money left: 429 */
	ERR_RATE,        /* it asks too often, or for too much at a time: 429 */
	ERR_EXHAUSTED,   /* all Claude accounts are: 429 */
	ERR_NO_ACCOUNT,  /* no Claude account can serve: 503 */
	ERR_INTERNAL,    /* 500 */
	ERR_CONFIG,      /* a file of ours is wrong: 500 */
	ERR_THREAD,      /* server-side threads are not supported: 400 */
	ERR_THREAD_GONE, /* and this one is not known: 404 */
	ERR_PASSED,      /* an upstream's own error, see `status` and `type` */
	ERR_UNSUPPORTED, /* the chosen backend cannot do this: 400 */
	ERR_DNS,         /* upstream's name: 502 */
	ERR_CONNECT,     /* upstream refused or unreachable: 502 */
	ERR_TLS,         /* upstream's certificate or handshake: 502 */
	ERR_RESET,       /* upstream hung up: 502 */
	ERR_UPSTREAM,    /* upstream sent what is not HTTP, or too much: 502 */
	ERR_TIMEOUT,     /* upstream too slow: 504 */
	ERR_SHUTDOWN,    /* the router is stopping: 503 */
	ERR_MEMORY,      /* this machine has none left for it: 503 */
	ERR_GONE,        /* the client left: nobody to tell */
	ERR_USAGE,       /* a command was called wrongly: exit status 2 */
	ERR_CODES
};

struct err {
	enum err_code code;
	int status;       /* HTTP status of an upstream's error; else 0 */
	long retry_after; /* seconds; 0: not said */
	char type[64];    /* its code, in its own words, or "" */
	bool reword;      /* clients would not know its own words */
	char param[64];   /* request field at fault, or "" */
	char msg[1024];
};

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4))); /* always -1 */
/* By errno: ERR_BUSY where it is a lack of descriptors, processes or memory,
 * which goes by; else ERR_INTERNAL. -1. */
int err_sys(struct err *e, const char *verb, const char *name);
int err_memory(struct err *e); /* ERR_MEMORY; -1 */
/* Why a buf is full: ERR_MEMORY, or else what is said here; -1. */
struct buf;
int err_full(struct err *e, const struct buf *b, enum err_code code,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Did it go wrong on this side, so that no upstream is to blame? */
bool err_is_local(enum err_code code);
int err_add(struct err *e, const char *object); /* "object: message"; -1 */
int err_status(enum err_code code);             /* HTTP status */
const char *err_name(enum err_code code); /* machine-readable, snake_case */

#endif
