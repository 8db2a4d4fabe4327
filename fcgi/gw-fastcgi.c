/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/port.h"
#include "fcgi/gw-conn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCEPT_MAX 16      /* connections at once: others may be idle */
#define ACCEPT_PAUSE_MS 50 /* when no descriptor is to be had */
#define QUIET_MS 200       /* of a kept connection, to be ended at a stop */
#define LATE_MS 50         /* until a client that leaves is noticed */
#define FIRST_MS 1000 /* at the end: for a request to follow its connection */

/* --- a connection that moves to another loop ------------------------------ */

static void on_event(struct watch *w, unsigned events);
static void end_quiet(struct timer *t);
static void end_idle(struct gw_conn *c);

struct gift {
	struct loop_post post;
	struct gw_fastcgi *to;
	int fd;
	int64_t since; /* it is idle */
};

static bool is_to_give(const struct gw_conn *c)
{
	const struct gw_fastcgi *f = c->of;

	return f->heir && !f->stopping && !c->out.n &&
	       fastcgi_between(&c->fastcgi) &&
	       (f->all ||
		atomic_load(&f->n_open) > atomic_load(&f->heir->n_open) + 1);
}

static void on_gift(struct loop_post *p);

static void hand_over(struct gw_conn *c)
{
	struct gw_fastcgi *f = c->of;
	struct gift *g = xcalloc(1, sizeof(*g));

	g->post.fn = on_gift;
	g->to = f->heir;
	g->fd = c->watch.fd;
	g->since = c->since;
	atomic_fetch_add(&g->to->n_open, 1);
	atomic_fetch_add(&f->limit->open, 1);
	loop_unwatch(f->loop, &c->watch);
	c->watch.fd = -1;
	gw_conn_free(c);
	loop_post(g->to->loop, &g->post);
}

static void on_gift(struct loop_post *p)
{
	struct gift *g = OWNER(p, struct gift, post);
	struct gw_fastcgi *f = g->to;
	struct gw_conn *c = gw_conn_new(f);

	/* It was counted when it was sent. */
	atomic_fetch_sub(&f->n_open, 1);
	atomic_fetch_sub(&f->limit->open, 1);
	c->watch.fn = on_event;
	c->watch.fd = g->fd;
	c->used = true;
	c->since = g->since;
	free(g);
	if (f->cut)
		gw_conn_free(c);
	else if (is_to_give(c)) /* it is meant for another one by now */
		hand_over(c);
	else if (gw_conn_watch(c, false))
		end_idle(c);
	else if (f->stopping)
		end_quiet(&f->quiet);
}

static bool is_idle(const struct gw_conn *c)
{
	return !c->task && !c->begun && !c->whole;
}

void gw_fastcgi_give(struct gw_fastcgi *f, struct gw_fastcgi *to, bool all)
{
	struct gw_conn *next;

	f->heir = to;
	f->all = all;
	for (struct gw_conn *c = f->open; c; c = next) {
		next = c->next;
		if (is_idle(c) && c->used && is_to_give(c))
			hand_over(c);
	}
}

/* --- a request ----------------------------------------------------------- */

struct vars {
	struct gateway_var *list;
	size_t n;
};

static void add_var(void *arg, struct span name, const char *value)
{
	struct vars *v = arg;

	v->list[v->n++] = (struct gateway_var){ name, value };
}

static void take_vars(struct gw_conn *c)
{
	size_t n = fastcgi_count_vars(&c->params);
	struct vars v = { arena_take(&c->arena, n * sizeof(*v.list)), 0 };

	fastcgi_vars(&c->params, add_var, &v);
	c->gw.vars = v.list;
	c->gw.n_vars = v.n;
}

static void serve_request(void *arg)
{
	struct gw_conn *c = arg;
	struct gw_fastcgi *f = c->of;

	c->task = task_self();
	take_vars(c);
	if (!f->late.place)
		loop_time(f->loop, &f->late, clock_ms() + LATE_MS);
	f->serve(f->arg, &c->gw, &c->arena);
	c->task = NULL;
	c->used = true;
	c->since = clock_ms();
	arena_reset(&c->arena);
	gw_conn_reset(c);
	if (!c->gone && !f->cut && is_to_give(c))
		hand_over(c);
	else if (c->gone || f->cut || gw_conn_watch(c, false))
		gw_conn_free(c);
}

/* There is no memory for it: in any dialect that is an error. */
static void refuse(struct gw_conn *c)
{
	fastcgi_put(&c->fastcgi,
		    SPAN("Status: 503 Service Unavailable\r\n"
			 "Content-Type: application/json\r\n"
			 "Retry-After: 2\r\n\r\n"
			 "{\"type\":\"error\",\"error\":{\"type\":"
			 "\"api_error\",\"message\":\"the router is out of "
			 "memory: try again shortly\",\"param\":null,"
			 "\"code\":\"out_of_memory\"}}"));
	fastcgi_put_end(&c->fastcgi);
	gw_conn_send(c);
}

/* Something came, and no request is being served. */
static void head_came(struct gw_conn *c)
{
	struct err unused;

	if (c->whole) {
		if (task_start(c->of->loop, serve_request, c, &unused) == 0)
			return;
		refuse(c);
	}
	/* Answers to what the web server has asked. */
	if (c->whole || c->gone || gw_conn_send(c) < 0 ||
	    gw_conn_watch(c, c->out.n))
		gw_conn_free(c);
}

static void on_event(struct watch *w, unsigned events)
{
	struct gw_conn *c = (struct gw_conn *)w;
	/* It was read by end_idle just now, and is not to be served twice. */
	bool begins = c->whole && !c->task;

	if (c->over) { /* served goes on when it has cleaned up */
		loop_unwatch(c->of->loop, w);
		return;
	}
	if (events & LOOP_READ && c->body.n < GW_HELD_MAX)
		gw_conn_receive(c);
	else if (events & LOOP_GONE)
		c->gone = true;
	if (c->gone) /* there is nothing more to be told */
		loop_unwatch(c->of->loop, w);
	else if (c->task)
		gw_conn_watch(c, w->events & LOOP_WRITE);
	if (c->task)
		task_wake(c->task);
	else if (!begins)
		head_came(c);
}

/* Whoever is answered at once has no time to leave: that saves most requests a
 * system call. */
static void watch_late(struct timer *t)
{
	struct gw_fastcgi *f = OWNER(t, struct gw_fastcgi, late);

	for (struct gw_conn *c = f->open; c; c = c->next)
		if (c->task && !c->watch.slot && !c->gone &&
		    gw_conn_watch(c, false)) {
			c->gone = true;
			task_wake(c->task);
		}
}

/* --- accepting ----------------------------------------------------------- */

static void take(struct gw_fastcgi *f, int fd)
{
	struct gw_conn *c = gw_conn_new(f);
	int rc;

	c->watch.fn = on_event;
	c->watch.fd = fd;
	c->since = clock_ms();
	/* The web server has mostly written when it has connected. */
	do
		rc = gw_conn_receive(c);
	while (rc > 0 && !c->whole);
	head_came(c);
}

/* A request may have come just now: it is begun. */
static void end_idle(struct gw_conn *c)
{
	if (gw_conn_receive(c) <= 0)
		gw_conn_free(c);
	else
		head_came(c);
}

/* A web server keeps connections that it does not need: the one that was idle
 * longest makes room for a new one. */
static void make_room(struct gw_fastcgi *f)
{
	struct gw_conn *oldest = NULL;

	for (struct gw_conn *c = f->open; c; c = c->next)
		if (is_idle(c) && c->used &&
		    (!oldest || c->since < oldest->since))
			oldest = c;
	if (oldest)
		end_idle(oldest);
}

/* -1 with errno: EMFILE also when there are as many as there may be. */
static int accept_one(struct gw_fastcgi *f)
{
	bool full;
	int fd;

	if (atomic_load(&f->limit->open) >= f->limit->max)
		make_room(f);
	full = atomic_load(&f->limit->open) >= f->limit->max;
	fd = full ? -1 : port_accept(f->watch.fd, true);
	if (full)
		errno = EMFILE;
	if (fd < 0)
		return -1;
	take(f, fd);
	return 0;
}

static void on_connect(struct watch *w, unsigned events)
{
	struct gw_fastcgi *f = (struct gw_fastcgi *)w;
	/* Who waits together goes on together: the web server and the upstream
	 * are woken once for several, and so are we by them. */
	int most = ACCEPT_MAX, rc = 0;

	(void)events;
	while (rc == 0 && most-- > 0)
		rc = accept_one(f);
	if (rc && (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		   errno == ENOBUFS)) {
		loop_unwatch(f->loop, w);
		loop_time(f->loop, &f->again, clock_ms() + ACCEPT_PAUSE_MS);
	}
}

static void accept_again(struct timer *t)
{
	struct gw_fastcgi *f = OWNER(t, struct gw_fastcgi, again);

	if (loop_watch(f->loop, &f->watch, LOOP_READ | LOOP_SHARED))
		loop_time(f->loop, t, clock_ms() + ACCEPT_PAUSE_MS);
}

void gw_fastcgi_accept(struct gw_fastcgi *f, bool on)
{
	bool was = f->watch.slot || f->again.place;

	if (f->stopping)
		return;
	if (on) {
		accept_again(&f->again);
		return;
	}
	loop_unwatch(f->loop, &f->watch);
	loop_untime(f->loop, &f->again);
	/* A connection wakes one of all who accept on the socket. It may have
	 * been us: so who is in the queue now is taken, too. */
	while (was && accept_one(f) == 0)
		;
}

/* Whoever keeps a connection may be about to use it: only one that was quiet
 * for a while ends, and one on which nothing came yet has more time. */
static void end_quiet(struct timer *t)
{
	struct gw_fastcgi *f = OWNER(t, struct gw_fastcgi, quiet);
	int64_t now = clock_ms();
	struct gw_conn *next;

	for (struct gw_conn *c = f->open; c; c = next) {
		next = c->next;
		if (is_idle(c) &&
		    (f->cut ||
		     now - c->since >= (c->used ? QUIET_MS : FIRST_MS)))
			end_idle(c);
	}
	if (f->open)
		loop_time(f->loop, t, now + QUIET_MS / 4);
}

struct gw_fastcgi *gw_fastcgi_new(struct loop *l, int listener,
				  struct gw_limit *limit, gateway_serve *serve,
				  void *arg)
{
	struct gw_fastcgi *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->limit = limit;
	f->serve = serve;
	f->arg = arg;
	f->watch.fn = on_connect;
	f->watch.fd = listener;
	f->again.fn = accept_again;
	f->late.fn = watch_late;
	f->quiet.fn = end_quiet;
	return f;
}

void gw_fastcgi_stop(struct gw_fastcgi *f)
{
	gw_fastcgi_accept(f, false);
	f->stopping = true;
	end_quiet(&f->quiet);
}

void gw_fastcgi_cut(struct gw_fastcgi *f)
{
	struct gw_conn *next;

	f->cut = true;
	for (struct gw_conn *c = f->open; c; c = next) {
		next = c->next;
		if (c->task)
			task_wake(c->task);
		else if (!c->whole) /* else its task is about to begin */
			gw_conn_free(c);
	}
}

size_t gw_fastcgi_busy(const struct gw_fastcgi *f)
{
	size_t n = 0;

	for (const struct gw_conn *c = f->open; c; c = c->next)
		n += c->task || c->begun;
	return n;
}

void gw_fastcgi_free(struct gw_fastcgi *f)
{
	if (!f)
		return;
	loop_unwatch(f->loop, &f->watch);
	loop_untime(f->loop, &f->again);
	loop_untime(f->loop, &f->late);
	loop_untime(f->loop, &f->quiet);
	while (f->open)
		gw_conn_free(f->open);
	while (f->free) {
		struct gw_conn *c = f->free;

		f->free = c->next;
		gw_conn_drop(c);
	}
	free(f);
}
