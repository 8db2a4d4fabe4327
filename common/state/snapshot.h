/* SPDX-License-Identifier: MIT */
/*
 * snapshot: the configuration at one moment: everything under DARIO_HOME that a
 * request needs. Immutable.
 *
 * snapshot_current gives the snapshot that matches the files at this moment: it
 * compares their signatures (no file is read when nothing changed) and loads
 * anew when one differs, so an edit is in force on the next request. When an
 * edit cannot be loaded the last good snapshot goes on serving and
 * snapshot_broken tells why. A snapshot lives until its last snapshot_put.
 * Thread-safe.
 */
#ifndef DARIO_SNAPSHOT_H
#define DARIO_SNAPSHOT_H

#include "base/err.h"
#include "base/store.h"
#include "state/account.h"
#include "state/backend.h"
#include "state/models.h"
#include "state/note.h"
#include "state/option.h"
#include "state/rule.h"
#include "state/tools.h"

struct snapshot {
	struct settings settings;
	struct models *models;
	struct backend *backends; /* by name; the demo last */
	size_t n_backends;
	struct rules rules;
	struct accounts accounts;  /* of Claude */
	struct backend claude;     /* where they are served */
	struct tool_rows *tools;   /* how clients' tools are mapped there */
	struct template *template; /* what is put into their requests */
	struct notes notes;        /* what is wrong all the same */
	/* private */
	const char *home;      /* while it is loaded */
	struct watch *watches; /* the files that this was made of */
	size_t n_watches;
	int64_t again; /* when to load it again in any case, or 0 (clock_ms) */
	int refs;
};

struct watch;
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
bool snapshot_broken(struct snapshot_store *cs, struct err *e);

const struct backend *snapshot_backend(const struct snapshot *c,
				       struct span name);

/* Load once, without a store; free with snapshot_free. */
struct snapshot *snapshot_load(const char *home, struct err *e);
void snapshot_free(struct snapshot *c);

#endif
