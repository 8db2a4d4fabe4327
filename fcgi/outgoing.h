/* SPDX-License-Identifier: MIT */
/*
 * outgoing: a request in the form that one backend takes.
 *
 * A backend that speaks the caller's dialect gets the body as it came, but for
 * the model's name; another gets it translated. The request's own body stays,
 * so that another backend can be tried. outgoing_make, of a pool outgoing_by
 * and for a Claude account outgoing_shape, then any number of upstream calls,
 * each after a refusal that outgoing_repair has mended, then outgoing_release
 * (also after a failure).
 */
#ifndef DARIO_OUTGOING_H
#define DARIO_OUTGOING_H

#include "dialect/tool-map.h"
#include "fcgi/request.h"
#include "lib/conversion.h"
#include "state/config/route.h"

struct outgoing {
	const struct backend *backend;
	const char *model; /* that the upstream is asked for */
	enum dialect_id dialect;
	const char *path; /* below the API's base */
	bool stream;
	bool count;          /* tokens are counted, nothing is generated */
	struct span body;    /* borrowed from the request or from `made` */
	struct chat *chat;   /* NULL: the same dialect */
	struct chat *answer; /* what it is read for; NULL: it passes as is */
	const char *betas; /* of Anthropic's that the request needs, or NULL */
	struct tool_map *map; /* of the client's tools, or NULL */
	bool filled; /* the template was applied: its betas belong to it */
	/* private */
	const struct route *route;
	struct peek *peek;
	int repairs; /* so far */
	int opaque;  /* of them for values that only their provider can read */
	size_t refused_at; /* where the first of those stood */
	struct span plain; /* the body before it was shaped */
	struct buf shaped;
	struct conversion made;
};

/* `k` is of r->body and follows what is changed there; it and the route must
 * outlive the outgoing. */
int outgoing_make(struct outgoing *o, struct request *r,
		  const struct route *route, struct peek *k, struct err *e);
void outgoing_release(struct outgoing *o);

/* Tools and template for this account. Claude Code's own requests, and all in
 * pass-through, stay as they are; so does what goes to an API key in its own
 * dialect, unless settings say otherwise. */
int outgoing_shape(struct outgoing *o, struct request *r,
		   const struct account *account, struct err *e);

/* It goes by this account's key: what another was given stays, unless the
 * backend is known to refuse it. */
int outgoing_by(struct outgoing *o, struct request *r,
		const struct account *account, struct err *e);

/* Has the last call been refused for something of the history that was made
 * elsewhere? Then without that, and true: it is worth another call. Only what
 * the refusal names goes, as long as that leads on. */
bool outgoing_repair(struct outgoing *o, struct request *r);
/* May that be of use? The beginning of the answer is held back then. */
bool outgoing_may_be_refused(const struct outgoing *o, const struct request *r);

/* For outgoing_repair: all anew. */
int outgoing_remake(struct outgoing *o, struct request *r, struct err *e);
/* What the answer is read for, once the body is made. */
void outgoing_expect(struct outgoing *o, const struct request *r);
/* Does it go as it is, whatever it holds? */
bool outgoing_is_left(const struct outgoing *o, const struct request *r);

#endif
