/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage.h"

#include "base/clock.h"
#include "base/fnv.h"
#include "base/own-pid.h"
#include "state/usage/usage-folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 1000 /* between looks whether the files are still there */
#define STEP_MS (USAGE_HOUR_MS / USAGE_STEPS)

/* Of this process. */
static struct {
	pthread_mutex_t lock;
	char *home;
	pid_t pid; /* that opened them: a lock belongs to all who inherit it */
	int64_t hour, looked;
	struct usage_writer *now, *total;
} my = { .lock = PTHREAD_MUTEX_INITIALIZER };

static atomic_bool due;

/* --- under the lock ------------------------------------------------------ */

static void close_files(void)
{
	usage_writer_close(my.now);
	usage_writer_close(my.total);
	my.now = my.total = NULL;
}

static void open_files(const char *home, int64_t hour)
{
	char stem[USAGE_STEM_BYTES];

	if (!my.home || strcmp(my.home, home)) {
		free(my.home);
		my.home = xstrdup(home);
	}
	my.pid = own_pid();
	my.hour = hour;
	usage_hour_stem(hour, stem);
	my.now = usage_writer_open(home, stem, hour);
	my.total = usage_writer_open(home, USAGE_TOTAL_STEM, 0);
	if (my.now && usage_writer_is_new(my.now))
		atomic_store(&due, true);
}

/* Somebody may have removed them. What cannot be had is tried again later. */
static bool are_gone(int64_t now)
{
	if (now - my.looked < LOOK_MS)
		return false;
	my.looked = now;
	return !my.now || !my.total || !usage_writer_is_current(my.now) ||
	       !usage_writer_is_current(my.total);
}

static bool ready(const char *home, int64_t hour)
{
	if (!my.home || my.hour != hour || my.pid != own_pid() ||
	    strcmp(my.home, home) || are_gone(clock_ms())) {
		close_files();
		open_files(home, hour);
	}
	return my.now && my.total;
}

static void add_sum(struct usage_writer *w, const struct usage_id *id,
		    const struct history_record *r)
{
	union usage_cell *c = usage_writer_begin(w, id);

	if (!c)
		return;
	usage_sum_add(&c->sum, r);
	usage_writer_end(w);
}

/* --- what is counted ----------------------------------------------------- */

static const char *named(const char *name)
{
	return name ? name : "";
}

static void take_names(struct usage_id *id, const struct history_record *r)
{
	id->names[USAGE_KEY] = named(r->key);
	id->names[USAGE_MODEL] = named(r->model);
	id->names[USAGE_BACKEND] = named(r->backend);
	id->names[USAGE_ACCOUNT] = *named(r->account) ? r->account
						      : named(r->backend);
	id->names[USAGE_SESSION] = named(r->session);
	id->names[USAGE_AGENT] = named(r->agent);
	id->names[USAGE_USER] = named(r->user);
}

static void add_everywhere(const struct history_record *r)
{
	struct usage_id id = { .kind = USAGE_SUM };
	uint64_t lasting;

	take_names(&id, r);
	lasting = usage_hash(fnv_byte(FNV_START, (unsigned char)id.kind), &id,
			     0, USAGE_LASTING);
	id.hash = usage_hash(lasting, &id, USAGE_LASTING, USAGE_DIMS);
	add_sum(my.now, &id, r);
	for (int i = USAGE_LASTING; i < USAGE_DIMS; i++)
		id.names[i] = "";
	id.hash = usage_hash(lasting, &id, USAGE_LASTING, USAGE_DIMS);
	add_sum(my.total, &id, r);
}

static void note_step(struct usage_step *s, const struct history_record *r)
{
	if (!s->first_time) {
		s->first_time = r->time;
		s->first_h5 = (float)r->h5;
		s->first_d7 = (float)r->d7;
	}
	s->last_time = r->time;
	s->last_h5 = (float)r->h5;
	s->last_d7 = (float)r->d7;
}

static void note_windows(const struct history_record *r)
{
	struct usage_id id = { .kind = USAGE_TREND };
	union usage_cell *c;

	for (int i = 0; i < USAGE_DIMS; i++)
		id.names[i] = "";
	id.names[USAGE_BACKEND] = named(r->backend);
	id.names[USAGE_ACCOUNT] = named(r->account);
	id.hash = usage_hash(fnv_byte(FNV_START, (unsigned char)id.kind), &id,
			     0, USAGE_DIMS);
	c = usage_writer_begin(my.now, &id);
	if (!c)
		return;
	note_step(&c->trend.steps[r->time % USAGE_HOUR_MS / STEP_MS], r);
	usage_writer_end(my.now);
}

void usage_add(const char *home, const struct history_record *r)
{
	int64_t hour = r->time / USAGE_HOUR_MS * USAGE_HOUR_MS;

	if (r->time <= 0)
		return;
	pthread_mutex_lock(&my.lock);
	if (ready(home, hour)) {
		add_everywhere(r);
		if (r->h5 >= 0)
			note_windows(r);
	}
	pthread_mutex_unlock(&my.lock);
}

bool usage_is_due(void)
{
	return atomic_load_explicit(&due, memory_order_relaxed) &&
	       atomic_exchange(&due, false);
}
