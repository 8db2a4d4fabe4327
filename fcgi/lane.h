/* SPDX-License-Identifier: MIT */
/*
 * lane: one event loop of a worker, in a thread of its own, with its
 * connections to the web server and to upstreams.
 *
 * Lanes stand in a row, and one accepts. A lane whose thread uses up a
 * processor lets the next one help: that accepts, too, and is given connections
 * until both have as many. When one of them would be enough the next one gives
 * its connections back. So there are as few loops at work as can be: what comes
 * together is done together, and the connections to upstreams stay warm.
 *
 * All functions are for the main thread.
 */
#ifndef DARIO_LANE_H
#define DARIO_LANE_H

#include "fcgi/gateway.h"
#include "fcgi/request.h"

enum lane_state {
	LANE_RUNS,
	LANE_STOPPED,
	LANE_ENDED
};

struct lane;

/* Its thread runs, and nothing is accepted. It keeps `kept` idle connections to
 * upstreams. `next` helps it, and no other; or NULL. One lane of a process is
 * told to `watch` for clients that leave. NULL with *e. */
struct lane *lane_new(struct app *app, struct gw_limit *limit, long kept,
		      struct lane *next, bool watch, struct err *e);
void lane_accept(struct lane *l);

/* Orders: see gw_fastcgi_stop and gw_fastcgi_cut; to end, when nothing is
 * served any more. They are carried out later. */
void lane_stop(struct lane *l);
void lane_cut(struct lane *l);
void lane_end(struct lane *l);
enum lane_state lane_state(const struct lane *l);

void lane_free(struct lane *l); /* it has ended */

#endif
