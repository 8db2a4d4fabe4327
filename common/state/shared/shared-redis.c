/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-mirror.h"

#include "base/clock.h"
#include "base/fnv.h"
#include "base/log.h"
#include "base/own-pid.h"
#include "base/task.h"

#include <stdlib.h>
#include <unistd.h>

#define MIRROR_CHAINS 1024 /* chains of them */
#define OLD_MS 150         /* of the mirror, before it is asked for */
#define NEW_MS 5           /* and as good as asked just now */
#define TRIES_MAX 16       /* to change a text that others change */
#define NEWS_MAX 65536     /* entries that are known from news */
#define CLOCK_OFF_MS 5000  /* that a host's clock may be off */

struct redis_mirror redis_mirror = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- entries ------------------------------------------------------------- */

/* With the lock. One that is not known is made, or with `news` only while there
 * are not very many: they are the server's. */
static struct shared_entry *find(struct span name, bool news)
{
	static size_t entries;
	uint64_t i = fnv(FNV_START, name) % MIRROR_CHAINS;
	struct shared_entry *x = redis_mirror.chains[i];

	while (x && !span_is(name, x->name))
		x = x->next;
	if (x || name.n > SHARED_NAME_MAX || (news && entries > NEWS_MAX))
		return x;
	entries++;
	x = xcalloc(1, sizeof(*x));
	memcpy(x->name, name.p, name.n);
	x->below = memchr(name.p, '/', name.n);
	x->version = 1;
	buf_init(&x->text, SHARED_TEXT_MAX);
	x->next = redis_mirror.chains[i];
	redis_mirror.chains[i] = x;
	return x;
}

static struct shared_entry *get_entry(const char *home, const char *name)
{
	struct span s = span_of(name);
	struct shared_entry *x;

	(void)home; /* all homes of all hosts */
	if (s.n > SHARED_NAME_MAX)
		s.n = SHARED_NAME_MAX;
	pthread_mutex_lock(&redis_mirror.lock);
	x = find(s, false);
	pthread_mutex_unlock(&redis_mirror.lock);
	return x;
}

/* --- news ---------------------------------------------------------------- */

/* With the lock, as the rest of this part. */
static void set_text(struct shared_entry *x, int64_t version, struct span text)
{
	if (version == x->have_version)
		return;
	buf_reset(&x->text);
	buf_span(&x->text, text);
	x->have_version = x->text_version = version;
	x->kept = false;
	atomic_fetch_add(&x->version, 1);
}

static int64_t int_of(const redisReply *list, size_t i)
{
	const redisReply *r = i < list->elements ? list->element[i] : NULL;

	return r && r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
}

static struct span text_of(const redisReply *list, size_t i)
{
	const redisReply *r = i < list->elements ? list->element[i] : NULL;

	if (!r || r->type != REDIS_REPLY_STRING)
		return SPAN("");
	return (struct span){ r->str, (size_t)r->len };
}

static void take_one_news(const redisReply *r)
{
	struct span member = text_of(r, 0);
	struct shared_entry *x;

	if (!member.n || !(x = find(span_skip(member, 1), true)))
		return;
	if (member.p[0] == 'c') {
		atomic_store(&x->all, (uint32_t)int_of(r, 1));
		if (int_of(r, 2) > atomic_load(&x->last)) /* or not told yet */
			atomic_store(&x->last, int_of(r, 2));
		atomic_store(&x->turn, int_of(r, 3));
		atomic_store(&x->own, (uint32_t)int_of(r, 4));
	} else if (!x->below) {
		set_text(x, int_of(r, 1), text_of(r, 2));
	} else if (int_of(r, 1) != x->text_version) {
		x->text_version = int_of(r, 1);
		atomic_fetch_add(&x->version, 1);
	}
}

static bool is_same_data(const redisReply *answer)
{
	return span_is(text_of(answer, REDIS_DATA), redis_mirror.data);
}

/* What it brings is older than what is known: threads and the keeper ask on
 * connections of their own, and another's answer, sent later, was heard first.
 * All changes up to `since` are known, so there is nothing new in it. */
static bool is_overtaken(const redisReply *answer)
{
	return !is_same_data(answer) ||
	       int_of(answer, REDIS_LAST) < atomic_load(&redis_mirror.since);
}

/* It has the store told all, for what this process knew is lost there. */
static bool tells_all(const redisReply *answer)
{
	return int_of(answer, REDIS_FROM) < 0;
}

/* Given before the store was emptied, or another took its place, and heard
 * after that. */
static bool is_of_old_data(const redisReply *answer)
{
	return !is_same_data(answer) && !tells_all(answer) &&
	       int_of(answer, REDIS_NOW) < redis_mirror.begun;
}

/* What was changed here while the store was away stands, if its data do: it is
 * told there yet. */
static void forget_text(struct shared_entry *x, bool other)
{
	if (x->kept && !other)
		return;
	if (x->text.n || x->have_version || x->text_version)
		atomic_fetch_add(&x->version, 1);
	buf_reset(&x->text);
	x->have_version = x->text_version = 0;
	x->kept = false;
}

/* Other data, or older: nothing that we knew holds. */
static void forget(bool other)
{
	for (size_t i = 0; i < MIRROR_CHAINS; i++)
		for (struct shared_entry *x = redis_mirror.chains[i]; x;
		     x = x->next) {
			forget_text(x, other);
			atomic_store(&x->all, 0);
			atomic_store(&x->own, 0);
			atomic_store(&x->last, 0);
			atomic_store(&x->turn, 0);
		}
	if (atomic_exchange(&redis_mirror.since, 0))
		atomic_fetch_add(&redis_mirror.lost, 1);
	atomic_store(&redis_mirror.again, true);
}

/* The store's clock is the one that all hosts go by: what one of them writes
 * must mean the same to the others. Some seconds may be the answer's way. */
static void note_clock(int64_t now)
{
	int64_t off = now - clock_wall_ms(), most;

	most = CLOCK_OFF_MS + redis_mirror.answer_ms;
	if (off > most || off < -most) {
		if (redis_link_is_kept())
			log_msg("the clock of this host is %lld s %s the "
				"store's: the store's is gone by",
				(long long)(off < 0 ? -off : off) / 1000,
				off < 0 ? "ahead of" : "behind");
		clock_set_ahead(clock_ahead() + off);
		off = 0;
	}
	atomic_store(&redis_mirror.ahead, off);
}

/* True: they are others than those that were known. */
static bool note_data(const redisReply *answer)
{
	bool other = !is_same_data(answer);

	if ((other || tells_all(answer)) && *redis_mirror.data)
		forget(other);
	if (!other)
		return false;
	span_text(redis_mirror.data, sizeof(redis_mirror.data),
		  text_of(answer, REDIS_DATA));
	redis_mirror.begun = int_of(answer, REDIS_NOW);
	return true;
}

/* What has changed before those news is known, or there is a gap: then all is
 * asked for, as if nothing had been heard. */
static void take_news(const redisReply *answer, bool other)
{
	const redisReply *news = answer->element[REDIS_NEWS];
	bool whole = int_of(answer, REDIS_FROM) <=
		     atomic_load(&redis_mirror.since);

	if ((whole || other) && !is_overtaken(answer)) {
		for (size_t i = 0; i < news->elements; i++)
			take_one_news(news->element[i]);
		if (whole)
			atomic_store(&redis_mirror.since,
				     int_of(answer, REDIS_LAST));
	}
	if (whole || other)
		atomic_store(&redis_mirror.heard, whole ? clock_ms() : 0);
}

static void hear(const redisReply *answer)
{
	if (!int_of(answer, REDIS_NOW)) /* of "also" */
		return;
	pthread_mutex_lock(&redis_mirror.lock);
	if (!is_of_old_data(answer)) {
		take_news(answer, note_data(answer));
		if (int_of(answer, REDIS_FRESH))
			atomic_store(&redis_mirror.again, true);
		atomic_store(&redis_mirror.waiting,
			     (uint32_t)int_of(answer, REDIS_WAITING));
		note_clock(int_of(answer, REDIS_NOW));
	}
	pthread_mutex_unlock(&redis_mirror.lock);
}

int64_t shared_redis_since(void)
{
	atomic_store(&redis_mirror.used, true);
	return atomic_load(&redis_mirror.since);
}

/* Whoever holds nothing need not be kept. */
const char *shared_redis_self(void)
{
	return atomic_load(&redis_mirror.holds) ? redis_link_self() : "";
}

void redis_mirror_begin(struct redis_args *a, const char *op)
{
	redis_args(a, op, shared_redis_self(), shared_redis_since());
}

static void nothing(void *arg, const redisReply *answer)
{
	(void)arg;
	(void)answer;
}

int64_t redis_mirror_age(void)
{
	return clock_ms() - atomic_load(&redis_mirror.heard);
}

static void ask_for_news(void)
{
	struct redis_args a;
	struct err unused;

	redis_mirror_begin(&a, "sync");
	redis_ask(&a, nothing, NULL, &unused);
}

static void sync_home(const char *home)
{
	(void)home;
	if (!atomic_load(&redis_mirror.heard) || redis_mirror_age() > OLD_MS)
		ask_for_news();
}

static bool look_again(const char *home)
{
	(void)home;
	if (redis_mirror_age() <= NEW_MS)
		return false;
	ask_for_news();
	return redis_mirror_age() <= NEW_MS;
}

/* --- texts --------------------------------------------------------------- */

static uint64_t version_of(struct shared_entry *x)
{
	return atomic_load_explicit(&x->version, memory_order_relaxed);
}

/* With the lock. The news have told which is the newest: of an entry without
 * its text there they say so still, and the next who reads asks again. */
static void hear_text(struct shared_entry *x, const redisReply *answer,
		      int64_t version, struct span text)
{
	int64_t newest = x->text_version;

	if (!is_same_data(answer) || (is_overtaken(answer) && !x->below))
		return;
	set_text(x, version, text);
	x->have_version = version;
	x->text_version = is_overtaken(answer) ? newest : version;
}

void redis_mirror_hear_text(struct shared_entry *x, const redisReply *answer,
			    size_t at)
{
	const redisReply *result = answer->element[REDIS_RESULT];
	int64_t version = redis_int_at(answer, at);
	bool told = at + 1 < result->elements;

	pthread_mutex_lock(&redis_mirror.lock);
	if (told || (at < result->elements && version == x->have_version))
		hear_text(x, answer, version, redis_text_at(answer, at + 1));
	pthread_mutex_unlock(&redis_mirror.lock);
}

static void take_text(void *arg, const redisReply *answer)
{
	if (answer)
		redis_mirror_hear_text(arg, answer, 0);
}

static bool is_behind(struct shared_entry *x)
{
	bool behind;

	pthread_mutex_lock(&redis_mirror.lock);
	behind = x->below && x->have_version != x->text_version;
	pthread_mutex_unlock(&redis_mirror.lock);
	return behind;
}

/* 0: what is known of it is what the store has, as far as there is news. */
static int have_text(struct shared_entry *x, struct err *e)
{
	struct redis_args a;

	/* A worker has news before it serves; a command asks when it reads. */
	if (!atomic_load(&redis_mirror.heard) && !task_self())
		ask_for_news();
	if (!is_behind(x))
		return 0;
	redis_mirror_begin(&a, "get");
	redis_word(&a, x->name);
	return redis_ask(&a, take_text, x, e);
}

static int read_text(struct shared_entry *x, struct buf *out, struct err *e)
{
	struct err unused;

	(void)e;
	have_text(x, &unused); /* else what this host knows */
	pthread_mutex_lock(&redis_mirror.lock);
	buf_span(out, buf_get(&x->text));
	pthread_mutex_unlock(&redis_mirror.lock);
	return out->n ? 0 : 1;
}

/* With the lock. */
static int64_t version_there(const struct shared_entry *x)
{
	return x->have_version > 0 ? x->have_version : 0;
}

int64_t redis_mirror_version(struct shared_entry *x)
{
	int64_t version;

	pthread_mutex_lock(&redis_mirror.lock);
	version = version_there(x);
	pthread_mutex_unlock(&redis_mirror.lock);
	return version;
}

/* In the mirror alone: the store is away. What has come from there since then
 * stands. */
static void keep_text(struct shared_entry *x, int64_t version,
		      const struct buf *now)
{
	pthread_mutex_lock(&redis_mirror.lock);
	if (version == version_there(x)) {
		buf_reset(&x->text);
		buf_span(&x->text, buf_get(now));
		atomic_fetch_add(&x->version, 1);
		x->kept = true;
		atomic_store(&redis_mirror.kept, true);
	}
	pthread_mutex_unlock(&redis_mirror.lock);
}

struct putting {
	struct shared_entry *x;
	struct buf text;
	int64_t version; /* of what it was made from */
	bool done;
};

static void put_done(void *arg, const redisReply *answer)
{
	struct putting *p = arg;
	struct span text = buf_get(&p->text);

	if (!answer)
		return;
	p->done = redis_int_at(answer, 0);
	pthread_mutex_lock(&redis_mirror.lock);
	hear_text(p->x, answer, redis_int_at(answer, 1),
		  p->done ? text : redis_text_at(answer, 2));
	pthread_mutex_unlock(&redis_mirror.lock);
}

static struct putting *new_putting(struct shared_entry *x)
{
	struct putting *p = xcalloc(1, sizeof(*p));

	p->x = x;
	buf_init(&p->text, SHARED_TEXT_MAX);
	return p;
}

static void free_putting(struct putting *p)
{
	buf_release(&p->text);
	free(p);
}

static void put_told(void *arg, const redisReply *answer)
{
	struct putting *p = arg;

	put_done(p, answer);
	if (!answer)
		keep_text(p->x, p->version, &p->text);
	free_putting(p);
}

/* Of the text as it is known; false: there is nothing to change. Its version in
 * the store: *version. */
static bool make_text(struct shared_entry *x, shared_change_fn *change,
		      void *arg, struct buf *now, int64_t *version)
{
	struct buf was;
	bool any;

	buf_init(&was, SHARED_TEXT_MAX);
	pthread_mutex_lock(&redis_mirror.lock);
	buf_span(&was, buf_get(&x->text));
	*version = version_there(x);
	pthread_mutex_unlock(&redis_mirror.lock);
	any = change(arg, buf_get(&was), now);
	buf_release(&was);
	return any;
}

static void put_args(struct redis_args *a, const struct putting *p)
{
	redis_mirror_begin(a, "put");
	redis_word(a, p->x->name);
	redis_int(a, p->version);
	redis_text(a, buf_get(&p->text));
}

static int update_text(struct shared_entry *x, shared_change_fn *change,
		       void *arg, struct err *e)
{
	struct putting p = { .x = x };
	struct redis_args a;
	int rc = 0;

	have_text(x, e);
	buf_init(&p.text, SHARED_TEXT_MAX);
	for (int i = 0; i < TRIES_MAX && !p.done && rc == 0; i++) {
		buf_reset(&p.text);
		if (!make_text(x, change, arg, &p.text, &p.version))
			break;
		if (p.text.full) {
			rc = err_full(e, &p.text, ERR_INTERNAL,
				      "%s would be too large", x->name);
			break;
		}
		put_args(&a, &p);
		if (redis_ask(&a, put_done, &p, e)) {
			keep_text(x, p.version, &p.text);
			break;
		}
	}
	buf_release(&p.text);
	return rc;
}

static void tell_text(struct putting *p)
{
	struct redis_args a;

	put_args(&a, p);
	redis_tell(&a, put_told, p);
}

/* Nobody waits for it, and it is dropped when others were first. */
static int try_update(struct shared_entry *x, shared_change_fn *change,
		      void *arg, struct err *e)
{
	struct putting *p;

	if (x->below)
		return update_text(x, change, arg, e);
	p = new_putting(x);
	if (make_text(x, change, arg, &p->text, &p->version) && !p->text.full)
		tell_text(p);
	else
		free_putting(p);
	return 0;
}

static void tell_kept(struct shared_entry *x)
{
	struct putting *p = new_putting(x);
	bool kept;

	pthread_mutex_lock(&redis_mirror.lock);
	kept = x->kept;
	x->kept = false;
	p->version = version_there(x);
	buf_span(&p->text, buf_get(&x->text));
	pthread_mutex_unlock(&redis_mirror.lock);
	if (kept)
		tell_text(p);
	else
		free_putting(p);
}

void shared_redis_tell_kept(void)
{
	struct shared_entry *x;

	if (!redis_link_up() || !atomic_exchange(&redis_mirror.kept, false))
		return;
	for (size_t i = 0; i < MIRROR_CHAINS; i++) {
		pthread_mutex_lock(&redis_mirror.lock);
		x = redis_mirror.chains[i];
		pthread_mutex_unlock(&redis_mirror.lock);
		for (; x; x = x->next)
			tell_kept(x);
	}
}

static void removed(void *arg, const redisReply *answer)
{
	struct shared_entry *x = arg;

	if (answer)
		return;
	pthread_mutex_lock(&redis_mirror.lock);
	if (!x->text.n)
		x->kept = true;
	atomic_store(&redis_mirror.kept, true);
	pthread_mutex_unlock(&redis_mirror.lock);
}

static void remove_text(struct shared_entry *x)
{
	struct redis_args a;
	bool any;

	pthread_mutex_lock(&redis_mirror.lock);
	any = x->text.n || (x->below && x->text_version);
	buf_reset(&x->text);
	if (any)
		atomic_fetch_add(&x->version, 1);
	pthread_mutex_unlock(&redis_mirror.lock);
	if (!any && redis_mirror_age() <= OLD_MS)
		return;
	redis_mirror_begin(&a, "del");
	redis_word(&a, x->name);
	redis_tell(&a, removed, x);
}

/* The store forgets them by itself. */
static void expire_texts(const char *home, const char *folder, int64_t age_ms)
{
	(void)home;
	(void)folder;
	(void)age_ms;
}

void shared_redis_holds(void)
{
	atomic_store(&redis_mirror.holds, true);
}

size_t shared_redis_waiting(void)
{
	return redis_mirror_age() <= OLD_MS ? atomic_load(&redis_mirror.waiting)
					    : SIZE_MAX;
}

unsigned shared_redis_lost(void)
{
	return atomic_load(&redis_mirror.lost) + redis_link_times();
}

bool shared_redis_was_used(void)
{
	return atomic_exchange(&redis_mirror.used, false);
}

/* The lines of the history stay with their host. */
static void append_line(const char *home, const char *name, struct span line,
			int64_t *size)
{
	shared_files.append(home, name, line, size);
}

void shared_redis_use(const struct redis_setup *s)
{
	struct redis_setup own = *s;

	own.heard = hear;
	own.who = shared_redis_self;
	pthread_mutex_lock(&redis_mirror.lock);
	forget(true);
	redis_mirror.data[0] = '\0';
	redis_mirror.begun = 0;
	redis_mirror.heard = 0;
	redis_mirror.again = redis_mirror.holds = false;
	redis_mirror.pid = own_pid();
	redis_mirror.answer_ms = s->answer_ms;
	pthread_mutex_unlock(&redis_mirror.lock);
	redis_link_setup(&own);
	shared_use(&shared_redis);
	meter_store(&meter_redis);
	usage_others_use(&usage_redis);
}

const struct shared_ops shared_redis = {
	.entry = get_entry,
	.sync = sync_home,
	.look_again = look_again,
	.version = version_of,
	.read = read_text,
	.update = update_text,
	.try_update = try_update,
	.remove = remove_text,
	.expire = expire_texts,
	.append = append_line,
	.count = redis_count,
	.add = redis_add,
	.sub = redis_sub,
	.is_older = redis_is_older,
	.take = redis_take,
	.is_behind = is_behind,
	.turn = redis_turn,
	.turn_in = redis_turn_in,
	.join = redis_line_join,
	.first = redis_line_first,
	.leave = redis_line_leave,
	.length = redis_line_length,
};
