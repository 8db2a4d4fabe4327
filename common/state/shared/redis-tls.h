/* SPDX-License-Identifier: MIT */
/*
 * redis-tls: TLS of a connection to the store, by OpenSSL.
 *
 * The server must have a certificate of an authority that is trusted, for the
 * name or address that we asked for; TLS is 1.2 at least. hiredis carries it
 * from 1.0 on; before, redis-url.h refuses rediss://.
 */
#ifndef DARIO_REDIS_TLS_H
#define DARIO_REDIS_TLS_H

#include "base/err.h"

#include <hiredis/hiredis.h>

struct redis_tls;

struct redis_tls_files {
	const char *ca;   /* "": the authorities that the system trusts */
	const char *cert; /* of this host, or "" */
	const char *key;  /* its key; "": in the same file */
};

struct redis_tls *redis_tls_new(const struct redis_tls_files *f, struct err *e);
void redis_tls_free(struct redis_tls *t); /* NULL is fine; connections stay */
/* A connection to `host` speaks TLS from now on. One that blocks has shaken
 * hands when it returns; any other does so by and by. */
int redis_tls_begin(struct redis_tls *t, redisContext *c, const char *host,
		    struct err *e);

#endif
