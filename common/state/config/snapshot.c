/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/snapshot.h"

#include "base/clock.h"
#include "base/embed.h"
#include "base/fnv.h"
#include "base/log.h"
#include "state/config/snapshot-load.h"
#include "state/shared/tidy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 1000 /* for what the kernel does not tell (notify.h) */

/* What the log was told last: each fault is said once. */
struct told {
	bool broken;
	char msg[sizeof(((struct err *)0)->msg)];
	uint64_t notes; /* a hash of them, or 0 */
};

struct snapshot_store {
	char *home;
	pthread_mutex_t lock;    /* of current, its refs, error */
	pthread_mutex_t loading; /* one thread loads */
	struct snapshot *current;
	bool broken;
	struct err error;
	uint64_t broken_state; /* of the files that could not be loaded */
	struct notify *notify;
	/* The notify_state up to which `current` is right, and until when; 0:
	 * the files are looked at for each request. */
	_Atomic uint64_t right_at;
	_Atomic int64_t right_until; /* clock_ms */
	uint64_t renewed_at;         /* under `loading`, as what follows */
	bool whole;                  /* all files are watched */
	bool logs;
	struct told told;
	atomic_bool untidy; /* it was loaded: files may need it, too */
};

struct snapshot_store *snapshot_open(char *home)
{
	struct snapshot_store *cs = xcalloc(1, sizeof(*cs));

	cs->home = home;
	cs->notify = notify_new();
	pthread_mutex_init(&cs->lock, NULL);
	pthread_mutex_init(&cs->loading, NULL);
	return cs;
}

void snapshot_close(struct snapshot_store *cs)
{
	struct snapshot *base;

	if (!cs)
		return;
	base = cs->current ? cs->current->base : NULL;
	snapshot_free(cs->current);
	snapshot_free(base);
	notify_free(cs->notify);
	pthread_mutex_destroy(&cs->lock);
	pthread_mutex_destroy(&cs->loading);
	free(cs->home);
	free(cs);
}

const char *snapshot_home(const struct snapshot_store *cs)
{
	return cs->home;
}

static bool is_due(int64_t when)
{
	return when && clock_ms() >= when;
}

static bool up_to_date(const struct snapshot *c)
{
	return watches_same(&c->watches) && !is_due(c->watches.again) &&
	       !is_due(c->accounts.ask_again);
}

static struct snapshot *take(struct snapshot_store *cs)
{
	struct snapshot *c;

	pthread_mutex_lock(&cs->lock);
	c = cs->current;
	if (c)
		c->refs++;
	pthread_mutex_unlock(&cs->lock);
	return c;
}

struct snapshot *snapshot_share(struct snapshot_store *cs, struct snapshot *c)
{
	pthread_mutex_lock(&cs->lock);
	c->refs++;
	pthread_mutex_unlock(&cs->lock);
	return c;
}

void snapshot_put(struct snapshot_store *cs, struct snapshot *c)
{
	struct snapshot *base;
	bool last;

	for (; c; c = last ? base : NULL) {
		pthread_mutex_lock(&cs->lock);
		last = --c->refs == 0;
		base = c->base;
		pthread_mutex_unlock(&cs->lock);
		if (last)
			snapshot_free(c);
	}
}

bool snapshot_broken(struct snapshot_store *cs, struct err *e)
{
	bool broken;

	pthread_mutex_lock(&cs->lock);
	broken = cs->broken;
	*e = cs->error;
	pthread_mutex_unlock(&cs->lock);
	return broken;
}

/* Of all notes; 0 when there are none. */
static uint64_t hash_of_notes(const struct notes *n)
{
	uint64_t h = FNV_START;

	for (size_t i = 0; i < n->n; i++)
		h = fnv_byte(fnv(h, span_of(n->list[i].text)), '\n');
	return n->n ? h : 0;
}

static void tell_broken(struct snapshot_store *cs)
{
	struct told *t = &cs->told;

	if (cs->broken && !(t->broken && strcmp(t->msg, cs->error.msg) == 0)) {
		memcpy(t->msg, cs->error.msg, sizeof(t->msg));
		log_msg(cs->current ? "an edit was refused, the last good "
				      "state stays in force: %s"
				    : "no request can be served: %s",
			t->msg);
	} else if (!cs->broken && t->broken) {
		log_msg("what was refused is mended: all edits are in force");
	}
	t->broken = cs->broken;
}

static void tell_notes(struct snapshot_store *cs)
{
	const struct notes *n = cs->broken ? NULL : &cs->current->notes;
	uint64_t h = n ? hash_of_notes(n) : cs->told.notes;

	if (h == cs->told.notes)
		return;
	for (size_t i = 0; i < n->n; i++)
		log_msg("%s", n->list[i].text);
	if (!n->n)
		log_msg("no file has a fault any more");
	cs->told.notes = h;
}

/* Once per fault, not per request; `loading` is held. */
static void tell(struct snapshot_store *cs)
{
	if (!cs->logs || !(cs->broken || cs->current))
		return;
	tell_broken(cs);
	tell_notes(cs);
}

void snapshot_log(struct snapshot_store *cs)
{
	pthread_mutex_lock(&cs->loading);
	cs->logs = true;
	tell(cs);
	pthread_mutex_unlock(&cs->loading);
}

/* The last good one, with the keys that people have now: one that was removed
 * must not live on because something else is wrong. `loading` is held. */
static struct snapshot *with_keys(struct snapshot_store *cs)
{
	struct snapshot *was = cs->current, *c;
	struct err unused;

	if (!was)
		return NULL;
	was = was->base ? was->base : was;
	c = xcalloc(1, sizeof(*c));
	*c = *was;
	c->base = was;
	c->refs = 1;
	memset(&c->keys, 0, sizeof(c->keys));
	memset(&c->notes, 0, sizeof(c->notes));
	if (keys_load(&c->keys, cs->home, NULL, NULL, &c->notes, &unused)) {
		keys_release(&c->keys);
		c->keys.any = c->keys.unread = true;
	}
	pthread_mutex_lock(&cs->lock);
	was->refs++;
	pthread_mutex_unlock(&cs->lock);
	return c;
}

/* Swap in what the files hold now; `loading` is held. */
static void reload(struct snapshot_store *cs)
{
	const struct settings *s = cs->current ? &cs->current->settings : NULL;
	const char *env = embed_getenv("DARIO_TEMPLATE");
	uint64_t state = snapshot_files(cs->home, env ? env
						  : s ? s->template
						      : "");
	struct snapshot *fresh = NULL, *old = NULL;
	struct err e = { 0 };
	bool good;

	if (cs->broken && cs->broken_state == state)
		return;
	atomic_store(&cs->untidy, cs->logs);
	notify_begin(cs->notify);
	fresh = snapshot_read(cs->home, cs->notify, &e);
	good = fresh;
	if (!good)
		fresh = with_keys(cs);
	pthread_mutex_lock(&cs->lock);
	if (fresh) {
		old = cs->current;
		cs->current = fresh;
		memory_set_budget((size_t)fresh->settings.memory << 20);
	}
	cs->broken = !good;
	/* What the system refused may be granted the next time. */
	cs->broken_state = err_is_local(e.code) ? 0 : state;
	cs->error = e;
	pthread_mutex_unlock(&cs->lock);
	snapshot_put(cs, old);
	tell(cs);
}

/* Nothing can have changed since `current` was found to be right. */
static bool settled(const struct snapshot_store *cs)
{
	uint64_t at = atomic_load(&cs->right_at);

	return at && at == notify_state(cs->notify) &&
	       clock_ms() < atomic_load(&cs->right_until);
}

/* `current` is right, as of that state of the files. */
static void settle(struct snapshot_store *cs, uint64_t state)
{
	const struct snapshot *c = cs->current;
	int64_t until = clock_ms() + LOOK_MS;

	if (c->watches.again && c->watches.again < until)
		until = c->watches.again;
	if (c->accounts.ask_again && c->accounts.ask_again < until)
		until = c->accounts.ask_again;
	atomic_store(&cs->right_until, until);
	atomic_store(&cs->right_at, state);
}

/* Look at the files, load what has changed; `loading` is held. Whatever
 * happens from here on moves the state on. */
static void bring_up_to_date(struct snapshot_store *cs)
{
	uint64_t state = notify_state(cs->notify);
	const struct snapshot *c = cs->current;
	bool told = cs->whole && state != cs->renewed_at;

	if (c && told) {
		notify_begin(cs->notify);
		watches_renew(&c->watches);
		cs->whole = notify_end(cs->notify);
	}
	if (!c || (told && c->watches.again) || !up_to_date(c)) {
		reload(cs);
		cs->whole = !cs->broken && notify_end(cs->notify);
	}
	cs->renewed_at = state;
	if (cs->whole)
		settle(cs, state);
	else
		atomic_store(&cs->right_at, 0);
}

static struct snapshot *current(struct snapshot_store *cs, struct err *e)
{
	struct snapshot *c;

	/* First whether it is right, then what it is. */
	if (settled(cs) && (c = take(cs)))
		return c;
	c = take(cs);
	if (c && !atomic_load(&cs->right_at) && up_to_date(c))
		return c;
	snapshot_put(cs, c);
	pthread_mutex_lock(&cs->loading);
	if (!settled(cs))
		bring_up_to_date(cs);
	c = take(cs);
	pthread_mutex_unlock(&cs->loading);
	/* It may wait, which is not for whoever holds a mutex. */
	if (atomic_exchange(&cs->untidy, false))
		tidy_files(cs->home);
	if (!c)
		snapshot_broken(cs, e);
	return c;
}

int snapshot_fd(const struct snapshot_store *cs)
{
	return notify_fd(cs->notify);
}

void snapshot_poll(struct snapshot_store *cs)
{
	notify_read(cs->notify);
}

struct snapshot *snapshot_current_in_round(struct snapshot_store *cs,
					   struct err *e)
{
	return current(cs, e);
}

struct snapshot *snapshot_current(struct snapshot_store *cs, struct err *e)
{
	notify_read(cs->notify);
	return current(cs, e);
}

const struct backend *snapshot_backend(const struct snapshot *c,
				       struct span name)
{
	uint64_t hash = fnv(FNV_START, name);

	for (size_t i = 0; i < c->n_backends; i++)
		if ((!c->name_hashes || c->name_hashes[i] == hash) &&
		    span_is(name, c->backends[i].name))
			return &c->backends[i];
	return NULL;
}
