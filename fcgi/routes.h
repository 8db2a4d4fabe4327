/* SPDX-License-Identifier: MIT */
/*
 * routes: from an HTTP method and path to the handler that serves it.
 *
 * Paths are taken with /v1 in front, without it and with it doubled, because
 * clients differ in what they append to a base URL. What is not in the table
 * is a 404 or 405 in the caller's dialect, and is never forwarded.
 */
#ifndef DARIO_ROUTES_H
#define DARIO_ROUTES_H

#include "fcgi/request.h"

/* Serve one request from guards to the last byte, and log it. snapshot_poll was
 * called in this round of the loop. */
void routes_serve(struct app *app, struct http *http, struct gateway *gw,
		  struct arena *arena);

#endif
