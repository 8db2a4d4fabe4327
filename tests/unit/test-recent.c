/* SPDX-License-Identifier: MIT */
/* The last requests: order, number, what is too long, other processes, and
 * those that are killed while they write. */
#include "unit.h"

#include "base/store.h"
#include "state/usage/recent.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LONG 3000

/* Everything in it says the same number. */
static void add(const char *home, int64_t i)
{
	char text[32];
	struct recent r = {
		.time = i,
		.took_ms = i,
		.first_ms = -1,
		.status = 200,
		.has_usage = true,
		.usage = { .input = i, .output = i },
		.texts = { .id = text, .model = text, .error = text }
	};

	snprintf(text, sizeof(text), "%lld", (long long)i);
	recent_add(home, &r);
}

struct seen {
	size_t n, wrong;
	int64_t first, last;
	bool falling;
};

static void look(void *arg, const struct recent *r)
{
	struct seen *s = arg;
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)r->time);
	s->wrong += r->took_ms != r->time || r->usage.input != r->time ||
		    r->usage.output != r->time || strcmp(r->texts.id, text) ||
		    strcmp(r->texts.model, text) ||
		    strcmp(r->texts.error, text) || *r->texts.path ||
		  *r->texts.dropped || !r->has_usage || r->stream;
	if (!s->n++)
		s->first = r->time;
	else
		s->falling = s->falling && r->time < s->last;
	s->last = r->time;
}

static struct seen walk(const char *home)
{
	struct seen s = { .falling = true };

	recent_walk(home, look, &s);
	return s;
}

static void none_at_first(void **state)
{
	assert_int_equal(walk(*state).n, 0);
}

static void the_newest_first(void **state)
{
	struct seen s;

	for (int64_t i = 1; i <= 3; i++)
		add(*state, i);
	s = walk(*state);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.first, 3);
	assert_int_equal(s.last, 1);
	assert_true(s.falling);
	assert_int_equal(s.wrong, 0);
}

static void so_many_and_no_more(void **state)
{
	struct seen s;

	for (int64_t i = 1; i <= 1000; i++)
		add(*state, i);
	s = walk(*state);
	assert_int_equal(s.n, RECENT_MAX);
	assert_int_equal(s.first, 1000);
	assert_int_equal(s.last, 1001 - RECENT_MAX);
	assert_true(s.falling);
	assert_int_equal(s.wrong, 0);
}

static void look_at_long(void *arg, const struct recent *r)
{
	const char *const *all = (const char *const *)&r->texts;

	for (size_t i = 0; i < sizeof(r->texts) / sizeof(*all); i++) {
		size_t n = strlen(all[i]);

		assert_in_range(n, 1, LONG - 1);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(all[i][k], 'a' + (int)i);
	}
	++*(int *)arg;
}

static void what_is_long_is_cut(void **state)
{
	struct recent r = { .status = 200 };
	const char **all = (const char **)&r.texts;
	char text[sizeof(r.texts) / sizeof(*all)][LONG + 1];
	int n = 0;

	for (size_t i = 0; i < sizeof(r.texts) / sizeof(*all); i++) {
		memset(text[i], 'a' + (int)i, LONG);
		text[i][LONG] = '\0';
		all[i] = text[i];
	}
	/* The last ones have room where the first are short. */
	for (size_t i = 0; i < 5; i++)
		text[i][20] = '\0';
	recent_add(*state, &r);
	recent_walk(*state, look_at_long, &n);
	assert_int_equal(n, 1);
}

static void write_until_killed(const char *home, int64_t i)
{
	for (;; i++)
		add(home, i);
}

static void killed_at_any_point(void **state)
{
	for (int round = 0; round < 30; round++) {
		int64_t from = 1 + round * 1000000000LL;
		pid_t pid[2];
		struct seen s;

		for (int i = 0; i < 2; i++) {
			pid[i] = fork();
			if (!pid[i])
				write_until_killed(*state, from);
			assert_true(pid[i] > 0);
		}
		/* Both at once, and beside them we read, until what earlier
		 * ones have left is written anew. */
		do {
			s = walk(*state);
			assert_int_equal(s.wrong, 0);
		} while (s.n < RECENT_MAX - 2 || s.last < from);
		usleep((useconds_t)(round * 37));
		for (int i = 0; i < 2; i++) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
		s = walk(*state);
		assert_int_equal(s.wrong, 0);
		assert_in_range(s.n, RECENT_MAX - 2, RECENT_MAX);
	}
}

static void path_of(const char *home, char out[200])
{
	snprintf(out, 200, "%s/state/recent", home);
}

/* Gone, cut short or of another version: it begins anew. */
static void it_may_be_lost(void **state)
{
	static const char other[] = "something of another version";
	char path[200];
	int fd;

	path_of(*state, path);
	add(*state, 1);
	assert_int_equal(unlink(path), 0);
	add(*state, 2);
	assert_int_equal(walk(*state).n, 1);
	assert_int_equal(truncate(path, 0), 0);
	add(*state, 3);
	assert_int_equal(walk(*state).n, 1);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
	close(fd);
	add(*state, 4);
	assert_int_equal(walk(*state).n, 1);
	assert_int_equal(walk(*state).wrong, 0);
}

static void open_to_others_it_is_not_used(void **state)
{
	char path[200];

	path_of(*state, path);
	add(*state, 1);
	assert_int_equal(unlink(path), 0);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(chmod(path, 0644), 0);
	add(*state, 2);
	assert_int_equal(walk(*state).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(none_at_first),
		WITH_HOME(the_newest_first),
		WITH_HOME(so_many_and_no_more),
		WITH_HOME(what_is_long_is_cut),
		WITH_HOME(killed_at_any_point),
		WITH_HOME(it_may_be_lost),
		WITH_HOME(open_to_others_it_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
