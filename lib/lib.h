/* SPDX-License-Identifier: MIT */
/*
 * lib: what the functions of dario.h share.
 *
 * Each of them goes through lib_call, which lets our code run in the host's
 * thread as the host wants it (base/embed.h), and turns errors into its own.
 * A call that finds no memory for something small returns from there at once:
 * what it held is lost. One that takes locks has a reserve; when that is gone
 * as well, they are lost, too, and no other such call is made any more.
 *
 * A struct dario lives until it is closed and what was made with it is freed.
 */
#ifndef DARIO_LIB_H
#define DARIO_LIB_H

#include "base/embed.h"
#include "base/err.h"
#include "include/dario.h"

#include <pthread.h>
#include <stdatomic.h>

struct backend;
struct prices;
struct usage;
struct snapshot_store;

struct dario {
	atomic_uint users; /* who closes it, and what was made with it */
	struct embed embed;
	void (*log)(void *arg, const char *line); /* the host's, or NULL */
	void *log_arg;
	char *home; /* or NULL */
	char *data, *libexec, *program;
	struct snapshot_store *config; /* or NULL, without a home */
	pthread_mutex_t lock;          /* of what follows */
	struct prices *prices;
	struct dario *next; /* with a home: of all that are open */
};

static inline struct dario *lib_use(struct dario *d)
{
	atomic_fetch_add_explicit(&d->users, 1, memory_order_relaxed);
	return d; /* dario_close it */
}

/* Nobody has anything open, but somebody had: what is kept for all can go. */
bool lib_is_over(void);

typedef int lib_fn(void *arg, struct err *e);

/* Memory and pure code. */
int lib_call(const struct dario *d, lib_fn *fn, void *arg,
	     struct dario_error *e);
/* The same for what reads files, waits or goes into the network. */
int lib_call_out(const struct dario *d, lib_fn *fn, void *arg,
		 struct dario_error *e);

/* The other way, for an error's body. */
void lib_error_back(struct err *out, const struct dario_error *e);
void lib_usage(struct dario_usage *to, const struct usage *u);

/* What an answer has cost: 1, with *dollars; 0: not known; -1. */
struct lib_cost {
	struct dario *d;
	const struct backend *backend; /* that has answered, or NULL */
	const char *model;
	int64_t when; /* 0: now */
	const struct usage *usage;
	double *dollars;
};
int lib_cost(struct lib_cost *c, struct dario_error *e);
void lib_error(struct dario_error *out, const struct err *e);
/* Always -1. */
int lib_misuse(struct dario_error *e, const char *message);

#endif
