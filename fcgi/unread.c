/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/unread.h"

#include "base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct unread_caller {
	struct unread_caller *next;
	uint64_t who;
	size_t bodies;
	atomic_llong left; /* bytes of all of them */
};

void unread_init(struct unread *u)
{
	pthread_mutex_init(&u->lock, NULL);
	u->callers = NULL;
}

void unread_release(struct unread *u)
{
	assert(!u->callers);
	pthread_mutex_destroy(&u->lock);
}

/* What the others have, of each no more than may be one's. */
static long long of_others(const struct unread *u, uint64_t who)
{
	long long sum = 0;

	for (struct unread_caller *c = u->callers; c; c = c->next) {
		long long left = atomic_load(&c->left);

		if (c->who != who)
			sum += left < UNREAD_EACH ? left : UNREAD_EACH;
	}
	return sum;
}

static struct unread_caller *find(struct unread *u, uint64_t who)
{
	struct unread_caller *c = u->callers;

	while (c && c->who != who)
		c = c->next;
	return c;
}

static int check(const struct unread *u, uint64_t who,
		 const struct unread_caller *own, int64_t n, struct err *e)
{
	long long mine = own ? atomic_load(&own->left) : 0;
	long long others = of_others(u, who);

	if (mine && mine + n > UNREAD_EACH)
		return err_set(
			e, ERR_BUSY,
			"%lld MiB of other bodies of yours are on their "
			"way, and the web server has to keep on its disk "
			"what their providers are slow to take: let "
			"them end first",
			mine >> 20);
	if (n > UNREAD_EACH) /* it is alone, and counts for no more */
		n = UNREAD_EACH;
	if (others + mine + n > UNREAD_MAX)
		return err_set(e, ERR_BUSY,
			       "%lld MiB of other bodies are on their way, and "
			       "the web server has to keep on its disk what "
			       "their providers are slow to take: try again "
			       "shortly",
			       (others + mine) >> 20);
	return 0;
}

struct unread_caller *unread_begin(struct unread *u, uint64_t who, int64_t n,
				   struct err *e)
{
	struct unread_caller *c;

	pthread_mutex_lock(&u->lock);
	c = find(u, who);
	if (check(u, who, c, n, e)) {
		c = NULL;
	} else {
		if (!c) {
			c = xcalloc(1, sizeof(*c));
			c->who = who;
			c->next = u->callers;
			u->callers = c;
		}
		c->bodies++;
		atomic_fetch_add(&c->left, n);
	}
	pthread_mutex_unlock(&u->lock);
	return c;
}

void unread_took(struct unread_caller *c, int64_t n)
{
	atomic_fetch_sub(&c->left, n);
}

void unread_end(struct unread *u, struct unread_caller *c, int64_t left)
{
	struct unread_caller **at = &u->callers;

	pthread_mutex_lock(&u->lock);
	atomic_fetch_sub(&c->left, left);
	if (--c->bodies == 0) {
		while (*at != c)
			at = &(*at)->next;
		*at = c->next;
		free(c);
	}
	pthread_mutex_unlock(&u->lock);
}
