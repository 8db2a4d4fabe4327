/* SPDX-License-Identifier: MIT */
/*
 * redis-mirror: what a process knows of the store's pool, for shared-redis.c,
 * which hears the news, redis-count.c, which counts in it, and redis-take.c,
 * which chooses by it.
 */
#ifndef DARIO_REDIS_MIRROR_H
#define DARIO_REDIS_MIRROR_H

#include "state/shared/shared-redis.h"

#include <pthread.h>
#include <stdatomic.h>

#define MIRROR_CHAINS 1024

struct shared_entry {
	struct shared_entry *next; /* of the chain */
	char name[SHARED_NAME_MAX + 1];
	bool below; /* its text is not part of the news */
	_Atomic uint64_t version;
	/* with the lock of the mirror */
	struct buf text;
	int64_t text_version, have_version; /* the store's, and of `text` */
	bool kept;       /* `text` has changed here while the store was away */
	uint64_t serial; /* of what was said last */
	uint64_t heard_serial;        /* and has arrived */
	_Atomic uint64_t sent_serial; /* and is on its way, at least */
	bool chosen;                  /* since then: with the lock */
	/* of the store: all, and what it thinks is ours */
	_Atomic uint32_t all, own;
	_Atomic uint32_t held; /* by this process */
	_Atomic int64_t last;  /* number of the change that chose it */
	_Atomic int64_t turn;
	_Atomic uint32_t races;
};

extern struct redis_mirror {
	pthread_mutex_t lock;
	struct shared_entry *chains[MIRROR_CHAINS];
	char data[40];                /* identity of the store's data */
	int64_t begun;                /* by its clock, when that was heard */
	_Atomic unsigned lost;        /* how often what was known was void */
	_Atomic int64_t since, heard; /* its last change; clock_ms */
	_Atomic int64_t ahead;        /* of our clock, the store's */
	_Atomic uint64_t serial;
	_Atomic bool again; /* say anew what is held */
	_Atomic bool kept;  /* there may be texts that are */
	_Atomic uint32_t waiting;
	_Atomic bool asked; /* a choice is on its way that brings the news */
	_Atomic bool used;  /* since the last beat */
	_Atomic bool holds; /* this process has held something */
	pid_t pid;
	int64_t answer_ms; /* that an answer may take */
} redis_mirror;

/* A request for an operation. */
void redis_mirror_begin(struct redis_args *a, const char *op);
int64_t redis_mirror_age(void); /* ms since the last answer */
/* Of the text that it has, in the store; 0: there is none. */
int64_t redis_mirror_version(struct shared_entry *x);

/* Of an answer, from that place of its result: the version of its text, and the
 * text, unless that is the one that was known. */
void redis_mirror_hear_text(struct shared_entry *x, const redisReply *answer,
			    size_t at);

/* In redis-count.c: as in shared.h. */
uint32_t redis_count(struct shared_entry *x);
bool redis_add(struct shared_entry *x, uint32_t seen);
void redis_sub(struct shared_entry *x);
bool redis_is_older(struct shared_entry *a, struct shared_entry *b);
/* What other processes hold of it. */
uint32_t redis_count_of_others(struct shared_entry *x);
/* One more or less, or none: what this process holds of it now, to be said in
 * its name, and the number of that. *chosen, unless it is NULL: was it chosen
 * since that was said last? It has to be said by `hold`, or noted again. */
uint64_t redis_say_held(struct shared_entry *x, int by, uint32_t *n,
			bool *chosen);
void redis_note_chosen(struct shared_entry *x, bool chosen);
/* The same, sent and not waited for. */
void redis_tell_held(struct shared_entry *x, int by);
/* The same within some ms, with what else is to be said of it by then. */
void redis_tell_later(struct shared_entry *x, int by);
/* What was said with that number is there. */
void redis_has_arrived(struct shared_entry *x, uint64_t serial);
/* When this thread's loop ends. */
void redis_count_leave(void);

/* In redis-take.c: as in shared.h. */
bool redis_take(struct shared_entry *x, struct shared_choice *c);
int64_t redis_turn(struct shared_entry *x, int64_t interval, int64_t max);
int64_t redis_turn_in(struct shared_entry *x, int64_t now);

#endif
