/* SPDX-License-Identifier: MIT */
/*
 * rest: how a thread of ours waits between its rounds, until it is to end.
 *
 * By the clock that nobody sets. rest_init before any other; rest_wake and
 * rest_end are for other threads. A rest lives as long as the process.
 */
#ifndef DARIO_REST_H
#define DARIO_REST_H

#include <pthread.h>
#include <stdbool.h>

struct rest {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ends, wakes;
};

void rest_init(struct rest *r);
/* At most so long. False: it is to end. */
bool rest_for(struct rest *r, long ms);
void rest_wake(struct rest *r); /* the next or the present one is over */
void rest_end(struct rest *r);
/* A thread with a stack of that size; false: there is none. */
bool rest_thread(pthread_t *thread, size_t stack, void *(*run)(void *arg));

#endif
