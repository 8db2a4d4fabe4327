/* SPDX-License-Identifier: MIT */
/*
 * dario.fcgi: the worker behind a web server.
 *
 * As FastCGI it serves each request in a thread of its own; threads are made
 * as they are needed. A few threads more than the capacity answer "busy", so
 * that a burst meets a proper 429 and not the web server's error page. The
 * main thread waits for signals: on SIGTERM it stops accepting, lets what runs
 * come to its end, and exits. With DARIO_EXIT_WITH_PARENT set it also ends
 * when the process that started it is gone. As plain CGI it serves one request.
 *
 * A web server that spawns hands the listening socket over as descriptor 0,
 * systemd as descriptor 3; for one that does neither, --listen makes it.
 */
#include "config.h"

#include "base/clock.h"
#include "base/install-path.h"
#include "base/log.h"
#include "base/memory.h"
#include "fcgi/routes.h"
#include "net/refresh.h"
#include "state/tidy.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#define SPARE_THREADS 16 /* beyond the capacity, to answer "busy" */
#define IDLE_WANTED 4    /* threads that wait for a request */
#define STACK_BYTES (256u << 10)
#define FDS_PER_THREAD 8 /* client, upstream, libcurl's own */
#define FDS_SPARE 512    /* above all for the configuration's files */
#define DRAIN_MS 30000   /* what runs may take to end by itself */
#define CUT_MS 1000      /* and after it was told to end */
#define WAKE_MS 10
#define SOCKET_MODE 0660 /* for us and the web server's group */

struct flags {
	const char *listen; /* path, or NULL */
	mode_t mode;
	bool version;
	const char *refresh; /* an account's file: see net/refresh.h */
};

struct thread {
	pthread_t id;
	struct worker *worker;
	atomic_bool accepting, ended;
};

struct worker {
	struct app app;
	atomic_int idle;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of the fields below */
	struct thread *threads;
	int n, max;
	pid_t parent;
};

static void *thread_main(void *arg);

static void nap(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void add_thread(struct worker *w)
{
	pthread_attr_t attr;

	pthread_mutex_lock(&w->lock);
	if (w->n < w->max && !atomic_load(&w->stopping)) {
		struct thread *t = &w->threads[w->n];

		t->worker = w;
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, STACK_BYTES);
		if (pthread_create(&t->id, &attr, thread_main, t) == 0)
			w->n++;
		pthread_attr_destroy(&attr);
	}
	pthread_mutex_unlock(&w->lock);
}

static bool accept_one(struct thread *t, struct gw_fastcgi *f,
		       struct gateway *g)
{
	struct worker *w = t->worker;
	int rc;

	atomic_fetch_add(&w->idle, 1);
	atomic_store(&t->accepting, true);
	rc = atomic_load(&w->stopping) ? -1 : gw_fastcgi_accept(f, g);
	atomic_store(&t->accepting, false);
	atomic_fetch_sub(&w->idle, 1);
	if (rc == 0)
		return true;
	/* Out of descriptors, for instance: that passes. */
	if (!atomic_load(&w->stopping))
		nap(WAKE_MS);
	return false;
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	struct worker *w = t->worker;
	struct gw_fastcgi *f = gw_fastcgi_new();
	struct gateway g;
	struct arena arena;

	arena_init(&arena);
	while (!atomic_load(&w->stopping)) {
		bool over;

		if (!accept_one(t, f, &g))
			continue;
		if (atomic_load(&w->idle) < IDLE_WANTED)
			add_thread(w);
		over = atomic_fetch_add(&w->app.busy, 1) >= w->app.capacity;
		routes_serve(&w->app, &g, &arena, over);
		atomic_fetch_sub(&w->app.busy, 1);
		arena_reset(&arena);
		memory_give_back();
	}
	arena_release(&arena);
	gw_fastcgi_free(f);
	atomic_store(&t->ended, true);
	return NULL;
}

/* Threads that wait in accept are woken; true when all have ended. */
static bool wake_threads(struct worker *w)
{
	bool all = true;

	pthread_mutex_lock(&w->lock);
	for (int i = 0; i < w->n; i++) {
		struct thread *t = &w->threads[i];

		if (atomic_load(&t->ended))
			continue;
		all = false;
		if (atomic_load(&t->accepting) || atomic_load(&w->app.cut))
			pthread_kill(t->id, SIGUSR2);
	}
	pthread_mutex_unlock(&w->lock);
	return all;
}

static bool wait_threads(struct worker *w, int64_t ms)
{
	int64_t end = clock_ms() + ms;

	while (!wake_threads(w)) {
		bool orphan = w->parent && getppid() != w->parent;

		if (clock_ms() >= end || (orphan && ms > CUT_MS))
			return false;
		nap(WAKE_MS);
	}
	return true;
}

/* 0 when every request came to its own end. */
static int drain(struct worker *w)
{
	atomic_store(&w->stopping, true);
	gw_fastcgi_stop();
	if (!wait_threads(w, DRAIN_MS)) {
		atomic_store(&w->app.cut, true);
		if (!wait_threads(w, CUT_MS))
			return -1;
	}
	for (int i = 0; i < w->n; i++)
		pthread_join(w->threads[i].id, NULL);
	return 0;
}

static void on_wake(int sig)
{
	(void)sig;
}

static void setup_signals(sigset_t *stop)
{
	struct sigaction wake = { .sa_handler = on_wake,
				  .sa_flags = SA_RESTART };

	sigaction(SIGUSR2, &wake, NULL);
	sigemptyset(stop);
	sigaddset(stop, SIGTERM);
	sigaddset(stop, SIGINT);
	sigaddset(stop, SIGHUP);
	sigaddset(stop, SIGUSR1); /* how FastCGI managers ask for an end */
	pthread_sigmask(SIG_BLOCK, stop, NULL);
}

static void die_with_parent(struct worker *w)
{
	const char *v = getenv("DARIO_EXIT_WITH_PARENT");

	if (!v || strcmp(v, "1"))
		return;
	w->parent = getppid();
#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (getppid() != w->parent)
		exit(0); /* gone before we could ask */
}

/* Keys are in this process's memory: no core files, no other readers. */
static void keep_memory_private(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	/* The leak checker has to look into the process. */
#if defined(HAVE_SYS_PRCTL_H) && !defined(SANITIZED)
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void raise_fd_limit(int threads)
{
	rlim_t need = (rlim_t)threads * FDS_PER_THREAD + FDS_SPARE;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= need)
		return;
	r.rlim_cur = need < r.rlim_max ? need : r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

/* A CGI program is a new process for each request: what it cannot load stands
 * in the request's own line, the rest is told by /health and the page. */
static int app_init(struct app *app, bool cgi)
{
	struct settings defaults;
	struct err e = { 0 };
	char *home = store_home(&e);
	struct snapshot *c;

	if (!home) {
		log_msg("%s", e.msg);
		return -1;
	}
	app->program = install_path_self();
	app->config = snapshot_open(home);
	app->http = http_new();
	if (!app->http) {
		log_msg("libcurl cannot start");
		return -1;
	}
	c = snapshot_current(app->config, &e);
	settings_init(&defaults);
	if (!c) /* as far as it can be known */
		settings_from_env(&defaults, &e);
	app->capacity = (int)(c ? c->settings.threads : defaults.threads);
	log_init(c ? c->settings.verbose : defaults.verbose);
	if (!cgi)
		snapshot_log(app->config);
	tidy_files(home);
	settings_release(&defaults);
	snapshot_put(app->config, c);
	return 0;
}

static void app_release(struct app *app)
{
	http_free(app->http);
	free(app->program);
	snapshot_close(app->config);
}

static int run_cgi(struct app *app)
{
	struct gateway g;
	struct arena arena;

	if (!getenv("REQUEST_METHOD")) {
		fputs("dario.fcgi is started by a web server: run "
		      "\"dario proxy\"\n",
		      stderr);
		return 2;
	}
	gw_cgi_init(&g);
	arena_init(&arena);
	routes_serve(app, &g, &arena, false);
	arena_release(&arena);
	return g.broken;
}

static int run_fastcgi(struct worker *w, const sigset_t *stop)
{
	int sig, rc;

	pthread_mutex_init(&w->lock, NULL);
	w->max = w->app.capacity + SPARE_THREADS;
	w->threads = xcalloc((size_t)w->max, sizeof(*w->threads));
	raise_fd_limit(w->max);
	for (int i = 0; i < IDLE_WANTED; i++)
		add_thread(w);
	sigwait(stop, &sig);
	rc = drain(w);
	if (rc)
		_exit(1); /* a thread is stuck: it must not keep us alive */
	free(w->threads);
	pthread_mutex_destroy(&w->lock);
	return 0;
}

static int parse_mode(const char *text, mode_t *out)
{
	char *end;
	long mode = strtol(text, &end, 8);

	if (end == text || *end || mode < 0 || mode > 0777)
		return -1;
	*out = (mode_t)mode;
	return 0;
}

static int parse_flags(struct flags *f, int argc, char **argv)
{
	static const struct option rows[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "mode", required_argument, NULL, 'm' },
		{ "refresh", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, rc = 0;

	while ((c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (c == 'l')
			f->listen = optarg;
		else if (c == 'm')
			rc |= parse_mode(optarg, &f->mode);
		else if (c == 'r')
			f->refresh = optarg;
		else if (c == 'V')
			f->version = true;
		else
			rc = -1;
	}
	if (rc == 0 && optind == argc)
		return 0;
	fputs("usage: dario.fcgi [--listen=SOCKET [--mode=0660]] "
	      "[--version]\n",
	      stderr);
	return -1;
}

/* The lock lets one process at a time look for a stale socket. */
static int listen_own(const struct flags *f, struct err *e)
{
	char *home = store_home(e);
	int lock = -1, rc = -1;

	if (home && store_folder(home, NULL, e) == 0)
		lock = store_lock(home, "listen", e);
	if (lock >= 0)
		rc = gw_fastcgi_listen(f->listen, f->mode, e);
	store_unlock(lock);
	free(home);
	return rc;
}

/* Where requests come from: 1 plain CGI, 0 FastCGI, -1. */
static int find_gateway(const struct flags *f)
{
	struct err e = { 0 };
	int rc = f->listen ? listen_own(f, &e) : gw_fastcgi_inherit(&e);

	if (rc < 0) {
		log_msg("%s", e.msg);
		return -1;
	}
	return gw_is_cgi();
}

int main(int argc, char **argv)
{
	struct flags flags = { .mode = SOCKET_MODE };
	struct worker w = { 0 };
	sigset_t stop;
	int cgi, rc;

	/* A CGI program's arguments come from the client: a query string
	 * without "=" (RFC 3875, 4.4). */
	if (!getenv("REQUEST_METHOD") && parse_flags(&flags, argc, argv))
		return 2;
	if (flags.version) {
		puts("dario.fcgi " PACKAGE_VERSION);
		return 0;
	}
	if (flags.refresh) {
		keep_memory_private();
		return refresh_main(flags.refresh);
	}
	memory_setup();
	die_with_parent(&w);
	keep_memory_private();
	setup_signals(&stop);
	cgi = find_gateway(&flags);
	signal(SIGPIPE, SIG_IGN); /* libfcgi has set a handler of its own */
	if (cgi < 0 || app_init(&w.app, cgi))
		return 1;
	if (cgi) {
		pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
		rc = run_cgi(&w.app);
	} else {
		rc = run_fastcgi(&w, &stop);
	}
	app_release(&w.app);
	return rc;
}
