/* SPDX-License-Identifier: MIT */
/*
 * request: one HTTP request on its way through routes, serve and relay.
 *
 * Its strings borrow from the gateway's variables or from the arena and live
 * until the request ends. The answer is written through reply.h. A request
 * belongs to one task.
 */
#ifndef DARIO_REQUEST_H
#define DARIO_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/mask.h"
#include "dialect/dialect.h"
#include "fcgi/gateway.h"
#include "fcgi/outcome.h"
#include "fcgi/unread.h"
#include "net/departure.h"
#include "net/http.h"
#include "state/config/snapshot.h"

#include <stdatomic.h>

#define REQUEST_BODY_MAX (64u << 20)  /* bytes of one that is read */
#define REQUEST_HEAD_MAX (128u << 10) /* our answer's header, all of it */

/* What all loops of a worker share. */
struct app {
	struct snapshot_store *config;
	struct departure *departure; /* which clients have left */
	char *program;   /* path of this program, to start it anew; or NULL */
	int loops;       /* event loops that are wanted */
	long drain_ms;   /* what runs may take to end when told to stop */
	int capacity;    /* requests to upstreams at a time */
	atomic_int busy; /* those that are being served */
	atomic_bool cut; /* end what still streams: the worker must go */
	atomic_bool stopping; /* begin nothing that nobody waits for */
	atomic_int asking;    /* providers that are asked beside all requests */
	struct unread unread; /* bodies that stream */
};

/* The CGI variables that we read; NULL when absent. */
struct request_vars {
	const char *method, *script_name, *path_info, *query;
	const char *host, *origin, *api_key, *authorization;
	const char *remote, *remote_port, *server_port;
	const char *fetch_site, *fetch_mode, *fetch_dest; /* Sec-Fetch-* */
	const char *content_length, *content_encoding, *content_type;
	const char *uri;     /* the path as it came, with the query */
	const char *backend; /* that the client has chosen */
	const char *connection;
	const char *server; /* name and version of the web server */
	const char *anthropic_version, *anthropic_beta;
	const char *upgrade, *ws_key, *user_agent;
	const char *preflight_method, *preflight_fields;
	const char *accept;
	const char *cookie, *token; /* of the page, see guard.h */
	const char *session_id, *request_id, *channel_id, *user_id;
	const char *claude_session, *claude_agent; /* that Claude Code names */
	const char *https, *forwarded_proto, *forwarded_for;
	const char *if_none_match;
	const char *repeated; /* name of a guarded field that came twice */
};

struct batch_usage;
struct delta_frame;
struct hosted;
struct metered;
struct passage;

struct request {
	struct app *app;
	struct http *http; /* of the loop that serves it */
	struct gateway *gw;
	struct arena *arena;
	struct snapshot *config; /* NULL when there is none to be had */
	struct request_vars vars;
	const char *asked_path;        /* as it came, without prefix */
	const char *api;               /* the dialect's name, once routed */
	const char *path;              /* without prefix and leading /v1 */
	const char *upstream_path;     /* of the route */
	const struct passage *passage; /* it goes literally; or NULL */
	const struct dialect *dialect; /* the caller's, for errors too */
	bool stream;                   /* the client wants one */
	char id[32];
	bool trusted; /* may see details: the key is right, or none is set */
	const struct key *key;   /* of a person; NULL: the owner, or nobody */
	struct metered *metered; /* what its limits count; or NULL */
	bool was_metered;        /* limits were looked at */
	double billed;           /* US dollars that they have; 0: nothing */
	const char *user;        /* that the body names, hashed; or NULL */
	bool own; /* the router itself asks: for the demo, and that alone */
	struct span session; /* the cookie of the page that let it in; or "" */
	const char *origin;  /* that was let in, for CORS; or NULL */

	struct buf body;           /* as far as it is held */
	bool packed;               /* its content-encoding was taken off */
	struct unpacked *unpacked; /* while it comes; or NULL */
	struct spool *spool;       /* what follows `body`; or NULL */
	bool body_ended;           /* no more of it will come */
	int64_t unread;            /* bytes of it that app->unread counts */
	struct unread_caller *unread_by; /* for this caller; or NULL */
	struct buf head;                 /* answer's header fields so far */
	bool head_sent;
	/* Who is asked; NULL when that is not known, or there is none. */
	const char *model; /* in the client's words */
	const char *backend, *account, *upstream_model;
	const char *upstream_id; /* the upstream's id of the request */
	const char *fallback;    /* who could not answer, and why */
	const char *dropped;     /* what the target dialect lacks */
	const char *mended;      /* what was made legal for the target */
	struct mask secrets;     /* of the backend: nobody sees them */
	const char *sent_key; /* to the backend, with the last call; or NULL */

	/* What came of it. */
	struct outcome outcome;
	int status;       /* that the client was sent; 0: none yet */
	int64_t first_ms; /* until then; -1 */
	uint64_t bytes_in, bytes_out;
	struct usage usage; /* of the answer, as far as it is known */
	bool has_usage;
	struct span head_cost;     /* a good answer's field of it; or "" */
	struct hosted *hosted;     /* what the provider's tools cost; or NULL */
	size_t chars;              /* of its text, as far as that was counted */
	struct delta_frame *frame; /* around them; NULL: none was seen yet */
	bool estimated;            /* usage is, by them: see estimate.h */
	struct buf answer; /* a whole one whose usage was not looked up yet */
	struct batch_usage *batch; /* whose results these are; or NULL */
	double h5, d7;             /* shares used of the account's windows */
	bool has_windows;
	struct answering *translated; /* a stream that has begun, or NULL */
	/* Answers in the place of an upstream that lacks the path; or NULL. */
	int (*instead)(struct request *r, struct err *e);
	bool cut; /* the answer must not look complete */
	int64_t started;
};

void request_init(struct request *r, struct app *app, struct http *http,
		  struct gateway *gw, struct arena *arena);
/* Which path is asked for: needs r->config, for the prefix. */
void request_find_path(struct request *r);
/* "/v1" in front of a path, once or twice, says nothing. */
const char *request_strip_version(const char *path);
void request_release(struct request *r);
/* Who answers, or was asked last: without a name, the pool of Claude accounts.
 * Once r->config is there. */
const struct backend *request_backend(const struct request *r);

/* Read the body to its end, without its content-encoding; fn (or NULL) receives
 * it piece by piece. */
typedef int body_fn(void *arg, struct span piece, struct err *e);
int request_read_body(struct request *r, body_fn *fn, void *arg, struct err *e);
/* Read it as it is sent, to its end or a little beyond `most` bytes. However
 * large it is: what is not held streams. */
int request_hold_body(struct request *r, size_t most, bool *whole,
		      struct err *e);
/* What follows that, of the spool and then of the client, as http_call's
 * on_send has it. */
long request_rest_of_body(struct request *r, char *p, size_t n, struct err *e);
/* May it? See unread.h. */
int request_may_stream(struct request *r, struct err *e);
/* Before that: it is held, and streams, without its content-encoding. */
int request_unpack(struct request *r, struct err *e);
/* The bytes that were announced; -1: none were. */
int64_t request_announced(const struct request *r);

#endif
