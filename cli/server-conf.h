/* SPDX-License-Identifier: MIT */
/*
 * server-conf: lighttpd/dario.conf with this machine's values, written to
 * run/PORT/ or run/PORT-HOST/ below the home, and the lighttpd to run it with.
 */
#ifndef DARIO_SERVER_CONF_H
#define DARIO_SERVER_CONF_H

#include "base/err.h"
#include "state/config/option.h"

struct server_conf {
	char *lighttpd; /* path of the program */
	char *path;     /* of the configuration written */
	char *socket;   /* of the workers, beside it */
	bool check;     /* in a folder of its own: a router may run here */
};

/* The path of lighttpd; malloced, NULL with an error. */
char *server_conf_program(struct err *e);
int server_conf_write(struct server_conf *sc, const char *home,
		      const struct settings *s, struct err *e);
int server_conf_test(const struct server_conf *sc, struct err *e);
void server_conf_release(struct server_conf *sc);
/* Take away the folder that was made for this port. */
void server_conf_remove(const struct server_conf *sc, const char *home,
			const struct settings *s);

/* A file that such a configuration is made from. */
int server_conf_read(struct buf *out, const char *path, struct err *e);

#endif
