/* SPDX-License-Identifier: MIT */
/*
 * explain: what would become of a request, told by the code that decides it.
 * Nothing is sent. explain_make, then what is wanted of it, explain_release.
 */
#ifndef DARIO_EXPLAIN_H
#define DARIO_EXPLAIN_H

#include "base/jw.h"
#include "dialect/peek.h"
#include "state/config/route.h"
#include "state/pool/pool.h"

#define EXPLAIN_NAME 80 /* bytes */
#define EXPLAIN_WHY 300

struct explain {
	const char *home;
	const struct snapshot *config;
	const char *model, *api;
	enum dialect_id dialect;
	struct plan plan;
	size_t at; /* the target that would answer */
	char upstream[PEEK_MODEL_MAX + 1];
	char passed[RULE_TARGETS_MAX][80]; /* why a target would not; or "" */
	struct pool pool;                  /* of the one that would */
	int seat;                          /* -1: none */
};

/* `api`: messages, chat, responses; NULL is chat. What is passed in outlives
 * x. After a failure there is nothing to release. */
int explain_make(struct explain *x, const struct snapshot *c, const char *home,
		 const char *model, const char *api, struct err *e);
void explain_release(struct explain *x);

/* {"model":"...","api":"chat","backend":"...","candidates":[...],...} */
void explain_put(struct jw *w, const struct explain *x);

/* What it goes in. */
enum dialect_id explain_protocol(const struct explain *x);
/* Why the target would not be asked now; NULL: it would. */
const char *explain_problem(const struct explain *x);
/* What is put into the request; "" nothing. */
void explain_additions(const struct explain *x, char *out, size_t n);
/* An account of the pool: its name and its state. */
void explain_seat(const struct explain *x, size_t i, char name[EXPLAIN_NAME],
		  char why[EXPLAIN_WHY]);

#endif
