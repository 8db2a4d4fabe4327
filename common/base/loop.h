/* SPDX-License-Identifier: MIT */
/*
 * loop: the events of one thread: descriptors, timers, and what other threads
 * post.
 *
 * A loop belongs to the thread that runs it; only loop_post may be
 * called from others. Watches and timers are their owner's memory, zeroed
 * before their first use, and no event of theirs comes after loop_unwatch and
 * loop_untime. Functions that are called must not block. Times are of
 * clock_ms.
 */
#ifndef DARIO_LOOP_H
#define DARIO_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* What a watch, a timer or a post is a member of. */
#define OWNER(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

enum loop_event {
	LOOP_READ = 1,   /* or its end */
	LOOP_WRITE = 2,  /* or an error */
	LOOP_GONE = 4,   /* the other side has closed; always told */
	LOOP_SHARED = 8, /* with LOOP_READ: other loops watch it, too; one of
			  * them is told. Not to be changed. */
};

/* A descriptor and what it is watched for. */
struct watch {
	void (*fn)(struct watch *w, unsigned events);
	int fd;
	unsigned events; /* private from here on */
	unsigned slot;   /* 0: none */
};

struct timer {
	void (*fn)(struct timer *t);
	int64_t at;
	size_t place; /* private: 0: not set */
};

struct loop *loop_new(struct err *e);
void loop_free(struct loop *l); /* its tasks have ended; NULL is fine */

/* fn and fd are set. More or other events than before; 0 leaves LOOP_GONE. */
int loop_watch(struct loop *l, struct watch *w, unsigned events);
void loop_unwatch(struct loop *l, struct watch *w); /* before fd is closed */
/* The same when fd is closed next, which saves a system call. */
void loop_forget(struct loop *l, struct watch *w);

void loop_time(struct loop *l, struct timer *t, int64_t at);
void loop_untime(struct loop *l, struct timer *t);

/* fn runs in the loop's thread; before a loop_post returns it may have. */
struct loop_post {
	void (*fn)(struct loop_post *p);
	struct loop_post *next;
};
void loop_post(struct loop *l, struct loop_post *p);

/* fn runs once, when there is nothing else to do and before the loop waits; not
 * again before it has. */
void loop_when_idle(struct loop *l, struct loop_post *p);

/* fn runs once, before the loop looks for other events: what the tasks of this
 * round have asked for goes out together. Not again before it has run. */
void loop_after_round(struct loop *l, struct loop_post *p);

/* Run until *done is true, which is looked at after each round. What is to run
 * when the loop is idle has run then, and no helper thread works for a task. */
void loop_run(struct loop *l, const bool *done);

/* Which round it is: what came with one is told before its tasks run. */
uint64_t loop_round(const struct loop *l);

/* What runs on a loop in each round, before the loop waits. One per loop. */
struct loop_rounds {
	void (*fn)(struct loop_rounds *r);
	bool (*more)(const struct loop_rounds *r); /* true: do not wait */
	bool (*busy)(const struct loop_rounds *r); /* true: do not end */
	void (*release)(struct loop_rounds *r);    /* by loop_free */
};
void loop_set_rounds(struct loop *l, struct loop_rounds *r);
struct loop_rounds *loop_rounds(const struct loop *l); /* or NULL */

#endif
