/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/shared-ops.h"

#include "base/clock.h"
#include "base/folder-watch.h"
#include "base/own-pid.h"
#include "base/store.h"
#include "state/shared/shared-table.h"
#include "state/shared/tidy.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES 1024 /* chains of them */
#define LOOK_MS 2000 /* between looks at a log that may have grown */
#define MISSING_MS 5 /* and at a file that was missing */
#define ENDING ".json"
#define FILE_BYTES (SHARED_NAME_MAX + 16)

struct shared_entry {
	struct shared_entry *next; /* of the chain */
	char *home;
	char file[FILE_BYTES]; /* below the home */
	uint64_t key;
	bool below; /* in a folder of its own, which is not watched */
	_Atomic uint64_t version;
	/* its place in the table, and of which table */
	_Atomic unsigned generation;
	struct shared_slot *_Atomic slot;
	struct store_sign sign; /* where files cannot be watched */
	/* When its file was looked for last and was missing, as of a version */
	_Atomic int64_t missed_at;
	_Atomic uint64_t missed;
};

static struct {
	pthread_mutex_t lock;
	struct shared_entry *chains[ENTRIES];
	_Atomic unsigned generation; /* of the table, as last seen */
	/* whose folder is watched */
	char *home;
	pid_t pid;
	struct folder_watch watch;
	atomic_bool watches; /* without the lock, too */
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Without printf: some are asked for with each request. */
static void name_file(char out[FILE_BYTES], const char *name,
		      const char *ending)
{
	struct buf text = { .p = out,
			    .cap = FILE_BYTES,
			    .max = FILE_BYTES - 1 };

	buf_str(&text, "state/");
	buf_add(&text, name, strnlen(name, SHARED_NAME_MAX));
	buf_str(&text, ending);
}

/* With the lock. */
static struct shared_entry *find(const char *home, const char *file)
{
	uint64_t key = shared_hash(home, file);
	struct shared_entry *x = all.chains[key % ENTRIES];

	while (x && (x->key != key || strcmp(x->file, file) ||
		     strcmp(x->home, home)))
		x = x->next;
	return x;
}

static struct shared_entry *get_entry(const char *home, const char *name)
{
	char file[FILE_BYTES];
	struct shared_entry *x;

	name_file(file, name, ENDING);
	pthread_mutex_lock(&all.lock);
	x = find(home, file);
	if (!x) {
		x = xcalloc(1, sizeof(*x));
		x->home = xstrdup(home);
		snprintf(x->file, sizeof(x->file), "%s", file);
		x->key = shared_hash(home, file);
		x->below = strchr(x->file + sizeof("state/") - 1, '/');
		x->version = 1;
		x->next = all.chains[x->key % ENTRIES];
		all.chains[x->key % ENTRIES] = x;
	}
	pthread_mutex_unlock(&all.lock);
	return x;
}

/* --- what others write --------------------------------------------------- */

static void all_changed(void)
{
	for (size_t i = 0; i < ENTRIES; i++)
		for (struct shared_entry *x = all.chains[i]; x; x = x->next)
			x->version++;
}

static void changed(const char *home, const char *name)
{
	char file[FILE_BYTES];
	struct shared_entry *x;

	if (snprintf(file, sizeof(file), "state/%s", name) >= (int)sizeof(file))
		return;
	x = find(home, file);
	if (x)
		x->version++;
}

static void open_watch(const char *home)
{
	char path[PATH_MAX];

	if (all.home && all.pid == own_pid() && strcmp(all.home, home) == 0)
		return;
	folder_watch_close(&all.watch);
	free(all.home);
	all.home = xstrdup(home);
	all.pid = own_pid();
	snprintf(path, sizeof(path), "%s/state", home);
	folder_watch_open(&all.watch, path);
	all_changed();
}

static void on_change(void *unused, const char *name)
{
	(void)unused;
	if (name)
		changed(all.home, name);
	else
		all_changed();
}

static void sync_home(const char *home)
{
	atomic_store(&all.generation, shared_table_sync(home));
	pthread_mutex_lock(&all.lock);
	open_watch(home);
	folder_watch_read(&all.watch, on_change, NULL);
	atomic_store(&all.watches, folder_watch_works(&all.watch));
	pthread_mutex_unlock(&all.lock);
}

/* Without a watch its file is looked at. */
static void look_at(struct shared_entry *x)
{
	struct store_sign now;

	store_sign(x->home, x->file, &now);
	pthread_mutex_lock(&all.lock);
	if (memcmp(&now, &x->sign, sizeof(now))) {
		x->sign = now;
		x->version++;
	}
	pthread_mutex_unlock(&all.lock);
}

static uint64_t version_of(struct shared_entry *x)
{
	if (x->below || !atomic_load(&all.watches))
		look_at(x);
	return atomic_load_explicit(&x->version, memory_order_relaxed);
}

/* --- texts --------------------------------------------------------------- */

static int read_text(struct shared_entry *x, struct buf *out, struct err *e)
{
	int rc = store_read(x->home, x->file, out, e);

	if (rc >= 0 || e->code == ERR_BUSY)
		return rc;
	buf_reset(out);
	return 1;
}

static int make_folders(const struct shared_entry *x, struct err *e)
{
	char name[sizeof(x->file)];
	char *end;

	snprintf(name, sizeof(name), "%s", x->file);
	for (end = strchr(name, '/'); end; end = strchr(end + 1, '/')) {
		*end = '\0';
		if (store_folder(x->home, name, e))
			return -1;
		*end = '/';
	}
	return 0;
}

/* Whoever holds it does not wait for anything. */
static int lock(const struct shared_entry *x, struct err *e)
{
	int fd = store_lock(x->home, x->file, e);

	if (fd < 0 && make_folders(x, e) == 0)
		fd = store_lock(x->home, x->file, e);
	return fd;
}

static int change_locked(struct shared_entry *x, shared_change_fn *change,
			 void *arg, struct err *e)
{
	struct buf was, now;
	int rc;

	buf_init(&was, SHARED_TEXT_MAX);
	buf_init(&now, SHARED_TEXT_MAX);
	rc = read_text(x, &was, e) < 0 ? -1 : 0;
	if (rc == 0 && change(arg, buf_get(&was), &now)) {
		rc = now.full ? err_full(e, &now, ERR_INTERNAL,
					 "%s would be too large", x->file)
			      : store_put(x->home, x->file, buf_get(&now), e);
		atomic_fetch_add(&x->version, 1);
	}
	buf_release(&was);
	buf_release(&now);
	return rc;
}

static int update_text(struct shared_entry *x, shared_change_fn *change,
		       void *arg, struct err *e)
{
	int fd = lock(x, e), rc;

	if (fd < 0)
		return -1;
	rc = change_locked(x, change, arg, e);
	store_unlock(fd);
	return rc;
}

static int try_update(struct shared_entry *x, shared_change_fn *change,
		      void *arg, struct err *e)
{
	bool busy;
	int fd = store_try_lock(x->home, x->file, &busy, e), rc;

	if (fd < 0)
		return busy ? 0 : update_text(x, change, arg, e);
	rc = change_locked(x, change, arg, e);
	store_unlock(fd);
	return rc;
}

/* Each answer that a backend gives takes its failures back, of which there are
 * none, mostly: that is not looked up for all who answer at the same time. What
 * another process notes meanwhile goes with the next answer. */
static bool is_missing(struct shared_entry *x)
{
	uint64_t version = atomic_load(&x->version);
	int64_t now = clock_ms();

	if (atomic_load(&x->missed) == version &&
	    now - atomic_load(&x->missed_at) < MISSING_MS)
		return true;
	if (store_exists(x->home, x->file))
		return false;
	atomic_store(&x->missed_at, now);
	atomic_store(&x->missed, version);
	return true;
}

static void remove_text(struct shared_entry *x)
{
	struct err unused;
	int fd;

	if (is_missing(x))
		return;
	fd = lock(x, &unused);
	if (fd < 0)
		return;
	store_remove(x->home, x->file, &unused);
	atomic_fetch_add(&x->version, 1);
	store_unlock(fd);
}

static void expire_texts(const char *home, const char *folder, int64_t age_ms)
{
	char path[PATH_MAX], name[PATH_MAX];
	int64_t oldest = clock_wall_ms() - age_ms;
	struct dirent *d;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/state/%s", home, folder);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		size_t n = strlen(d->d_name);

		if (n < sizeof(ENDING) ||
		    strcmp(d->d_name + n - (sizeof(ENDING) - 1), ENDING) ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    (int64_t)st.st_mtime * 1000 > oldest)
			continue;
		snprintf(name, sizeof(name), "%s/%.*s", folder,
			 (int)(n - (sizeof(ENDING) - 1)), d->d_name);
		remove_text(get_entry(home, name));
	}
	if (dir)
		closedir(dir);
}

/* The log stays open: one write a line. Now and then it is opened anew, because
 * another process may have turned it over. */
static struct {
	pthread_mutex_t lock;
	int fd;
	int64_t opened;
	char home[PATH_MAX], file[FILE_BYTES];
} writer = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* Under the lock: its size. */
static int64_t open_log(const char *home, const char *file)
{
	struct err unused;
	struct stat st;

	if (writer.fd >= 0)
		close(writer.fd);
	snprintf(writer.home, sizeof(writer.home), "%s", home);
	snprintf(writer.file, sizeof(writer.file), "%s", file);
	writer.opened = clock_ms();
	writer.fd = store_open_append(home, file, &unused);
	return writer.fd >= 0 && fstat(writer.fd, &st) == 0 ? st.st_size : 0;
}

/* False: it could not be opened. */
static bool append(const char *home, const char *file, struct span line,
		   int64_t *size)
{
	bool ok;

	pthread_mutex_lock(&writer.lock);
	if (writer.fd < 0 || clock_ms() - writer.opened > LOOK_MS ||
	    strcmp(writer.home, home) || strcmp(writer.file, file))
		*size = open_log(home, file);
	ok = writer.fd >= 0;
	/* One call: lines of two processes do not mix. */
	if (ok && write(writer.fd, line.p, line.n) < 0)
		writer.opened = 0;
	pthread_mutex_unlock(&writer.lock);
	return ok;
}

static void append_line(const char *home, const char *name, struct span line,
			int64_t *size)
{
	char file[FILE_BYTES];
	struct err unused;

	*size = 0;
	name_file(file, name, ".jsonl");
	if (append(home, file, line, size))
		return;
	if (store_folder(home, "state", &unused) == 0 &&
	    (tidy_file(home, file) || !store_exists(home, file)))
		append(home, file, line, size);
}

/* --- counts and turns ---------------------------------------------------- */

/* Its place in the table of the last sync. */
static struct shared_slot *slot(struct shared_entry *x)
{
	unsigned generation = atomic_load(&all.generation);
	struct shared_slot *s = atomic_load(&x->slot);

	if (!s || atomic_load(&x->generation) != generation) {
		s = shared_slot(x->home, x->key);
		atomic_store(&x->slot, s);
		atomic_store(&x->generation, generation);
	}
	return s;
}

static uint32_t count_of(struct shared_entry *x)
{
	return shared_slot_count(slot(x));
}

static bool add_one(struct shared_entry *x, uint32_t seen)
{
	atomic_store(&all.generation, shared_table_sync(x->home));
	return shared_slot_add(x->home, slot(x), seen);
}

static void sub_one(struct shared_entry *x)
{
	shared_slot_sub(x->home, slot(x));
}

static bool is_older(struct shared_entry *a, struct shared_entry *b)
{
	return shared_slot_is_older(slot(a), slot(b));
}

static int64_t take_turn(struct shared_entry *x, int64_t interval, int64_t max)
{
	atomic_store(&all.generation, shared_table_sync(x->home));
	return shared_slot_turn(slot(x), interval, max);
}

static int64_t turn_in(struct shared_entry *x, int64_t now)
{
	return shared_slot_turn_in(slot(x), now);
}

static bool take_one(struct shared_entry *x, struct shared_choice *c)
{
	if (!add_one(x, c->seen))
		return false;
	c->wait = c->interval > 0 ? take_turn(x, c->interval, c->max) : 0;
	return true;
}

static bool look_again(const char *home)
{
	(void)home; /* it has been looked at */
	return false;
}

static void close_log(const char *home)
{
	pthread_mutex_lock(&writer.lock);
	if (writer.fd >= 0 && strcmp(writer.home, home) == 0) {
		close(writer.fd);
		writer.fd = -1;
	}
	pthread_mutex_unlock(&writer.lock);
}

static void forget_home(const char *home)
{
	pthread_mutex_lock(&all.lock);
	for (size_t i = 0; i < ENTRIES; i++)
		for (struct shared_entry **p = &all.chains[i], *x; (x = *p);) {
			if (strcmp(x->home, home)) {
				p = &x->next;
				continue;
			}
			*p = x->next;
			free(x->home);
			free(x);
		}
	if (all.home && strcmp(all.home, home) == 0) {
		folder_watch_close(&all.watch);
		free(all.home);
		all.home = NULL;
	}
	pthread_mutex_unlock(&all.lock);
	close_log(home);
	shared_table_forget(home);
}

const struct shared_ops shared_files = {
	.entry = get_entry,
	.forget = forget_home,
	.sync = sync_home,
	.look_again = look_again,
	.version = version_of,
	.read = read_text,
	.update = update_text,
	.try_update = try_update,
	.remove = remove_text,
	.expire = expire_texts,
	.append = append_line,
	.count = count_of,
	.add = add_one,
	.sub = sub_one,
	.is_older = is_older,
	.take = take_one,
	.turn = take_turn,
	.turn_in = turn_in,
	.join = shared_table_join,
	.first = shared_table_first,
	.leave = shared_table_leave,
	.length = shared_table_length,
};
