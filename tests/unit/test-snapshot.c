/* SPDX-License-Identifier: MIT */
/*
 * An edit counts on the next request, however it is made, whether the kernel
 * tells of it or the files are looked at; and while nothing is edited nobody
 * looks. lstat and fstat are ours here, and count.
 */
#include "unit.h"

#include "state/config/snapshot.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int looks;

int fstat(int fd, struct stat *st)
{
	atomic_fetch_add(&looks, 1);
	return fstatat(fd, "", st, AT_EMPTY_PATH);
}

int lstat(const char *path, struct stat *st)
{
	atomic_fetch_add(&looks, 1);
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

/* --- the files ----------------------------------------------------------- */

static char base[100];

/* Two of them live at a time. */
static const char *at(const char *name)
{
	static char paths[2][300];
	static int i;

	i = !i;
	snprintf(paths[i], sizeof(paths[i]), "%s/%s", base, name);
	return paths[i];
}

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(at(name), 0700), 0);
}

static void write_file(const char *name, const char *text, int flags)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put(const char *name, const char *text)
{
	write_file(name, text, O_TRUNC);
}

static void move(const char *from, const char *to)
{
	assert_int_equal(rename(at(from), at(to)), 0);
}

static void point(const char *name, const char *to)
{
	assert_int_equal(symlink(to, at(name)), 0);
}

#define LOGIN(token) \
	"{\"claudeAiOauth\":{\"accessToken\":\"" token \
	"\",\"refreshToken\":\"r\",\"expiresAt\":9999999999999}}"
#define BACKEND(model) \
	"{\"name\":\"b\",\"apiKey\":\"k\",\"baseUrl\":\"https://h/v1\"," \
	"\"models\":[\"" model "\"]}"

/* --- who asks ------------------------------------------------------------ */

static struct snapshot_store *cs;

static struct snapshot *now(void)
{
	struct err e = { 0 };
	struct snapshot *c = snapshot_current(cs, &e);

	if (!c)
		fail_msg("%s", e.msg);
	return c;
}

/* Until no load is due by the clock. */
static struct snapshot *settle(void)
{
	struct snapshot *c = now();

	while (c->watches.again) {
		snapshot_put(cs, c);
		usleep(1000);
		c = now();
	}
	return c;
}

static void edit(void (*how)(void), const char *name)
{
	struct snapshot *before = settle(), *after;
	struct err e;
	bool broken;

	how();
	after = now();
	broken = snapshot_broken(cs, &e);
	if (after == before && !broken)
		fail_msg("%s: not seen", name);
	snapshot_put(cs, before);
	snapshot_put(cs, after);
}

#define EDIT(how) edit(how, #how)

/* --- edits --------------------------------------------------------------- */

static void in_place_of_equal_size(void)
{
	write_file("a/home/backends/b.json", BACKEND("n"), 0);
}

static void by_rename(void)
{
	put("a/home/.x", BACKEND("o"));
	move("a/home/.x", "a/home/backends/b.json");
}

static void a_file_is_added(void)
{
	put("a/home/backends/c.json", BACKEND("p"));
}

static void a_file_is_removed(void)
{
	assert_int_equal(unlink(at("a/home/backends/c.json")), 0);
}

static void by_a_second_name(void)
{
	write_file("second", BACKEND("q"), 0);
}

static void mode_of_a_file(void)
{
	assert_int_equal(chmod(at("a/home/backends/b.json"), 0644), 0);
}

static void mode_is_mended(void)
{
	assert_int_equal(chmod(at("a/home/backends/b.json"), 0600), 0);
}

static void routes_appear(void)
{
	put("a/home/routes.json", "{\"rules\":[]}");
}

static void the_folder_is_another(void)
{
	move("a/home/backends", "a/away");
	make_folder("a/home/backends");
}

static void the_folder_is_back(void)
{
	assert_int_equal(rmdir(at("a/home/backends")), 0);
	move("a/away", "a/home/backends");
}

static void the_home_is_another(void)
{
	move("a/home", "a/old");
	move("a/other", "a/home");
}

static void a_folder_above_is_another(void)
{
	move("a", "moved");
	make_folder("a");
	make_folder("a/home");
	put("a/home/config.json", "{\"port\":4000}");
}

static void a_folder_above_is_back(void)
{
	move("a", "away");
	move("moved", "a");
}

static void template_in_place(void)
{
	write_file("templates/t.json", "{ }", 0);
}

static void template_goes_through_another_link(void)
{
	assert_int_equal(unlink(at("link")), 0);
	point("link", "others");
}

static void template_is_a_link(void)
{
	put("others/real.json", "{}");
	assert_int_equal(unlink(at("others/t.json")), 0);
	point("others/t.json", "../others/real.json");
}

static void behind_the_link(void)
{
	write_file("others/real.json", "{   }", 0);
}

static void link_by_rename(void)
{
	put("others/more.json", "{}");
	point("others/new", "more.json");
	move("others/new", "others/t.json");
}

static void claude_code_logs_in(void)
{
	make_folder("user/.claude");
	put("user/.claude/.credentials.json", LOGIN("one"));
}

static void claude_code_refreshes(void)
{
	put("user/.claude/new", LOGIN("two"));
	move("user/.claude/new", "user/.claude/.credentials.json");
}

static void claude_code_moves(void)
{
	move("user/.claude", "user/away");
}

static void claude_code_is_a_link(void)
{
	point("user/.claude", "away");
}

/* From one place without a log-in to another. */
static void claude_code_logs_in_elsewhere(void)
{
	put("user/elsewhere/.credentials.json", LOGIN("three"));
}

static void go_elsewhere(void)
{
	assert_int_equal(unlink(at("user/away/.credentials.json")), 0);
	snapshot_put(cs, settle());
	make_folder("user/elsewhere");
	point("user/new", "elsewhere");
	move("user/new", "user/.claude");
}

static void a_certificate_appears(void)
{
	make_folder("certificates");
	put("certificates/ca.pem", "x");
}

static void a_certificate_changes(void)
{
	put("certificates/ca.pem", "y");
}

/* A folder that somebody still has open is not quite gone. */
static int held = -1;

static void an_empty_folder_is_made_anew(void)
{
	put("certificates/ca.pem", "z");
	held = open(at("certificates"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(unlink(at("certificates/ca.pem")), 0);
	snapshot_put(cs, now());
	assert_int_equal(rmdir(at("certificates")), 0);
	make_folder("certificates");
	put("certificates/ca.pem", "0");
}

static void in_what_was_made_anew(void)
{
	write_file("certificates/ca.pem", "1", 0);
}

/* More than the kernel keeps, none of it ours: what comes last is lost. */
static void after_very_much(void)
{
	put("a/one", "");
	put("a/other-one", "");
	for (int i = 0; i < 20000; i++)
		chmod(at(i % 2 ? "a/one" : "a/other-one"), 0600);
	write_file("a/home/backends/b.json", BACKEND("s"), 0);
}

static void after_all_that(void)
{
	put("a/home/backends/b.json", BACKEND("tt"));
}

static void make_files(void)
{
	static const char *const folders[] = {
		"a",      "a/home", "a/home/backends", "a/other", "templates",
		"others", "user",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		make_folder(folders[i]);
	put("a/home/backends/b.json", BACKEND("m"));
	put("a/other/config.json", "{\"port\":4001}");
	put("templates/t.json", "{}");
	put("others/t.json", "{}");
	point("link", "templates");
}

static void all_edits(void)
{
	char text[500];

	EDIT(in_place_of_equal_size);
	EDIT(by_rename);
	EDIT(a_file_is_added);
	EDIT(a_file_is_removed);
	assert_int_equal(link(at("a/home/backends/b.json"), at("second")), 0);
	EDIT(by_a_second_name);
	assert_int_equal(unlink(at("second")), 0);
	EDIT(mode_of_a_file);
	EDIT(mode_is_mended);
	EDIT(routes_appear);
	EDIT(the_folder_is_another);
	EDIT(the_folder_is_back);
	EDIT(template_in_place);
	EDIT(template_goes_through_another_link);
	EDIT(template_is_a_link);
	EDIT(behind_the_link);
	EDIT(link_by_rename);
	EDIT(claude_code_logs_in);
	EDIT(claude_code_refreshes);
	EDIT(claude_code_moves);
	EDIT(claude_code_is_a_link);
	go_elsewhere();
	EDIT(claude_code_logs_in_elsewhere);
	snprintf(text, sizeof(text),
		 "{\"name\":\"b\",\"apiKey\":\"k\",\"baseUrl\":\"https://h/v1\""
		 ",\"caFile\":\"%s\"}",
		 at("certificates/ca.pem"));
	put("a/home/backends/b.json", text);
	EDIT(a_certificate_appears);
	EDIT(a_certificate_changes);
	EDIT(an_empty_folder_is_made_anew);
	EDIT(in_what_was_made_anew);
	close(held);
	EDIT(a_folder_above_is_another);
	EDIT(a_folder_above_is_back);
	EDIT(by_rename);
	EDIT(after_very_much);
	EDIT(after_all_that);
	EDIT(the_home_is_another);
}

/* --- the tests ----------------------------------------------------------- */

static void set_up(void **state)
{
	snprintf(base, sizeof(base), "%s", (char *)*state);
	make_files();
	setenv("HOME", at("user"), 1);
	setenv("DARIO_TEMPLATE", at("link/t.json"), 1);
	unsetenv("CLAUDE_CONFIG_DIR");
}

static void tear_down(void)
{
	snapshot_close(cs);
	unsetenv("DARIO_TEMPLATE");
}

static int count_looks(int requests)
{
	int before;

	snapshot_put(cs, settle());
	before = atomic_load(&looks);
	for (int i = 0; i < requests; i++)
		snapshot_put(cs, now());
	return atomic_load(&looks) - before;
}

static void the_kernel_tells(void **state)
{
	set_up(state);
	cs = snapshot_open(xstrdup(at("a/home")));
	snapshot_put(cs, settle());
	if (snapshot_fd(cs) < 0)
		skip();
	/* Now and then, for what it does not tell. */
	assert_true(count_looks(1000) < 100);
	all_edits();
	assert_true(count_looks(1000) < 100);
	tear_down();
}

static void the_kernel_has_nothing_left_to_watch_with(void **state)
{
	struct rlimit all, none;

	set_up(state);
	getrlimit(RLIMIT_NOFILE, &all);
	none = (struct rlimit){ 0, all.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	cs = snapshot_open(xstrdup(at("a/home")));
	setrlimit(RLIMIT_NOFILE, &all);
	assert_int_equal(snapshot_fd(cs), -1);
	assert_true(count_looks(1000) >= 1000);
	all_edits();
	tear_down();
}

static void a_home_through_links(void **state)
{
	struct snapshot *c;

	set_up(state);
	point("way", "a");
	point("a/h", "home");
	cs = snapshot_open(xstrdup(at("way/h")));
	EDIT(in_place_of_equal_size);
	EDIT(by_rename);
	assert_int_equal(unlink(at("a/h")), 0);
	point("a/h", "../a/other");
	snapshot_put(cs, now());
	c = now();
	assert_int_equal(c->settings.port, 4001);
	snapshot_put(cs, c);
	tear_down();
}

/* What another takes in is told before anybody goes by it. */
static atomic_bool stop;

static void *ask(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop))
		snapshot_put(cs, now());
	return NULL;
}

static void no_thread_is_late(void **state)
{
	pthread_t threads[3];
	char text[40];

	set_up(state);
	cs = snapshot_open(xstrdup(at("a/home")));
	atomic_store(&stop, false);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, ask, NULL);
	for (int port = 2000; port < 2400; port++) {
		struct snapshot *c;

		snprintf(text, sizeof(text), "{\"port\":%d}", port);
		put("a/new", text);
		move("a/new", "a/home/config.json");
		c = now();
		assert_int_equal(c->settings.port, port);
		snapshot_put(cs, c);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	tear_down();
}

/* In the tick in which it was loaded. */
static void right_after_the_last_one(void **state)
{
	set_up(state);
	cs = snapshot_open(xstrdup(at("a/home")));
	snapshot_put(cs, settle());
	if (snapshot_fd(cs) < 0)
		skip();
	for (int i = 0; i < 300; i++) {
		struct snapshot *c;

		write_file("a/home/backends/b.json",
			   i % 2 ? BACKEND("n") : BACKEND("o"), 0);
		c = now();
		assert_string_equal(c->backends[0].models[0].text,
				    i % 2 ? "n" : "o");
		snapshot_put(cs, c);
	}
	tear_down();
}

static void one_question_for_a_round(void **state)
{
	struct snapshot *c, *same;
	struct err e;

	set_up(state);
	cs = snapshot_open(xstrdup(at("a/home")));
	c = settle();
	if (snapshot_fd(cs) < 0)
		skip();
	by_rename();
	same = snapshot_current_in_round(cs, &e);
	assert_ptr_equal(same, c);
	snapshot_put(cs, same);
	snapshot_put(cs, c);
	snapshot_poll(cs);
	c = snapshot_current_in_round(cs, &e);
	assert_string_equal(c->backends[0].models[0].text, "o");
	snapshot_put(cs, c);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(the_kernel_tells),
		WITH_HOME(the_kernel_has_nothing_left_to_watch_with),
		WITH_HOME(a_home_through_links),
		WITH_HOME(no_thread_is_late),
		WITH_HOME(right_after_the_last_one),
		WITH_HOME(one_question_for_a_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
