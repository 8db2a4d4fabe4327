/* SPDX-License-Identifier: MIT */
/*
 * conversion: a request in the form that its provider takes, and what the
 * answer has to be read for.
 *
 * The one way of the worker and of dario.h. The owner sets what is its own,
 * then conversion_init and conversion_aim. In the provider's own dialect follow
 * conversion_mend (and conversion_rename, where the body stays the owner's) and
 * conversion_expect, in another one conversion_translate. After a refusal
 * conversion_leave_out; at last conversion_release, also after a failure. How
 * bodies come and go is the owner's: none is copied that stays what it is.
 * Memory is the arena's, which outlives it. Not thread-safe.
 */
#ifndef DARIO_CONVERSION_H
#define DARIO_CONVERSION_H

#include "dialect/chat.h"
#include "dialect/mend.h"
#include "dialect/name-back.h"
#include "state/config/models.h"
#include "state/config/providers.h"

struct conversion {
	/* the owner's */
	struct arena *arena;
	const struct models *models;
	const struct providers *providers;
	const struct backend *backend; /* the provider */
	const char *model;             /* that it is asked for */
	enum dialect_id client;
	struct seal_origin origin;

	enum dialect_id provider; /* by conversion_aim */
	struct upstream_model target;
	/* What comes of it; names are lists, or NULL. */
	struct buf text; /* the body, where it is not as it came */
	const char *mended, *dropped;
	bool usage_asked; /* not by the client, who is not to be shown it */
	bool limited;     /* nor has it set the limit of tokens that is there */
	bool anew;        /* the answer is read for `chat`, and written anew */
	struct chat chat;
	const struct name_back *names; /* else, of tools in the answer; NULL */
	/* private */
	bool renamed;  /* tools go by other names */
	bool retooled; /* or as functions */
};

/* `max`: bytes of `text`. */
void conversion_init(struct conversion *v, size_t max);
void conversion_release(struct conversion *v);
/* In which dialect it goes; may be said anew before the body is looked at. */
void conversion_aim(struct conversion *v, enum dialect_id provider);

/* What is known to be refused of the body, which `k` has read, is made legal.
 * 1: `text` is the body, with the model's name; 0: it stays as it came, but for
 * that name; -1. */
int conversion_mend(struct conversion *v, struct span body,
		    const struct peek *k, struct err *e);
/* The model's name in a body that is ours; `k` follows. */
int conversion_rename(struct buf *body, struct peek *k, const char *model,
		      struct err *e);
/* Has the answer to `body`, as the client sent it, to be written anew, or names
 * of tools in it to be put back? As what was mended and the provider's switches
 * say. */
void conversion_expect(struct conversion *v, struct span body, bool stream);

/* `text` is the request in the provider's dialect. */
int conversion_translate(struct conversion *v, struct span body, struct err *e);

/* A refusal of `sent`: what of it goes, and where that stands, in bytes. */
struct conversion_refusal {
	struct mend_refusal what;
	const struct upstream_model
		*target; /* with the switches it speaks of */
	size_t at;       /* in: of the one before; out: of this one */
};

/* `text` without that: true. False: there is none of it, or providers that
 * check a history in its order would have named it before. */
bool conversion_leave_out(struct conversion *v, struct span sent,
			  struct conversion_refusal *r);

#endif
