/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/breaker.h"

#include "base/clock.h"
#include "base/json.h"
#include "state/shared/shared.h"

#include <string.h>

struct breaker {
	int64_t failures; /* in a row */
	int64_t until;    /* open until then; 0: closed */
};

static struct shared_entry *entry_of(const char *home, const char *name)
{
	char entry[112];
	struct buf text = { .p = entry,
			    .cap = sizeof(entry),
			    .max = sizeof(entry) - 1 };

	buf_str(&text, "breaker-");
	buf_add(&text, name, strnlen(name, 90));
	return shared_entry(home, entry);
}

static void read_text(struct span text, struct breaker *b)
{
	struct err unused;
	struct json_object *o = text.n ? json_read(text, &unused) : NULL;

	b->failures = json_count(o, "failures", 0);
	b->until = json_count(o, "until", 0);
	json_object_put(o);
}

/* False: there is none, which is a closed one. */
static bool read_entry(struct shared_entry *x, struct breaker *b)
{
	struct err unused;
	struct buf text;
	bool any;

	buf_init(&text, SHARED_TEXT_MAX);
	any = shared_read(x, &text, &unused) == 0;
	read_text(buf_get(&text), b);
	buf_release(&text);
	return any;
}

static void write_text(const struct breaker *b, struct buf *out)
{
	buf_fmt(out, "{\"failures\":%lld,\"until\":%lld}",
		(long long)b->failures, (long long)b->until);
}

struct step {
	const struct settings *s;
	bool allowed;
};

static bool ask(void *arg, struct span was, struct buf *now)
{
	struct step *step = arg;
	int64_t t = clock_wall_ms(), open_ms = step->s->breaker_open_ms;
	struct breaker b;

	read_text(was, &b);
	/* A clock that was set back is not waited for. */
	step->allowed = b.until <= t || b.until > t + open_ms;
	if (!step->allowed || !b.until)
		return false;
	/* One probe at a time: the others wait as long again for it. */
	b.until = t + open_ms;
	write_text(&b, now);
	return true;
}

bool breaker_allows(const char *home, const char *name,
		    const struct settings *s)
{
	struct shared_entry *x = entry_of(home, name);
	struct step step = { s, true };
	struct err unused;
	struct breaker b;

	if (read_entry(x, &b) && b.until)
		shared_update(x, ask, &step, &unused);
	return step.allowed;
}

static bool count_failure(void *arg, struct span was, struct buf *now)
{
	const struct settings *s = arg;
	struct breaker b;

	read_text(was, &b);
	b.failures++;
	b.until = b.failures >= s->breaker_failures
			? clock_wall_ms() + s->breaker_open_ms
			: 0;
	write_text(&b, now);
	return true;
}

void breaker_note(const char *home, const char *name, const struct settings *s,
		  bool ok)
{
	struct shared_entry *x = entry_of(home, name);
	struct settings *arg = (struct settings *)s;
	struct err unused;

	if (ok)
		shared_remove(x);
	else /* what is not counted is told anew by the next failure */
		shared_update(x, count_failure, arg, &unused);
}

int64_t breaker_until(const char *home, const char *name)
{
	struct breaker b;

	read_entry(entry_of(home, name), &b);
	return b.until;
}
