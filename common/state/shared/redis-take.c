/* SPDX-License-Identifier: MIT */
/* redis-take: a choice that the store may refuse, and turns. */
#include "config.h"

#include "base/clock.h"
#include "base/task.h"
#include "state/shared/redis-mirror.h"

#define RACES 16   /* refused choices, before one is made all the same */
#define JUST_MS 50 /* old news that one may go by which has waited for them */
#define FRESH_MS 5 /* and one that nothing but a lost account would change */

/* --- turns --------------------------------------------------------------- */

/* As far as this host knows. */
static int64_t turn_here(struct shared_entry *x, int64_t interval, int64_t max)
{
	int64_t now = clock_wall_ms() + atomic_load(&redis_mirror.ahead);
	int64_t was = atomic_load(&x->turn), at;

	if (interval <= 0)
		return 0;
	do {
		at = was < now || was > now + max + interval ? now : was;
		if (at - now > max)
			return -1;
	} while (!atomic_compare_exchange_weak(&x->turn, &was, at + interval));
	return at - now;
}

/* Of an answer: how long until the turn; nobody waits longer than `max`. */
static int64_t turn_at(const redisReply *answer, size_t i, int64_t max)
{
	int64_t wait = redis_int_at(answer, i);

	return wait < 0 ? -1 : wait > max ? max : wait;
}

struct turning {
	int64_t wait, max;
};

static void turned(void *arg, const redisReply *answer)
{
	struct turning *t = arg;

	if (answer)
		t->wait = turn_at(answer, 0, t->max);
}

int64_t redis_turn(struct shared_entry *x, int64_t interval, int64_t max)
{
	struct turning t = { 0, max };
	struct redis_args a;
	struct err unused;

	redis_mirror_begin(&a, "turn");
	redis_word(&a, x->name);
	redis_int(&a, interval);
	redis_int(&a, max);
	if (redis_ask(&a, turned, &t, &unused))
		return turn_here(x, interval, max);
	return t.wait;
}

int64_t redis_turn_in(struct shared_entry *x, int64_t now)
{
	int64_t next = atomic_load_explicit(&x->turn, memory_order_relaxed) -
		       atomic_load_explicit(&redis_mirror.ahead,
					    memory_order_relaxed);

	return next > now ? next - now : 0;
}

/* --- choices ------------------------------------------------------------- */

/* What the store looks at before it grants one. */
enum check {
	CHECK_ALL,     /* what it was made by */
	CHECK_NOTHING, /* there were races enough */
	CHECK_TEXT,    /* what is known of it but its count */
};

/* A choice that goes to the store, and whoever has made the same one in the
 * same round of this loop: they are one request, for what the store is told is
 * how much this process holds in all. A turn is for each alone. */
struct taking {
	struct shared_entry *x;
	struct shared_choice *choice;
	enum check check;
	int64_t version;
	uint32_t others;
	uint64_t serial;
	unsigned lost;
	bool also, granted;
	bool chosen; /* before, and not told: this call tells it if granted */
	struct joined *joined;
	struct taking *next;
};

struct joined { /* of a task that waits for it; on its stack */
	struct joined *next;
	struct task *task;
	bool over, refused;
};

static _Thread_local struct taking *open_takings;

static void close_taking(struct taking *t)
{
	struct taking **at = &open_takings;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
}

static void say_taking(struct redis_args *a, void *arg)
{
	struct taking *t = arg;
	const struct shared_choice *c = t->choice;
	uint32_t n;

	close_taking(t);
	t->serial = redis_say_held(t->x, 0, &n, &t->chosen);
	atomic_store(&t->x->sent_serial, t->serial);
	redis_mirror_begin(a, t->also ? "also" : "take");
	redis_word(a, t->x->name);
	redis_int(a, n);
	redis_int(a, (int64_t)t->serial);
	redis_int(a, t->others);
	redis_int(a, t->version);
	redis_int(a, c->interval);
	redis_int(a, c->max);
	redis_int(a, t->check);
	if (!c->text)
		return;
	redis_word(a, c->text->name);
	redis_int(a, redis_mirror_version(c->text));
}

static void took(void *arg, const redisReply *answer)
{
	struct taking *t = arg;

	close_taking(t);
	if (answer) {
		/* What it was made by holds no more where all is lost. */
		t->granted = redis_int_at(answer, 0) &&
			     (t->check == CHECK_NOTHING ||
			      t->lost == atomic_load(&redis_mirror.lost));
		t->choice->wait = turn_at(answer, 1, t->choice->max);
		if (t->choice->text)
			redis_mirror_hear_text(t->choice->text, answer, 2);
	}
	for (struct joined *j = t->joined; j; j = j->next) {
		j->refused = answer && !t->granted;
		j->over = true;
		task_wake(j->task);
	}
	t->joined = NULL;
}

/* One that is not under way yet, for the same by the same news; or NULL. */
static struct taking *find_taking(const struct taking *like)
{
	struct taking *t = open_takings;

	while (t && (t->x != like->x || t->others != like->others ||
		     t->version != like->version || t->check != like->check ||
		     t->choice->text != like->choice->text))
		t = t->next;
	return t;
}

/* False: it is refused. What comes after the time of this request is nothing to
 * it: it goes by what is known here. */
static bool join_taking(struct taking *t)
{
	struct joined j = { .next = t->joined, .task = task_self() }, **at;
	int64_t begun = clock_ms(), *waited = task_waited();
	int64_t until = begun + redis_mirror.answer_ms - *waited;

	t->joined = &j;
	while (!j.over && clock_ms() < until)
		task_wait(until);
	*waited += clock_ms() > begun ? clock_ms() - begun : 1;
	if (j.over)
		return !j.refused;
	for (at = &t->joined; *at != &j;)
		at = &(*at)->next;
	*at = j.next;
	return true;
}

/* There is nothing to ask the store: all news are here, and either this request
 * has waited for them just now, or how much is held would not matter. */
static bool is_known(const struct shared_choice *c)
{
	if (c->interval > 0 || c->lost_a_race || c->text || !task_self())
		return false;
	return (c->any_count && redis_mirror_age() <= FRESH_MS) ||
	       (*task_waited() && redis_mirror_age() <= JUST_MS);
}

/* False: it is refused. */
static bool ask_taking(struct taking *t)
{
	struct shared_choice *c = t->choice;
	struct shared_entry *x = t->x;
	struct redis_args a;
	struct err unused;
	bool first;
	int rc;

	/* News that are on their way need not be asked for twice. */
	first = !atomic_exchange(&redis_mirror.asked, true);
	t->also = !first && !c->text;
	rc = redis_ask_late(&a, say_taking, took, t, &unused);
	if (first)
		atomic_store(&redis_mirror.asked, false);
	if (t->chosen && !t->granted)
		redis_note_chosen(x, true);
	if (rc) {
		c->wait = turn_here(x, c->interval, c->max);
		return true;
	}
	if (t->granted) {
		atomic_store(&x->races, 0);
		redis_has_arrived(x, t->serial);
	} else if (t->lost == atomic_load(&redis_mirror.lost)) {
		/* It is no race where all is lost. */
		atomic_fetch_add(&x->races, 1);
	}
	return t->granted;
}

static bool is_granted(struct taking *t)
{
	struct taking *same;

	if (t->choice->interval > 0 || !task_self())
		return ask_taking(t);
	same = find_taking(t);
	if (same)
		return join_taking(same);
	t->next = open_takings;
	open_takings = t;
	return ask_taking(t);
}

/* The choice was made of news that may be old: the store says whether they
 * still hold. */
bool redis_take(struct shared_entry *x, struct shared_choice *c)
{
	struct taking t = { .x = x,
			    .choice = c,
			    .check = c->any_count ? CHECK_TEXT : CHECK_ALL,
			    .version = redis_mirror_version(x),
			    .others = redis_count_of_others(x),
			    .lost = atomic_load(&redis_mirror.lost) };
	int64_t was, mine;
	uint32_t n;

	c->wait = 0;
	if (!c->any_count && redis_count(x) != c->seen)
		return false;
	if (is_known(c)) {
		if (c->any_count)
			redis_tell_later(x, 1);
		else
			redis_tell_held(x, 1);
		return true;
	}
	if (atomic_load(&x->races) >= RACES)
		t.check = CHECK_NOTHING;
	was = atomic_load(&x->last);
	redis_say_held(x, 1, &n, NULL);
	mine = atomic_load(&x->last);
	if (is_granted(&t))
		return true;
	/* It had no turn, unless the news say so. */
	atomic_compare_exchange_strong(&x->last, &mine, was);
	redis_sub(x);
	return false;
}
