/* SPDX-License-Identifier: MIT */
/*
 * shared-choose: which store a process shares its state in, by the settings:
 * files unless they name another (redis-url.h).
 */
#ifndef DARIO_SHARED_CHOOSE_H
#define DARIO_SHARED_CHOOSE_H

#include "state/config/option.h"

#include <stdint.h>

/* Before anything is shared; it holds for all of the process. A store that is
 * away is no error. */
int shared_choose(const char *home, const struct settings *s, struct err *e);
/* The same, with the settings that a command finds. What is wrong with them is
 * no error here. */
int shared_choose_for(const char *home, struct err *e);

/* A worker keeps what it holds alive in the store, follows what is sealed there
 * (vault-follow.h), and ends that. */
void shared_keep(void);
void shared_end(void);
/* The loop of this thread has ended: its connection goes. */
void shared_detach(void);

struct shared_state {
	bool remote;    /* not files */
	int64_t away;   /* since then, ms since 1970; 0: it is there */
	char why[200];  /* it is away */
	size_t waiting; /* ends of requests that are to be counted there */
};
void shared_look(struct shared_state *out);
/* Ask it, as a command does: 0 it is there. */
int shared_ask(struct err *e);
/* What its server says of itself (INFO), or -1. */
int shared_info(const char *section, struct buf *out, struct err *e);
/* One of its settings (CONFIG GET); -1 also where it is not told. */
int shared_setting(const char *name, struct buf *out, struct err *e);

#endif
