/* SPDX-License-Identifier: MIT */
/*
 * lib: what the functions of dario.h share.
 *
 * Each of them goes through lib_call, which lets our code run in the host's
 * thread as the host wants it (base/embed.h), and turns errors into its own.
 * A call that finds no memory for something small returns from there at once:
 * what it held is lost. If it was one that takes locks (`locks`), then they are
 * lost, too, and no other such call is made any more.
 */
#ifndef DARIO_LIB_H
#define DARIO_LIB_H

#include "base/embed.h"
#include "base/err.h"
#include "include/dario.h"

#include <pthread.h>

struct prices;
struct usage;
struct snapshot_store;

struct dario {
	struct embed embed;
	char *home; /* or NULL */
	char *data, *libexec, *program;
	struct snapshot_store *config; /* or NULL, without a home */
	pthread_mutex_t lock;          /* of what follows */
	struct prices *prices;
};

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
void lib_error(struct dario_error *out, const struct err *e);
/* Always -1. */
int lib_misuse(struct dario_error *e, const char *message);

#endif
