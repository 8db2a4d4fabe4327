/* SPDX-License-Identifier: MIT */
/*
 * watch: the files and folders that a configuration was made of, as they were.
 *
 * watches_add comes before a file is read: a change meanwhile is then seen the
 * next time. watches_same looks at each of them. With a `notify` (begun and
 * ended by the caller) they are watched as well, so that nobody has to look
 * while nothing happens. Not thread-safe; watches_same is, once all are added.
 */
#ifndef DARIO_WATCH_H
#define DARIO_WATCH_H

#include "base/notify.h"

#include <stddef.h>

#define WATCHES_MAX 2048

struct watched;
struct watches {
	const char *home;      /* what is in it is pinned */
	struct notify *notify; /* or NULL */
	struct watched *list;
	size_t n;
	/* One more change in the same tick may look like this one: when to
	 * load it again in any case, or 0 (clock_ms). */
	int64_t again;
};

void watches_init(struct watches *w, const char *home, struct notify *n);
void watches_release(struct watches *w);

/* `name` below `root`; "" is the root itself. A link outside of the home
 * stands for itself and for what it leads to. */
void watches_add(struct watches *w, const char *root, const char *name);
bool watches_same(const struct watches *w);
/* Watch them anew, where their names lead now. */
void watches_renew(const struct watches *w);

#endif
