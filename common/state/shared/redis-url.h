/* SPDX-License-Identifier: MIT */
/*
 * redis-url: where the shared store is, as text.
 *
 *	redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]
 *	redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT],.../MASTER[/DB]
 *	rediss://..., rediss+sentinel://...: the same with TLS
 *	unix:PATH[?db=N][&user=USER]
 *
 * User and password may be in percent-encoding; the path of a socket stands as
 * it is. Where the password is empty ("USER:@") the file of the setting has it.
 * TLS is refused where hiredis has none. Pure.
 */
#ifndef DARIO_REDIS_URL_H
#define DARIO_REDIS_URL_H

#include "base/buf.h"
#include "base/err.h"

#define REDIS_HOSTS_MAX 8

struct redis_host {
	char name[256];
	int port;
};

struct redis_url {
	char path[108];  /* of a unix socket, or "" */
	char master[64]; /* the sentinels' name of it, or "" */
	char user[64], password[512];
	long db;
	bool tls;
	struct redis_host hosts[REDIS_HOSTS_MAX];
	size_t n_hosts;
};

/* `text` is not shown in errors: it may hold a password. */
int redis_url_read(struct redis_url *u, const char *text, struct err *e);
bool redis_url_has_password(const char *text);
/* The same without its password, for people. */
void redis_url_show(const char *text, struct buf *out);

#endif
