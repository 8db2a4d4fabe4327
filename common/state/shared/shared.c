/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/shared-ops.h"

static const struct shared_ops *ops = &shared_files;

void shared_use(const struct shared_ops *other)
{
	ops = other;
}

struct shared_entry *shared_entry(const char *home, const char *name)
{
	return ops->entry(home, name);
}

void shared_forget(const char *home)
{
	if (ops->forget)
		ops->forget(home);
}

void shared_sync(const char *home)
{
	ops->sync(home);
}

bool shared_look_again(const char *home)
{
	return ops->look_again(home);
}

uint64_t shared_version(struct shared_entry *x)
{
	return ops->version(x);
}

int shared_read(struct shared_entry *x, struct buf *out, struct err *e)
{
	return ops->read(x, out, e);
}

int shared_update(struct shared_entry *x, shared_change_fn *change, void *arg,
		  struct err *e)
{
	return ops->update(x, change, arg, e);
}

int shared_try_update(struct shared_entry *x, shared_change_fn *change,
		      void *arg, struct err *e)
{
	return ops->try_update(x, change, arg, e);
}

void shared_remove(struct shared_entry *x)
{
	ops->remove(x);
}

void shared_expire(const char *home, const char *folder, int64_t age_ms)
{
	ops->expire(home, folder, age_ms);
}

void shared_append(const char *home, const char *name, struct span line,
		   int64_t *size)
{
	ops->append(home, name, line, size);
}

uint32_t shared_count(struct shared_entry *x)
{
	return ops->count(x);
}

bool shared_add(struct shared_entry *x, uint32_t seen)
{
	return ops->add(x, seen);
}

void shared_sub(struct shared_entry *x)
{
	ops->sub(x);
}

bool shared_is_older(struct shared_entry *a, struct shared_entry *b)
{
	return ops->is_older(a, b);
}

bool shared_take(struct shared_entry *x, struct shared_choice *c)
{
	return ops->take(x, c);
}

bool shared_is_behind(struct shared_entry *x)
{
	return ops->is_behind && ops->is_behind(x);
}

int64_t shared_turn(struct shared_entry *x, int64_t interval, int64_t max)
{
	return ops->turn(x, interval, max);
}

int64_t shared_turn_in(struct shared_entry *x, int64_t now)
{
	return ops->turn_in(x, now);
}

int shared_join(const char *home, const char *line, const char *lane,
		size_t max, unsigned priority, struct shared_place *out,
		struct err *e)
{
	return ops->join(home, line, lane, max, priority, out, e);
}

bool shared_first(const char *home, const struct shared_place *p)
{
	return ops->first(home, p);
}

void shared_leave(const char *home, struct shared_place *p)
{
	ops->leave(home, p);
}

size_t shared_length(const char *home, const char *line, const char *lane)
{
	return ops->length(home, line, lane);
}
