/* SPDX-License-Identifier: MIT */
/*
 * snapshot: the configuration at one moment: everything under DARIO_HOME that a
 * request needs. Immutable.
 *
 * snapshot_current gives the snapshot that matches the files at this moment. It
 * asks the kernel whether anything was done to them (one read that finds
 * nothing), only then compares their signatures, and loads anew when one
 * differs, so an edit is in force on the next request. Where the kernel cannot
 * tell (notify.h) the signatures are compared each time. When an edit cannot be
 * loaded the last good snapshot goes on serving, but for people's keys, which
 * are always as their files are now, and snapshot_broken tells why. A snapshot
 * lives until its last snapshot_put. Thread-safe.
 */
#ifndef DARIO_SNAPSHOT_H
#define DARIO_SNAPSHOT_H

#include "base/err.h"
#include "base/store.h"
#include "state/config/account.h"
#include "state/config/backend.h"
#include "state/config/models.h"
#include "state/config/note.h"
#include "state/config/option.h"
#include "state/config/providers.h"
#include "state/config/rule.h"
#include "state/config/tools.h"
#include "state/config/watch.h"
#include "state/keys/key.h"
#include "state/usage/price.h"

/* A pattern by which a backend claims models. */
struct claim {
	uint64_t needs; /* by which most say no: see glob.h */
	const struct model_pattern *pattern;
	const struct backend *backend;
};

struct snapshot {
	struct settings settings;
	struct models *models;
	struct prices *prices;
	struct providers *providers;
	struct backend *backends; /* by name; the demo last */
	size_t n_backends;
	/* What is looked for with each request stands side by side: to walk
	 * over whole backends would be to fetch each from memory. */
	uint64_t *name_hashes; /* of the backends, or NULL */
	struct claim *claims;  /* of all backends, in their order */
	size_t n_claims;
	struct keys keys; /* of people */
	struct rules rules;
	struct accounts accounts;  /* of Claude */
	struct backend claude;     /* where they are served */
	struct tool_rows *tools;   /* how clients' tools are mapped there */
	struct template *template; /* what is put into their requests */
	struct notes notes;        /* what is wrong all the same */
	/* private */
	struct watches watches; /* the files that this was made of */
	struct snapshot *base; /* whose all this is but for the keys; or NULL */
	int refs;
};

struct snapshot_store;

/* Takes `home` over (malloced). */
struct snapshot_store *snapshot_open(char *home);
void snapshot_close(struct snapshot_store *cs); /* no snapshot may be out */
/* From now on the log is told of edits that are refused, of those that are
 * mended and of notes: once each by this process, and what there is at once. */
void snapshot_log(struct snapshot_store *cs);
const char *snapshot_home(const struct snapshot_store *cs);

/* NULL only when there never was a good one. */
struct snapshot *snapshot_current(struct snapshot_store *cs, struct err *e);
void snapshot_put(struct snapshot_store *cs, struct snapshot *c);
/* The same one for another user, who puts it too. */
struct snapshot *snapshot_share(struct snapshot_store *cs, struct snapshot *c);

/* For a loop: snapshot_poll asks once for all requests of a round, before the
 * first and after what they were read from was read; snapshot_current_in_round
 * makes no system call then. snapshot_fd (or -1) is readable when something may
 * have happened; nobody has to wait for it. */
void snapshot_poll(struct snapshot_store *cs);
struct snapshot *snapshot_current_in_round(struct snapshot_store *cs,
					   struct err *e);
int snapshot_fd(const struct snapshot_store *cs);
bool snapshot_broken(struct snapshot_store *cs, struct err *e);

const struct backend *snapshot_backend(const struct snapshot *c,
				       struct span name);

/* Load once, without a store; free with snapshot_free. */
struct snapshot *snapshot_load(const char *home, struct err *e);
void snapshot_free(struct snapshot *c);

#endif
