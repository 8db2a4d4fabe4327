/* SPDX-License-Identifier: MIT */
/*
 * again: libdario loaded, used with a folder and unloaded, time after time, by
 * threads that live on; and two folders in turn. Neither memory nor descriptors
 * may grow.
 *
 *	again DATA FOLDER OTHER LIBRARY
 */
#include <dario.h>
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 200
#define THREADS 2
#define GROWTH_KB 4096

/* What is used of it. */
static struct {
	struct dario *(*open)(const struct dario_options *,
			      struct dario_error *);
	void (*close)(struct dario *);
	char *(*accounts)(struct dario *, struct dario_error *);
	char *(*explain)(struct dario *, const char *, const char *,
			 struct dario_error *);
	char *(*token)(struct dario *, const char *, int64_t *,
		       struct dario_error *);
	int (*test)(struct dario *, const char *, int64_t *,
		    struct dario_error *);
	void (*free)(void *);
} lib;

static const char *data, *folder, *other;
static pthread_barrier_t loaded, used;

static void say(const char *name, int good)
{
	printf("%s %s\n", good ? "PASS" : "FAIL", name);
}

static int load(void *so)
{
	*(void **)&lib.open = dlsym(so, "dario_open");
	*(void **)&lib.close = dlsym(so, "dario_close");
	*(void **)&lib.accounts = dlsym(so, "dario_accounts");
	*(void **)&lib.explain = dlsym(so, "dario_explain");
	*(void **)&lib.token = dlsym(so, "dario_token");
	*(void **)&lib.test = dlsym(so, "dario_backend_test");
	*(void **)&lib.free = dlsym(so, "dario_free");
	return lib.open && lib.close && lib.accounts && lib.explain &&
	       lib.token && lib.test && lib.free;
}

static struct dario *open_it(const char *at)
{
	struct dario_options o = { .size = sizeof(o),
				   .data = data,
				   .folder = at };

	return lib.open(&o, NULL);
}

static int text(char *p)
{
	lib.free(p);
	return p != NULL;
}

/* Nobody answers the test. */
static int ask(struct dario *d)
{
	return text(lib.accounts(d, NULL)) &&
	       text(lib.explain(d, "gpt-4", NULL, NULL)) &&
	       text(lib.explain(d, "claude-x", "messages", NULL)) &&
	       text(lib.token(d, NULL, NULL, NULL)) &&
	       lib.test(d, "one", NULL, NULL) < 0;
}

static void *work(void *bad)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct dario *d;

		pthread_barrier_wait(&loaded);
		d = open_it(folder);
		if (!ask(d))
			*(int *)bad = 1;
		lib.close(d);
		pthread_barrier_wait(&used);
	}
	return NULL;
}

struct taken {
	long kb, descriptors;
};

static struct taken taken(void)
{
	struct taken t = { 0 };
	long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "r");
	DIR *dir;

	if (f && fscanf(f, "%ld %ld", &all, &pages) == 2)
		t.kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
	if (f)
		fclose(f);
	dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		t.descriptors++;
	if (dir)
		closedir(dir);
	return t;
}

static void compare(const char *what, struct taken a)
{
	struct taken b = taken();

	printf("# %s: %ld KiB, then %ld\n", what, a.kb, b.kb);
	printf("# %s: %ld descriptors, then %ld\n", what, a.descriptors,
	       b.descriptors);
	say(what, b.kb - a.kb < GROWTH_KB && a.descriptors == b.descriptors);
}

static void load_again(const char *path)
{
	int bad[THREADS] = { 0 }, all = 1;
	struct taken before = { 0 };
	pthread_t threads[THREADS];

	pthread_barrier_init(&loaded, NULL, THREADS + 1);
	pthread_barrier_init(&used, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, &bad[i]);
	for (int i = 0; i < ROUNDS; i++) {
		void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);

		if (!so || !load(so))
			exit(1);
		pthread_barrier_wait(&loaded);
		pthread_barrier_wait(&used);
		all &= dlclose(so) == 0;
		if (i == ROUNDS / 10)
			before = taken();
	}
	compare("loaded and unloaded, nothing is left", before);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all &= !bad[i];
	}
	say("each time it works", all);
	say("it is not loaded any more", !dlopen(path, RTLD_NOW | RTLD_NOLOAD));
}

/* The struct that stays open has what is known of its folder. */
static void take_turns(const char *path)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct taken before = { 0 };
	struct dario *a, *b;
	int good = 1;

	if (!so || !load(so))
		exit(1);
	a = open_it(folder);
	b = open_it(other);
	for (int i = 0; i < ROUNDS; i++) {
		struct dario *c = open_it(i & 1 ? folder : other);

		good &= ask(a) && ask(c);
		lib.close(c);
		good &= ask(b);
		if (i == ROUNDS / 10)
			before = taken();
	}
	compare("two folders in turn, nothing grows", before);
	say("each answers", good);
	lib.close(a);
	lib.close(b);
	dlclose(so);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	data = argv[1];
	folder = argv[2];
	other = argv[3];
	load_again(argv[4]);
	take_turns(argv[4]);
	return 0;
}
