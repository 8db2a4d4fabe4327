/* SPDX-License-Identifier: MIT */
/*
 * doctor-ask: requests to the router that is looked at, and how the answer
 * came: who made it, when its pieces arrived.
 */
#ifndef DARIO_DOCTOR_ASK_H
#define DARIO_DOCTOR_ASK_H

#include "cli/doctor.h"

struct doctor_target {
	struct doctor *d;
	const char *url;    /* without a slash at its end */
	char software[120]; /* the web server, or "" */
	struct buf field;   /* header field that the router lets in, or "" */
	bool shut;          /* it lets nothing of ours in */
	bool demo;          /* it has the demo provider */
	int64_t end;        /* of all requests */
};

struct doctor_ask {
	const char *method, *path;
	const char *field; /* NULL: the target's own */
	const char *extra; /* another one, or NULL */
	struct span body;
	long timeout_ms;
	/* Called once this long after the start, then the client leaves. */
	long leave_ms; /* 0: it does not */
	void (*on_leave)(struct doctor_target *t, void *arg);
	void *arg;

	/* out; init answer before */
	struct buf answer;
	int status; /* 0: none came */
	bool ours;  /* the worker made it */
	bool is_json;
	char server[80]; /* field Server, or "" */
	int64_t date, came;
	int64_t took, first, last; /* ms since the start: end, bytes */
	int lumps;                 /* in which the body came */

	/* private */
	struct doctor_target *target;
	int64_t started;
	bool left;
};

/* -1 when no whole answer came; a client that left has none. */
int doctor_ask(struct doctor_target *t, struct doctor_ask *a, struct err *e);

/* GET of a path: the status, or 0. `field`: as in struct doctor_ask. */
int doctor_status_of(struct doctor_target *t, const char *path,
		     const char *field);
/* GET /health as JSON, or NULL; json_object_put it. */
struct json_object *doctor_health(struct doctor_target *t);

/* Streams, and clients that leave them: doctor-stream.c */
void doctor_stream(struct doctor_target *t);
void doctor_leave(struct doctor_target *t);
/* Clients that leave without one: doctor-waiting.c */
void doctor_waiting(struct doctor_target *t);

#define DOCTOR_FREE_MS 2000 /* in which the worker must notice */
#define DOCTOR_LOOK_MS 25
/* Requests that take a place in the worker; -1 unknown. At
 * rest: when an earlier one has ended that may be about to. */
int doctor_busy(struct doctor_target *t);
int doctor_busy_at_rest(struct doctor_target *t);
/* How long it took after the client had left; -1: more than `most` ms. */
long doctor_wait_free(struct doctor_target *t, int before, int most);

#endif
