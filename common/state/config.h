/* SPDX-License-Identifier: MIT */
/*
 * config: everything under DARIO_HOME that a request needs, as one immutable
 * snapshot.
 *
 * config_current gives the snapshot that matches the files at this moment: it
 * compares their signatures (no file is read when nothing changed) and loads
 * anew when one differs, so an edit is in force on the next request. When an
 * edit cannot be loaded the last good snapshot goes on serving and
 * config_broken tells why. A snapshot lives until its last config_put.
 * Thread-safe.
 */
#ifndef DARIO_CONFIG_H
#define DARIO_CONFIG_H

#include "base/err.h"
#include "base/store.h"
#include "state/account.h"
#include "state/backend.h"
#include "state/models.h"
#include "state/option.h"
#include "state/rule.h"
#include "state/tools.h"

struct config {
	struct settings settings;
	struct models *models;
	struct backend *backends; /* by name; the demo last */
	size_t n_backends;
	struct rules rules;
	struct accounts accounts;  /* of Claude */
	struct backend claude;     /* where they are served */
	struct tool_rows *tools;   /* how clients' tools are mapped there */
	struct template *template; /* what is put into their requests */
	/* private */
	const char *home;      /* while it is loaded */
	struct watch *watches; /* the files that this was made of */
	size_t n_watches;
	int64_t again; /* when to load it again in any case, or 0 (clock_ms) */
	int refs;
};

struct watch;
struct config_store;

/* Takes `home` over (malloced). */
struct config_store *config_open(char *home);
void config_close(struct config_store *cs); /* no snapshot may be out */
const char *config_home(const struct config_store *cs);

/* NULL only when there never was a good one. */
struct config *config_current(struct config_store *cs, struct err *e);
void config_put(struct config_store *cs, struct config *c);
bool config_broken(struct config_store *cs, struct err *e);

const struct backend *config_backend(const struct config *c, struct span name);

/* Load once, without a store; free with config_free. */
struct config *config_load(const char *home, struct err *e);
void config_free(struct config *c);

#endif
