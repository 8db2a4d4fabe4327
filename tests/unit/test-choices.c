/* SPDX-License-Identifier: MIT */
/* Choices in a shared store: those that the tasks of a loop make in one round,
 * and the news that they are made by. */
#define UNIT_STORE
#include "unit.h"

#include "base/clock.h"
#include "base/task.h"
#include "state/keys/meter.h"
#include "state/shared/redis-lane.h"
#include "state/shared/redis-mirror.h"
#include "state/shared/vault.h"

#include <inttypes.h>
#include <sys/wait.h>

#define TASKS 16
#define LONG_MS 60000 /* a busy machine */

/* Script calls that the server has had so far. */
static long calls(void)
{
	struct buf text;
	struct err e;
	const char *at;
	long n = 0;

	buf_init(&text, 1u << 20);
	assert_int_equal(shared_info("commandstats", &text, &e), 0);
	at = strstr(buf_cstr(&text), "cmdstat_evalsha:calls=");
	if (at)
		n = strtol(strchr(at, '=') + 1, NULL, 10);
	buf_release(&text);
	return n;
}

struct choosing {
	struct shared_entry *x;
	int granted, refused, left;
	struct task *waits;
};

static bool take(struct shared_entry *x)
{
	struct shared_choice c = { .seen = shared_count(x), .wait = -1 };
	bool taken = shared_take(x, &c);

	assert_int_equal(c.wait, 0);
	return taken;
}

static void choose(void *arg)
{
	struct choosing *c = arg;

	if (take(c->x)) {
		c->granted++;
	} else {
		c->refused++;
	}
	if (!--c->left)
		task_wake(c->waits);
}

/* `n` tasks of one round: this one, and then those. */
static void do_all(struct choosing *c, int n, void (*first)(void *),
		   void (*then)(void *))
{
	struct err e;

	c->waits = task_self();
	c->left = n;
	for (int i = 0; i < n; i++)
		assert_int_equal(
			task_start(task_loop(), i ? then : first, c, &e), 0);
	while (c->left)
		task_wait(clock_ms() + LONG_MS);
}

static void choose_all(void *arg)
{
	do_all(arg, TASKS, choose, choose);
}

/* Sets granted and refused; the calls that it took. */
static long round_of(struct loop *l, struct choosing *c)
{
	long before = calls();
	struct err e;

	c->granted = c->refused = 0;
	assert_int_equal(task_call(l, choose_all, c, &e), 0);
	return calls() - before;
}

/* What is given back is told a little later, and what is chosen before that is
 * as many as the store knows: it has had its turn all the same. */
struct turns {
	const char *home;
	struct shared_entry *a, *b;
};

static bool is_behind(struct shared_entry *a, struct shared_entry *b)
{
	int64_t until = clock_ms() + LONG_MS;

	while (!shared_is_older(b, a) && clock_ms() < until)
		task_wait(clock_ms() + 5);
	return shared_is_older(b, a);
}

static void take_one(struct shared_entry *x)
{
	assert_true(take(x));
}

static void take_and_give_back(void *arg)
{
	take_one(arg);
	shared_sub(arg);
}

static void take_again(void *arg)
{
	struct turns *t = arg;

	take_one(t->a);
	assert_true(is_behind(t->a, t->b));
	take_one(t->b);
	assert_true(is_behind(t->b, t->a));
	shared_sub(t->a);
	take_one(t->a);
	assert_true(is_behind(t->a, t->b));
}

/* One task, and what it leaves behind has ended. */
static void on_a_loop(void (*task)(void *arg), void *arg)
{
	struct err e;
	struct loop *l = loop_new(&e);

	assert_int_equal(task_call(l, task, arg, &e), 0);
	shared_detach();
	loop_free(l);
}

static void one_that_is_chosen_again_has_had_its_turn(void **state)
{
	struct turns t;

	if (!unit_has_store())
		skip();
	t.a = shared_entry(*state, "limits-a");
	t.b = shared_entry(*state, "limits-b");
	on_a_loop(take_again, &t);
	shared_sub(t.a);
	shared_sub(t.b);
}

/* What has failed in it is its status. */
static void another_process(void (*fn)(struct shared_entry *x),
			    struct shared_entry *x)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		fn(x);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* In another process, which knows nothing of checks. */
static void must(bool ok)
{
	if (!ok)
		_exit(1);
}

static void hold_one(struct shared_entry *x)
{
	bool taken = false;

	for (int i = 0; i < 10 && !taken; i++)
		taken = take(x);
	must(taken);
}

static bool write_text(void *arg, struct span was, struct buf *now)
{
	(void)arg;
	(void)was;
	buf_str(now, "text");
	return true;
}

static void put_text(struct shared_entry *x)
{
	struct err e;

	must(!redis_link_retry(&e) && !shared_update(x, write_text, NULL, &e));
}

static bool reads(struct shared_entry *x, const char *want)
{
	struct buf text;
	struct err e;
	bool same;

	buf_init(&text, 100);
	shared_read(x, &text, &e);
	same = strcmp(buf_cstr(&text), want) == 0;
	if (!same)
		fprintf(stderr, "# it reads %s\n", buf_cstr(&text));
	buf_release(&text);
	return same;
}

static void one_round_is_one_call(void **state)
{
	struct choosing c = { .granted = 0 };
	struct loop *l;
	struct err e;
	long first, refused;

	if (!unit_has_store())
		skip();
	c.x = shared_entry(*state, "limits-round");
	l = loop_new(&e);
	round_of(l, &c); /* connects */
	assert_int_equal(c.granted, TASKS);
	first = round_of(l, &c);
	assert_int_equal(c.granted, TASKS);
	assert_int_equal(shared_count(c.x), 2 * TASKS);
	assert_true(first >= 1 && first <= 2);

	/* One that was made of old news is refused, for all; then not. */
	another_process(hold_one, c.x);
	refused = round_of(l, &c);
	assert_int_equal(c.refused, TASKS);
	assert_true(refused >= 1 && refused <= 3);
	assert_int_equal(shared_count(c.x), 2 * TASKS + 1);
	round_of(l, &c);
	assert_int_equal(c.granted, TASKS);
	assert_int_equal(shared_count(c.x), 3 * TASKS + 1);
	shared_detach();
	loop_free(l);
}

struct race {
	struct shared_entry *x;
	const char *home;
};

static redisReply *ask_store(const char *format, ...)
{
	redisContext *c = redisConnectUnix(getenv("DARIO_STORE") + 5);
	redisReply *r;
	va_list ap;

	va_start(ap, format);
	r = redisvCommand(c, format, ap);
	va_end(ap);
	redisFree(c);
	assert_non_null(r);
	return r;
}

/* Who has lost a race has news, but not of those who choose just now: these do
 * not even come with news. */
static bool is_refused(struct race *r, bool lost_a_race, bool any_count)
{
	struct shared_choice c = { .seen = shared_count(r->x),
				   .lost_a_race = lost_a_race,
				   .any_count = any_count };

	freeReplyObject(ask_store("HINCRBY %sc:limits-race n 1", r->home));
	return !shared_take(r->x, &c);
}

static void lose_twice(void *arg)
{
	assert_true(is_refused(arg, false, false));
	assert_true(is_refused(arg, true, false));
	/* Where there is no other the count does not matter. */
	assert_false(is_refused(arg, true, true));
}

static void each_choice_after_a_race_is_looked_at(void **state)
{
	struct race r = { .home = *state };
	struct loop *l;
	struct err e;

	if (!unit_has_store())
		skip();
	r.x = shared_entry(*state, "limits-race");
	l = loop_new(&e);
	assert_int_equal(task_call(l, take_and_give_back, r.x, &e), 0);
	assert_int_equal(task_call(l, lose_twice, &r, &e), 0);
	shared_detach();
	loop_free(l);
	shared_sub(r.x);
}

/* Where there is no other one does not wait for the store, mostly; it hears of
 * it all the same, and of its end. */
static bool comes_to(struct race *r, const char *n)
{
	int64_t until = clock_ms() + LONG_MS;
	bool is = false;

	while (!is && clock_ms() < until) {
		redisReply *a = ask_store("HGET %sc:limits-race n", r->home);

		is = a->str && strcmp(a->str, n) == 0;
		freeReplyObject(a);
		if (!is)
			task_wait(clock_ms() + 5);
	}
	return is;
}

static void hold_some(void *arg)
{
	struct race *r = arg;

	for (int i = 0; i < 5; i++) {
		struct shared_choice c = { .seen = 7, .any_count = true };

		assert_true(shared_take(r->x, &c));
	}
	assert_true(comes_to(r, "5"));
	for (int i = 0; i < 5; i++)
		shared_sub(r->x);
	assert_true(comes_to(r, "0"));
}

static void what_is_sure_is_told_later(void **state)
{
	struct race r = { .home = *state };

	if (!unit_has_store())
		skip();
	r.x = shared_entry(*state, "limits-race");
	on_a_loop(hold_some, &r);
}

static int64_t last_of(struct turns *t, const char *name)
{
	redisReply *a = ask_store("HGET %sc:limits-%s last", t->home, name);
	int64_t last = a->str ? strtoll(a->str, NULL, 10) : 0;

	freeReplyObject(a);
	return last;
}

/* It is over before the store is told of it. */
static void choose_for_a_moment(void *arg)
{
	struct turns *t = arg;
	struct shared_choice asked = { .seen = shared_count(t->a),
				       .lost_a_race = true };
	struct shared_choice sure = { .any_count = true };
	int64_t until = clock_ms() + LONG_MS;

	assert_true(shared_take(t->a, &asked));
	assert_true(shared_is_older(t->b, t->a));
	assert_true(shared_take(t->b, &sure));
	shared_sub(t->b);
	assert_true(shared_is_older(t->a, t->b));
	while (last_of(t, "b") <= last_of(t, "a") && clock_ms() < until)
		task_wait(clock_ms() + 5);
	assert_true(last_of(t, "b") > last_of(t, "a"));
}

static void take_and_lose(void *arg)
{
	struct turns *t = arg;
	struct shared_choice of_a = { .seen = shared_count(t->a),
				      .lost_a_race = true };
	struct shared_choice of_b = { .seen = shared_count(t->b),
				      .lost_a_race = true };

	assert_true(shared_take(t->a, &of_a));
	another_process(put_text, t->b);
	assert_false(shared_take(t->b, &of_b));
	assert_true(shared_is_older(t->b, t->a));
}

/* Of two; of the first one is held at the end. */
static void between_two(const char *home, void (*task)(void *arg))
{
	struct turns t = { .home = home };

	if (!unit_has_store())
		skip();
	t.a = shared_entry(home, "limits-a");
	t.b = shared_entry(home, "limits-b");
	on_a_loop(task, &t);
	shared_sub(t.a);
}

static void one_that_is_refused_has_had_no_turn(void **state)
{
	between_two(*state, take_and_lose);
}

static void one_that_is_chosen_for_a_moment_has_had_its_turn(void **state)
{
	between_two(*state, choose_for_a_moment);
}

/* What is read next comes with the choice, unless it is known. */
static void choose_and_read(void *arg)
{
	struct shared_entry *x = shared_entry("", "limits-with"), *text = arg;
	struct shared_choice c = { .seen = shared_count(x), .text = text };
	long before;

	assert_true(shared_is_behind(text));
	before = calls();
	assert_true(shared_take(x, &c));
	assert_false(shared_is_behind(text));
	assert_true(reads(text, "text"));
	c.seen++;
	assert_true(shared_take(x, &c));
	assert_true(reads(text, "text"));
	assert_int_equal(calls(), before + 2);
	shared_sub(x);
	shared_sub(x);
}

static void a_text_comes_with_a_choice(void **state)
{
	struct shared_entry *text;
	struct err e;

	if (!unit_has_store())
		skip();
	text = shared_entry(*state, "sticky/x");
	shared_sync(*state);
	another_process(put_text, text);
	assert_int_equal(redis_link_retry(&e), 0);
	on_a_loop(choose_and_read, text);
}

/* An answer of the store, in the words of its protocol: whose last change is
 * that number, with one of the news, which begin after `from`. */
struct answer {
	const char *data; /* NULL: those that are known */
	int64_t now, from, last;
	const char *news;
};

static void hear_answer(const struct answer *a)
{
	const char *data = a->data ? a->data : redis_mirror.data;
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;
	char text[400];

	snprintf(text, sizeof(text),
		 "*8\r\n:%" PRId64 "\r\n$%zu\r\n%s\r\n:%" PRId64 "\r\n:%" PRId64
		 "\r\n:0\r\n:0\r\n*0\r\n*1\r\n%s",
		 a->now ? a->now : clock_wall_ms(), strlen(data), data, a->last,
		 a->from, a->news);
	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redis_link_config()->heard(reply);
	freeReplyObject(reply);
	redisReaderFree(reader);
}

static int64_t known_until(void)
{
	return atomic_load(&redis_mirror.since);
}

static void hear(int64_t last, const char *news)
{
	const struct answer a = { .last = last, .news = news };

	hear_answer(&a);
}

#define COUNT(n, last, own) \
	"*5\r\n$12\r\nclimits-over\r\n:" n "\r\n:" last "\r\n:0\r\n:" own "\r\n"
#define TEXT(version, text) \
	"*3\r\n$12\r\ntlimits-over\r\n:" version "\r\n$3\r\n" text "\r\n"

/* Threads ask on connections of their own: what was answered later may be
 * heard first, and then it is what holds. */
static void an_overtaken_answer_is_no_news(void **state)
{
	struct shared_entry *x;
	int64_t since;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-over");
	shared_sync(*state);
	since = known_until();
	hear(since + 2, COUNT("2", "9", "0"));
	assert_int_equal(shared_count(x), 2);
	hear(since + 1, COUNT("7", "8", "0"));
	assert_int_equal(shared_count(x), 2);
	hear(since + 3, COUNT("1", "9", "0"));
	assert_int_equal(shared_count(x), 1);

	hear(since + 5, TEXT("5", "new"));
	hear(since + 4, TEXT("4", "old"));
	assert_true(reads(x, "new"));
}

/* The store was emptied: an answer from before that may be heard after the
 * first from then on, and does not bring back what was. */
static void an_answer_of_old_data_is_no_news(void **state)
{
	const int64_t now = clock_wall_ms();
	struct shared_entry *x;
	char data[40];
	int64_t since;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-over");
	shared_sync(*state);
	since = known_until();
	snprintf(data, sizeof(data), "%s", redis_mirror.data);
	hear_answer(
		&(struct answer){ "other", now + 1, -1, 10, TEXT("9", "new") });
	assert_true(reads(x, "new"));
	hear_answer(&(struct answer){ data, now, since, since + 1,
				      TEXT("8", "old") });
	assert_true(reads(x, "new"));
	hear_answer(&(struct answer){ "other", now + 2, 10, 11,
				      COUNT("3", "11", "0") });
	assert_true(reads(x, "new"));
	assert_int_equal(shared_count(x), 3);
	/* A clock that is behind is that of another server. */
	hear_answer(&(struct answer){ "third", now, -1, 10,
				      COUNT("4", "10", "0") });
	assert_int_equal(shared_count(x), 4);
	assert_true(reads(x, ""));
}

/* News that begin after what is known leave a gap, which is asked for. */
static void a_gap_in_the_news_is_filled(void **state)
{
	struct shared_entry *x, *y;
	char data[40];
	int64_t since;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-over");
	y = shared_entry(*state, "limits-gap");
	another_process(put_text, y);
	shared_sync(*state);
	since = known_until();
	snprintf(data, sizeof(data), "%s", redis_mirror.data);
	assert_true(reads(y, "text"));
	hear_answer(
		&(struct answer){ "other", 0, -1, 10, COUNT("3", "10", "0") });
	assert_true(reads(y, ""));
	hear_answer(&(struct answer){ data, clock_wall_ms() + 1, since, since,
				      COUNT("5", "9", "0") });
	assert_int_equal(shared_count(x), 5);
	shared_sync(*state);
	assert_true(reads(y, "text"));
}

/* --- what this process holds -------------------------------------------- */

/* Whoever asks for something else is told of counts, too. */
static void what_we_hold_is_ours_whatever_is_asked(void **state)
{
	struct shared_entry *x;
	struct meter_use use;
	struct quota quota;
	struct err e;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-own");
	take_one(x);
	assert_int_equal(shared_count(x), 1);
	assert_int_equal(redis_link_retry(&e), 0);
	assert_int_equal(shared_count(x), 1);
	another_process(hold_one, x);
	memset(&quota, 0, sizeof(quota));
	assert_int_equal(meter_use(*state, "nobody", &quota, &use, &e), 0);
	assert_int_equal(shared_count(x), 2);
	another_process(hold_one, x);
	vault_free("nothing");
	assert_int_equal(shared_count(x), 3);
	shared_sub(x);
}

#define MANY 70 /* more than one beat says */

static struct shared_entry *many(int i)
{
	char name[40];

	snprintf(name, sizeof(name), "limits-%d", i);
	return shared_entry("", name);
}

static void empty_store(void)
{
	redisReply *r = ask_store("FLUSHDB");

	assert_int_equal(r->type, REDIS_REPLY_STATUS);
	freeReplyObject(r);
}

/* How many of them the store counts. */
static int counted(const char *home)
{
	int n = 0;

	for (int i = 0; i < MANY; i++) {
		redisReply *r = ask_store("HGET %sc:limits-%d n", home, i);

		n += r->type == REDIS_REPLY_STRING && strcmp(r->str, "1") == 0;
		freeReplyObject(r);
	}
	return n;
}

/* The store has lost what we hold: all of it is said again. */
static void all_that_is_held_is_said_again(void **state)
{
	struct err e;

	if (!unit_has_store())
		skip();
	shared_sync(*state);
	for (int i = 0; i < MANY; i++)
		assert_true(shared_add(many(i), 0));
	assert_int_equal(counted(*state), MANY);
	empty_store();
	assert_int_equal(redis_link_retry(&e), 0);
	for (int i = 0; i < 3; i++)
		shared_redis_beat();
	assert_int_equal(counted(*state), MANY);
	for (int i = 0; i < MANY; i++)
		shared_sub(many(i));
}

static void beat(void *arg)
{
	struct choosing *c = arg;

	shared_redis_beat();
	if (!--c->left)
		task_wake(c->waits);
}

/* The keeper says what is held while the first choice is on its way. */
static void choose_and_beat(void *arg)
{
	do_all(arg, 2, choose, beat);
}

static void what_is_said_first_by_the_keeper_is_ours(void **state)
{
	struct choosing c = { .granted = 0 };

	if (!unit_has_store())
		skip();
	shared_sync(*state);
	c.x = shared_entry(*state, "limits-0");
	on_a_loop(choose_and_beat, &c);
	assert_int_equal(c.granted, 1);
	assert_int_equal(counted(*state), 1);
}

static void take_after_loss(void *arg)
{
	struct shared_entry *x = arg;

	empty_store();
	assert_false(take(x));
	take_one(x);
}

/* A choice among what is known of a store that has forgotten it is void. */
static void a_choice_by_what_is_lost_is_made_anew(void **state)
{
	struct shared_entry *x;
	struct loop *l;
	struct err e;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-lost");
	l = loop_new(&e);
	assert_int_equal(task_call(l, take_and_give_back, x, &e), 0);
	for (int i = 0; i < 6; i++) /* however often */
		assert_int_equal(task_call(l, take_after_loss, x, &e), 0);
	shared_detach();
	loop_free(l);
	shared_sub(x);
}

/* --- the store is away --------------------------------------------------- */

static bool write_mine(void *arg, struct span was, struct buf *now)
{
	(void)arg;
	(void)was;
	buf_str(now, "mine");
	return true;
}

static bool write_late(void *arg, struct span was, struct buf *now)
{
	hear(known_until() + 2, arg);
	redis_link_lost("it is cut off");
	return write_mine(NULL, was, now);
}

static void change(struct shared_entry *x, shared_change_fn *fn, char *arg)
{
	struct err e;

	assert_int_equal(shared_update(x, fn, arg, &e), 0);
}

static void reads_mine(struct shared_entry *x)
{
	struct err e;

	must(!redis_link_retry(&e) && reads(x, "mine"));
}

static void what_is_kept_is_no_older_than_the_news(void **state)
{
	char news[] = TEXT("7", "new");
	struct shared_entry *x;
	struct err e;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-over");
	shared_sync(*state);
	change(x, write_late, news);
	assert_true(reads(x, "new"));
	assert_int_equal(redis_link_retry(&e), 0);
}

static void what_is_learnt_while_it_is_away_is_told(void **state)
{
	struct shared_entry *x, *y;
	struct err e;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-x");
	y = shared_entry(*state, "limits-y");
	another_process(put_text, x);
	another_process(put_text, y);
	shared_sync(*state);
	redis_link_keep();
	redis_link_lost("it is cut off");
	change(x, write_mine, NULL);
	change(y, write_mine, NULL);
	another_process(put_text, y);
	assert_int_equal(redis_link_retry(&e), 0);
	assert_true(reads(x, "mine"));
	shared_redis_tell_kept();
	another_process(reads_mine, x);
	assert_true(reads(y, "text")); /* others were later */
}

static void tell_something(void *arg)
{
	shared_add(arg, shared_count(arg));
}

/* What is under way when a loop ends is no fault of the store. */
static void a_loop_that_ends_says_nothing_of_the_store(void **state)
{
	struct shared_entry *x;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-x");
	shared_sync(*state);
	on_a_loop(tell_something, x);
	assert_true(redis_link_up());
	shared_sub(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(an_overtaken_answer_is_no_news),
		WITH_HOME(one_that_is_chosen_again_has_had_its_turn),
		WITH_HOME(one_that_is_chosen_for_a_moment_has_had_its_turn),
		WITH_HOME(one_that_is_refused_has_had_no_turn),
		WITH_HOME(one_round_is_one_call),
		WITH_HOME(each_choice_after_a_race_is_looked_at),
		WITH_HOME(what_is_sure_is_told_later),
		WITH_HOME(a_text_comes_with_a_choice),
		WITH_HOME(an_answer_of_old_data_is_no_news),
		WITH_HOME(a_gap_in_the_news_is_filled),
		WITH_HOME(what_we_hold_is_ours_whatever_is_asked),
		WITH_HOME(all_that_is_held_is_said_again),
		WITH_HOME(what_is_said_first_by_the_keeper_is_ours),
		WITH_HOME(a_choice_by_what_is_lost_is_made_anew),
		WITH_HOME(a_loop_that_ends_says_nothing_of_the_store),
		WITH_HOME(what_is_kept_is_no_older_than_the_news),
		WITH_HOME(what_is_learnt_while_it_is_away_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
