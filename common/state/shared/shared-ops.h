/* SPDX-License-Identifier: MIT */
/*
 * shared-ops: what stands behind shared.h: one table per store. The files are
 * the one that needs no setting; shared_use chooses another, once, before the
 * first entry is asked for. Each member is what shared.h says of the function
 * of its name; what an entry is, each store says for itself.
 */
#ifndef DARIO_SHARED_OPS_H
#define DARIO_SHARED_OPS_H

#include "state/shared/shared.h"

struct shared_ops {
	struct shared_entry *(*entry)(const char *home, const char *name);
	void (*forget)(const char *home); /* or NULL */
	void (*sync)(const char *home);
	bool (*look_again)(const char *home);
	uint64_t (*version)(struct shared_entry *x);
	int (*read)(struct shared_entry *x, struct buf *out, struct err *e);
	int (*update)(struct shared_entry *x, shared_change_fn *change,
		      void *arg, struct err *e);
	int (*try_update)(struct shared_entry *x, shared_change_fn *change,
			  void *arg, struct err *e);
	void (*remove)(struct shared_entry *x);
	void (*expire)(const char *home, const char *folder, int64_t age_ms);
	void (*append)(const char *home, const char *name, struct span line,
		       int64_t *size);
	uint32_t (*count)(struct shared_entry *x);
	bool (*add)(struct shared_entry *x, uint32_t seen);
	void (*sub)(struct shared_entry *x);
	bool (*is_older)(struct shared_entry *a, struct shared_entry *b);
	bool (*take)(struct shared_entry *x, struct shared_choice *c);
	bool (*is_behind)(struct shared_entry *x); /* or NULL: never */
	int64_t (*turn)(struct shared_entry *x, int64_t interval, int64_t max);
	int64_t (*turn_in)(struct shared_entry *x, int64_t now);
	int (*join)(const char *home, const char *line, const char *lane,
		    size_t max, unsigned priority, struct shared_place *out,
		    struct err *e);
	bool (*first)(const char *home, const struct shared_place *p);
	void (*leave)(const char *home, struct shared_place *p);
	size_t (*length)(const char *home, const char *line, const char *lane);
};

extern const struct shared_ops shared_files;

/* Before anything is shared: it holds for all of the process. */
void shared_use(const struct shared_ops *ops);

#endif
