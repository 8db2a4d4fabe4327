/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/vault-follow.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rest.h"
#include "base/wait.h"
#include "state/config/credential.h"
#include "state/shared/config-share.h"
#include "state/shared/shared-choose.h"
#include "state/shared/shared.h"
#include "state/shared/vault.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 100   /* at what is known of the store */
#define AGAIN_MS 1000 /* before what went wrong is tried again */
#define WAIT_MS 1000  /* of a request, for files to be written */
#define STEP_MS 5
#define STACK_BYTES (1u << 20)

static struct {
	pthread_t thread;
	struct rest rest;
	char *home;
	bool config, runs;
	_Atomic bool live;
	_Atomic uint64_t seen; /* version of the vault that was looked at */
	char said[sizeof(((struct err *)0)->msg)]; /* each fault once */
} follow;

static void complain(const struct err *e)
{
	if (strcmp(follow.said, e->msg) == 0)
		return;
	memcpy(follow.said, e->msg, sizeof(follow.said));
	log_msg("%s", e->msg);
}

struct round {
	bool all; /* everything is as it is in the store */
};

static void follow_account(void *arg, const char *file)
{
	struct round *r = arg;
	struct err e = { 0 };
	bool busy;
	int lock = store_try_lock(follow.home, file, &busy, &e);

	/* Whoever has the lock does the same, or more. */
	if (lock >= 0 && credential_sync(follow.home, file, &e)) {
		complain(&e);
		r->all = false;
	}
	r->all = r->all && lock >= 0;
	store_unlock(lock);
}

static bool bring_together(void)
{
	struct round r = { .all = true };
	struct err e = { 0 };
	size_t unused;

	if (follow.config && config_pull(follow.home, false, &unused, &e)) {
		complain(&e);
		r.all = false;
	}
	credential_each(follow.home, follow_account, &r);
	if (r.all)
		follow.said[0] = '\0';
	return r.all;
}

static bool is_away(void)
{
	struct shared_state s;

	shared_look(&s);
	return s.away;
}

static void *run(void *arg)
{
	bool done = false;
	long ms = 0;

	while (rest_for(&follow.rest, ms)) {
		uint64_t now = vault_version();

		ms = LOOK_MS;
		if (is_away()) {
			done = false;
			continue;
		}
		if (done && now == atomic_load(&follow.seen))
			continue;
		done = bring_together();
		atomic_store(&follow.seen, now);
		ms = done ? LOOK_MS : AGAIN_MS;
	}
	return arg;
}

bool vault_follow_live(void)
{
	return atomic_load_explicit(&follow.live, memory_order_relaxed);
}

bool vault_follow_now(void)
{
	int64_t end = clock_ms() + WAIT_MS;
	uint64_t want;

	shared_sync(follow.home);
	want = vault_version();
	if (atomic_load(&follow.seen) >= want || is_away())
		return false;
	rest_wake(&follow.rest);
	while (atomic_load(&follow.seen) < want && clock_ms() < end)
		wait_ms(STEP_MS);
	return true;
}

void vault_follow_start(const char *home, bool config)
{
	if (!vault_exists() || follow.runs)
		return;
	free(follow.home);
	follow.home = xstrdup(home);
	follow.config = config;
	rest_init(&follow.rest);
	follow.runs = rest_thread(&follow.thread, STACK_BYTES, run);
	atomic_store(&follow.live, follow.runs && config);
}

void vault_follow_end(void)
{
	if (!follow.runs)
		return;
	rest_end(&follow.rest);
	pthread_join(follow.thread, NULL);
	follow.runs = false;
}
