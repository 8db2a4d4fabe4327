/* SPDX-License-Identifier: MIT */
/*
 * dario: the parts of the router for other programs. See dario(3).
 *
 * Order of calls: dario_open, anything, dario_close. What translates needs no
 * folder of dario's: open one with `folder` NULL.
 *
 * Ownership. Handles are opaque and belong to the caller, who frees each with
 * its own function, in any order: what was made with a handle keeps what it
 * needs of it. A `char *` that is returned is text with a NUL at its end, to be
 * freed with dario_free. A struct dario_bytes borrows from the handle that the
 * call was made with, until the next call with it. What is passed in is copied
 * where it is needed longer than the call.
 *
 * NULL, where nothing else is said beside the function, is DARIO_MISUSE in what
 * can fail and is looked at no further in the rest. `e` may be NULL everywhere.
 * Bytes may be NULL when there are 0 of them. Any other pointer, to memory that
 * is not what it should be or is freed already, is not found out.
 *
 * Errors. A call that can fail returns -1 or NULL and fills *e, which may be
 * NULL; outputs are then untouched but where it is said. Messages are English,
 * lower case, without a full stop, and hold no secret.
 *
 * Threads. A struct dario and a struct dario_translator may be used by many
 * threads at a time, a struct dario_exchange and a struct dario_router by one
 * at a time, which need not be the one that made it; each function that has no
 * handle may be called by any at any time. A handle is freed when no other
 * thread uses it, or will; but to use what was made with it is no use of it:
 * one thread may free a translator while others feed its exchanges. After a
 * fork the child may use what the parent has opened, but its routers, if no
 * other thread was in a call.
 *
 * The library changes nothing that a host program would notice: no signal, no
 * working directory, no locale, no standard stream. Numbers have a point,
 * whatever the locale says. It ends no process, also for lack of memory: that
 * is DARIO_NO_MEMORY, and what the call had begun to build is lost. It reads no
 * variable of the environment unless it is asked to.
 *
 * Sizes are bytes, times milliseconds, dates milliseconds since 1970 in UTC.
 * Dialects are "anthropic" (Messages), "openai" (Chat Completions) and
 * "responses".
 */
#ifndef DARIO_H
#define DARIO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DARIO_API __attribute__((visibility("default")))
#else
#define DARIO_API
#endif

/* Numbers stay what they are; more may come. */
enum dario_code {
	DARIO_OK = 0,
	DARIO_MISUSE = 1,      /* an argument is none that can be */
	DARIO_BAD_REQUEST = 2, /* the text to translate is wrong */
	DARIO_TOO_BIG = 3,
	DARIO_NO_MEMORY = 4,
	DARIO_NOT_FOUND = 5,   /* no such backend, account or model */
	DARIO_CONFIG = 6,      /* a file or setting of dario's is wrong */
	DARIO_UNSUPPORTED = 7, /* the other side cannot do this */
	DARIO_REFUSED = 8,     /* an error that the provider has answered */
	DARIO_UPSTREAM = 9,    /* not understood, or cut */
	DARIO_NETWORK = 10,    /* not reached */
	DARIO_TIMEOUT = 11,
	DARIO_BUSY = 12,       /* a limit of this machine, or of the accounts */
	DARIO_SYSTEM = 13,
	DARIO_INTERNAL = 14    /* a fault of dario's: please report it */
};

struct dario_error {
	int code;   /* enum dario_code */
	int status; /* the HTTP status that a gateway would answer with */
	char message[504];
};

struct dario_bytes {
	const char *p; /* no NUL at the end */
	size_t n;
};

/* "0.1.0" of the library that runs. */
DARIO_API const char *dario_version(void);
/* "bad_request": for programs; never NULL. */
DARIO_API const char *dario_code_name(int code);
/* NULL is fine. */
DARIO_API void dario_free(void *p);

/* --- opening --------------------------------------------------------------- */

struct dario;

/* The environment counts as it does for the command dario. */
#define DARIO_ENVIRONMENT 1u

/* Zeroed, but for `size`. Strings are copied. */
struct dario_options {
	size_t size; /* sizeof(struct dario_options) */
	/* DARIO_HOME, such as "/home/you/.dario"; one that is not there is made
	 * by the first call that reads it. NULL: none; with DARIO_ENVIRONMENT
	 * the usual one. */
	const char *folder;
	unsigned flags;
	unsigned unused;
	/* The folder that holds share/ of dario; NULL: where it is installed */
	const char *data;
	/* The folder of the worker dario.fcgi; NULL: where it is installed. */
	const char *libexec;
	/* The program dario; NULL: the one of this installation. */
	const char *program;
	/* A line of the log, without its end; NULL: nobody wants it. Called in
	 * the thread that called the library; may be called by several at a
	 * time. */
	void (*log)(void *arg, const char *line);
	void *log_arg;
};

/* `o` may be NULL: all is zero. Several folders may be open at a time. What the
 * folder's routers share in a Redis (`store`) is not looked at: accounts stand as
 * the folder's own files have them. */
DARIO_API struct dario *dario_open(const struct dario_options *o,
				   struct dario_error *e);
/* NULL is fine. */
DARIO_API void dario_close(struct dario *d);

/* --- translating ----------------------------------------------------------- */

/*
 * A translator knows a client's dialect and a provider. It makes an exchange of
 * each request: the request for the provider, then its answer for the client.
 *
 *	t = dario_translator_new(d, &pair, &e);
 *	x = dario_exchange_new(t, NULL, body, n, &e);
 *	dario_exchange_request(x, &out);	send it to the provider
 *	then either
 *	dario_exchange_answer(x, 200, body, n, &out, &e);
 *	or for each piece of a stream, as it comes,
 *	dario_exchange_feed(x, piece, n, &out, &e);	hand `out` on
 *	dario_exchange_end(x, &out, &e);
 *	dario_exchange_free(x);
 */
struct dario_translator;
struct dario_exchange;

/* Zeroed, but for `size`. */
struct dario_pair {
	size_t size;        /* sizeof(struct dario_pair) */
	const char *client; /* its dialect */
	const char *provider;
	/* The provider's base URL, which tells its habits; NULL: unknown. */
	const char *base_url;
	/* What it refuses or needs, as JSON of backends/NAME.json; NULL. */
	const char *switches;
};

/* Reads dario's tables: keep it for all requests of the pair. */
DARIO_API struct dario_translator *
dario_translator_new(struct dario *d, const struct dario_pair *p,
		     struct dario_error *e);
/* NULL is fine. */
DARIO_API void dario_translator_free(struct dario_translator *t);

/* `model`: what the provider is asked for; NULL: as the body says. A body of
 * more than 64 MiB, or one that becomes more, is DARIO_TOO_BIG. */
DARIO_API struct dario_exchange *
dario_exchange_new(struct dario_translator *t, const char *model,
		   const void *body, size_t n, struct dario_error *e);
/* NULL is fine. */
DARIO_API void dario_exchange_free(struct dario_exchange *x);

/* The request for the provider. None has no bytes; `out` may be NULL. */
DARIO_API void dario_exchange_request(const struct dario_exchange *x,
				      struct dario_bytes *out);
/* Does the client want a stream? 1 or 0; of none 0. */
DARIO_API int dario_exchange_streams(const struct dario_exchange *x);
/* Names of what the other side has no place for, of the request and so far of
 * the answer, separated by ", "; "" when nothing was lost, and of none. Without
 * memory for all of them they are those of the request. Borrowed as bytes are. */
DARIO_API const char *dario_exchange_dropped(struct dario_exchange *x);

/* A whole answer and its HTTP status. An error of the provider (from 400 on) is
 * the same in the client's dialect. A client that wants a stream gets the
 * events of one. With one dialect on both sides it stays what it is, whatever
 * it is; but where the request's tools had to get other names, or a switch
 * (normalize) says so, it is written anew as between two. */
DARIO_API int dario_exchange_answer(struct dario_exchange *x, int status,
				    const void *body, size_t n,
				    struct dario_bytes *out,
				    struct dario_error *e);
/* Bytes of a stream of events, in pieces of any size. `out` may be empty:
 * nothing comes before there is content, and for a client that wants no stream
 * all of it comes at the end (of more than 64 MiB nothing: it fails). An event
 * may have 16 MiB. When it fails, `out` holds what came before and,
 * if the client has had bytes already, the event that tells it of the error;
 * nothing can be fed any more. */
DARIO_API int dario_exchange_feed(struct dario_exchange *x, const void *piece,
				  size_t n, struct dario_bytes *out,
				  struct dario_error *e);
/* The stream is over: an error when it was not complete. */
DARIO_API int dario_exchange_end(struct dario_exchange *x,
				 struct dario_bytes *out,
				 struct dario_error *e);
/* An error in the client's dialect, as the body of an HTTP answer. `what` may be
 * NULL: an unknown one; `out` too. No exchange, or no memory, has no bytes. */
DARIO_API void dario_exchange_error(struct dario_exchange *x,
				    const struct dario_error *what,
				    struct dario_bytes *out);

/* --- usage and price ------------------------------------------------------- */

/* Tokens. Disjoint: `input` holds neither what was read from a cache nor what
 * was written to it; `output` holds `reasoning`, `cache_write` holds
 * `cache_write_1h`. */
struct dario_usage {
	int64_t input, cache_read, cache_write, cache_write_1h;
	int64_t output, reasoning;
};

/* Of the answer so far: 1, or 0 when it has not told, or there is none; `u` may
 * be NULL. */
DARIO_API int dario_exchange_usage(const struct dario_exchange *x,
				   struct dario_usage *u);
/* What that has cost in US dollars at `when`, 0 is now: as the provider tells it
 * (tellsCost among its switches), else by the prices of that provider; a local
 * server that dario knows is free. 1; 0 when it is not known; -1. What struct
 * dario_usage has no member for, such as searches and tiers, counts. */
DARIO_API int dario_exchange_price(const struct dario_exchange *x, int64_t when,
				   double *dollars, struct dario_error *e);
/* Of an answer in this dialect, whole or one event's data: 1, or 0 when it does
 * not tell; -1. */
DARIO_API int dario_usage(struct dario *d, const char *dialect,
			  const void *body, size_t n, struct dario_usage *u,
			  struct dario_error *e);
/* Of such tokens, whoever sells them, in US dollars at `when`, 0 is now: 1; 0
 * when no price is known; -1. */
DARIO_API int dario_price(struct dario *d, const char *model, int64_t when,
			  const struct dario_usage *u, double *dollars,
			  struct dario_error *e);

/* --- what a folder holds --------------------------------------------------- */

/* As JSON; they need a folder, without one they are misuse. The files are as
 * they are at this moment. */

/* {"mode":"pool","accounts":[...],...}: what GET /accounts answers. */
DARIO_API char *dario_accounts(struct dario *d, struct dario_error *e);
/* {"authenticated":true,...}: what GET /status answers. */
DARIO_API char *dario_status(struct dario *d, struct dario_error *e);
/* [{"name":"groq",...}]: dario backend list --json. */
DARIO_API char *dario_backends(struct dario *d, struct dario_error *e);
/* Where a request for this model would go, and why: dario explain --json.
 * `api`: "messages", "chat" or "responses"; NULL is "chat". */
DARIO_API char *dario_explain(struct dario *d, const char *model,
			      const char *api, struct dario_error *e);

/* The same in short. */
struct dario_route {
	char backend[68];
	char model[260];    /* that it is asked for */
	char dialect[16];   /* that it goes in */
	int32_t translated; /* 1 or 0 */
	int32_t unused;
};
DARIO_API int dario_route(struct dario *d, const char *model, const char *api,
			  struct dario_route *out, struct dario_error *e);

/* Asks a backend for its list of models: how many it has, and how long it took
 * (`ms` may be NULL). -1: it does not work, and what to do. It waits. */
DARIO_API int dario_backend_test(struct dario *d, const char *backend,
				 int64_t *ms, struct dario_error *e);

/* A token of a Claude account that is good for half an hour, or its API key; a
 * secret. `account` is its alias; NULL: the first that has one. One that is
 * older is refreshed, by one process of the host at a time. It waits. *expires
 * is when it ends, 0 unknown; `expires` may be NULL. */
DARIO_API char *dario_token(struct dario *d, const char *account,
			    int64_t *expires, struct dario_error *e);

/* --- a router -------------------------------------------------------------- */

/*
 * Runs `dario proxy` as a process of its own. The library sets no handler for
 * SIGCHLD and fetches the end of this process only: a host that does so for all
 * of its children loses the exit status, no more. The router goes on when the
 * host ends without dario_router_free.
 */
struct dario_router;

/* `flags` of dario proxy, such as "--port=3456", end with NULL; or NULL: none.
 * What it writes goes to `log_fd`, a file descriptor; -1: nowhere. */
DARIO_API struct dario_router *dario_router_start(struct dario *d,
						  const char *const flags[],
						  int log_fd,
						  struct dario_error *e);
/* Until it takes requests: 1, 0 when `ms` are over before (less than 0: wait for
 * ever); -1: it has ended. */
DARIO_API int dario_router_ready(struct dario_router *r, long ms,
				 struct dario_error *e);
/* Until it has ended: 1, 0 when `ms` are over before. *status (which may be
 * NULL): its exit status, 128 and more by a signal, -1 unknown. None has ended,
 * with -1. */
DARIO_API int dario_router_wait(struct dario_router *r, long ms, int *status);
/* Asks it to end what it has, and to end; when half of `ms` are over, to end at
 * once; kills it when all are. Its exit status, as above. */
DARIO_API int dario_router_stop(struct dario_router *r, long ms);
/* Stops it, if it runs; NULL is fine. */
DARIO_API void dario_router_free(struct dario_router *r);

#ifdef __cplusplus
}
#endif

#endif
