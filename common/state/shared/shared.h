/* SPDX-License-Identifier: MIT */
/*
 * shared: what all processes of a router know together. It may be lost.
 *
 * An entry has a name such as "limits-work" and holds three things, each of
 * which may be missing: a text (read, update, remove), a count of what living
 * processes hold of it (add), and a turn that comes at most so often (turn).
 * Beside entries there are logs (append) and lines of those who wait (join).
 *
 * Behind it are files under DARIO_HOME/state (shared-files.c): a text is a file
 * that is replaced under a lock, counts, turns and lines stand in one table
 * that all processes map. Another store can take their place (shared-ops.h): no
 * caller sees a path, a lock or a descriptor. An operation may park the
 * coroutine that calls it, so none is called with a mutex held, but for those
 * that are said to be immediate. No lock is ever held across the network. What
 * goes with its process (counts, places in a line) goes also when that is
 * killed. Entries live as long as the process, or until their home is
 * forgotten. Thread-safe. Times are milliseconds.
 */
#ifndef DARIO_SHARED_H
#define DARIO_SHARED_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define SHARED_NAME_MAX 160
#define SHARED_TEXT_MAX (1u << 20)

struct shared_entry;

/* The entry of that name: [A-Za-z0-9_.-], or "sticky/" and such. */
struct shared_entry *shared_entry(const char *home, const char *name);
/* Nobody of this process has to do with the home any more, or holds an entry of
 * it: what it takes is given back. */
void shared_forget(const char *home);

/* --- texts --------------------------------------------------------------- */

/* Take notice of what others have written: once, before versions are asked.
 * Immediate, as these two are. */
void shared_sync(const char *home);
/* What is known may be some moments old where the store is far: is there more
 * to know now? It may park. For who would have to refuse. */
bool shared_look_again(const char *home);
/* Another one when the text may have changed. */
uint64_t shared_version(struct shared_entry *x);
/* 0; 1 there is none, or nothing that can be read; -1: the machine has too
 * little of something to know, and it is neither to be taken for nothing nor
 * written over. */
int shared_read(struct shared_entry *x, struct buf *out, struct err *e);
/* Would that have to ask for it? Immediate. */
bool shared_is_behind(struct shared_entry *x);

/* With the text as it is now ("" none): true when `now` is to take its place.
 * It must not wait. */
typedef bool shared_change_fn(void *arg, struct span was, struct buf *now);
int shared_update(struct shared_entry *x, shared_change_fn *change, void *arg,
		  struct err *e);
/* The same, but not done at all while another process is at it. */
int shared_try_update(struct shared_entry *x, shared_change_fn *change,
		      void *arg, struct err *e);
void shared_remove(struct shared_entry *x); /* it may be missing */
/* Forget the texts below `folder` ("sticky") that were not written for so
 * long. */
void shared_expire(const char *home, const char *folder, int64_t age_ms);

/* One line more in a log. It may be lost; nobody waits for it. *size: now and
 * then what the log has grown to, else 0. It waits only to mend the file. */
void shared_append(const char *home, const char *name, struct span line,
		   int64_t *size);

/* --- counts and turns: immediate ----------------------------------------- */

/* What all living processes hold of it. */
uint32_t shared_count(struct shared_entry *x);
/* Hold one more, unless the count is not what the caller has `seen`. */
bool shared_add(struct shared_entry *x, uint32_t seen);
void shared_sub(struct shared_entry *x);
/* Was `a` added to before `b`, or never? */
bool shared_is_older(struct shared_entry *a, struct shared_entry *b);

/* One of several that was chosen, and by what. */
struct shared_choice {
	uint32_t seen;    /* its count */
	bool any_count;   /* would be chosen with any: `seen` may be wrong */
	bool lost_a_race; /* the choice before was refused */
	int64_t interval; /* of turns, ms; 0: none is taken */
	int64_t max;      /* and how long to wait for one */
	/* A text that is read next: it may come with the answer. Or NULL. */
	struct shared_entry *text;
	int64_t wait; /* set: for the turn, as shared_turn says it */
};

/* Hold one more as shared_add does, and take the next turn, if there are any.
 * In one step where that is dear: it may park. */
bool shared_take(struct shared_entry *x, struct shared_choice *c);

/* Take the next turn, of which there is one per interval: how long to wait for
 * it, or -1 when that is more than `max`: none is taken then. */
int64_t shared_turn(struct shared_entry *x, int64_t interval, int64_t max);
/* How long one would wait at `now`, ms since 1970. */
int64_t shared_turn_in(struct shared_entry *x, int64_t now);

/* --- lines: immediate ---------------------------------------------------- */

struct shared_place {
	uint64_t number; /* 0: none */
	size_t at;
};

/* Behind those of the line whose `priority` (0 to 65535) is no larger. -1 with
 * ERR_BUSY when `max` are in it. Only those in the same lane come before
 * one. */
int shared_join(const char *home, const char *line, const char *lane,
		size_t max, unsigned priority, struct shared_place *out,
		struct err *e);
bool shared_first(const char *home, const struct shared_place *p);
void shared_leave(const char *home, struct shared_place *p);
/* How many wait; `lane` NULL: in all lanes, `line` NULL: in all lines. */
size_t shared_length(const char *home, const char *line, const char *lane);

#endif
