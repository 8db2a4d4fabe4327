/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/port.h"
#include "base/task.h"
#include "fcgi/fastcgi.h"
#include "fcgi/gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_MAX 4       /* connections at once: others may be idle */
#define MANY 16            /* requests at a time */
#define ACCEPT_PAUSE_MS 50 /* when no descriptor is to be had */
#define QUIET_MS 200       /* of a kept connection, to be ended at a stop */
#define LATE_MS 50         /* until a client that leaves is noticed */
#define FIRST_MS 1000 /* at the end: for a request to follow its connection */
#define READ_BYTES (64u << 10)
#define HELD_MAX (64u << 10) /* bytes of a body that nobody has read yet */
#define SEND_AT (64u << 10)  /* bytes of an answer */
#define REST_MS 2000         /* between two pieces of it */
#define FREE_MAX 64          /* connections whose memory is kept */
#define KEPT_MEMORY (16u << 10)

struct conn {
	struct watch watch; /* first: found again from it */
	struct gw_fastcgi *of;
	struct conn *next, *prev; /* of all that are open; next: of the free */
	struct fastcgi fastcgi;
	struct buf out;
	size_t sent; /* of out */

	/* of the request */
	struct task *task; /* NULL: none is served */
	struct gateway gw;
	struct arena arena;
	struct buf params, body;
	bool keep;   /* the connection stays open after it */
	bool begun;  /* a part of it is here */
	bool whole;  /* all variables are here */
	bool at_end; /* the whole body is here */
	bool over;   /* it has been answered: what comes now is the next one */
	bool gone;   /* the other side has left */
	bool used;   /* a request has been served on it */
	int64_t since; /* that nothing is served on it */
};

struct gw_fastcgi {
	struct watch watch; /* first; of the listener */
	struct loop *loop;
	struct gw_limit *limit;
	gateway_serve *serve;
	void *arg;
	struct timer again; /* to accept */
	struct timer late;  /* to watch those that take long */
	struct timer quiet; /* to end those that have nothing more to do */
	struct conn *open, *free;
	size_t n_free, n_tasks;
	bool stopping;
	bool cut; /* what still runs has to end */
	char scrap[READ_BYTES];
};

/* --- life of a connection ------------------------------------------------ */

static const struct fastcgi_ops records;
static const struct gateway_ops ops;

static void init_request(struct conn *c)
{
	c->gw = (struct gateway){ .ops = &ops, .impl = c };
	c->keep = c->begun = c->whole = c->at_end = c->over = false;
	buf_reset(&c->params);
	buf_reset(&c->body);
}

static struct conn *conn_new(struct gw_fastcgi *f)
{
	struct conn *c = f->free;

	if (c) {
		f->free = c->next;
		f->n_free--;
	} else {
		c = xcalloc(1, sizeof(*c));
		c->of = f;
		arena_init(&c->arena);
		buf_init(&c->params, FASTCGI_PARAMS_MAX);
		buf_init(&c->body, HELD_MAX + READ_BYTES);
		buf_init(&c->out, 2 * SEND_AT + READ_BYTES);
	}
	fastcgi_init(&c->fastcgi, &records, c, &c->out);
	init_request(c);
	c->gone = c->used = false;
	c->sent = 0;
	c->task = NULL;
	c->prev = NULL;
	c->next = f->open;
	if (f->open)
		f->open->prev = c;
	f->open = c;
	return c;
}

static void conn_drop(struct conn *c)
{
	arena_release(&c->arena);
	buf_release(&c->params);
	buf_release(&c->body);
	buf_release(&c->out);
	free(c);
}

static void trim(struct buf *b)
{
	if (b->cap > KEPT_MEMORY)
		buf_release(b);
	else
		buf_reset(b);
}

static void conn_close(struct conn *c)
{
	if (c->watch.fd < 0)
		return;
	loop_forget(c->of->loop, &c->watch);
	close(c->watch.fd);
	c->watch.fd = -1;
	c->gone = true;
}

static void conn_free(struct conn *c)
{
	struct gw_fastcgi *f = c->of;

	conn_close(c);
	atomic_fetch_sub(&f->limit->open, 1);
	if (c->prev)
		c->prev->next = c->next;
	else
		f->open = c->next;
	if (c->next)
		c->next->prev = c->prev;
	fastcgi_release(&c->fastcgi);
	arena_reset(&c->arena);
	trim(&c->params);
	trim(&c->body);
	trim(&c->out);
	if (f->n_free == FREE_MAX) {
		conn_drop(c);
		return;
	}
	c->next = f->free;
	f->free = c;
	f->n_free++;
}

/* --- what comes in ------------------------------------------------------- */

static void on_begin(void *arg, bool keep)
{
	struct conn *c = arg;

	init_request(c);
	c->begun = true;
	c->keep = keep;
	c->gw.authorizer = c->at_end = c->fastcgi.authorizer;
}

static void on_params(void *arg, struct span piece)
{
	struct conn *c = arg;

	if (piece.n)
		buf_span(&c->params, piece);
	else
		c->whole = true;
}

static void on_body(void *arg, struct span piece)
{
	struct conn *c = arg;

	if (piece.n)
		buf_span(&c->body, piece);
	else
		c->at_end = true;
}

static void on_abort(void *arg)
{
	struct conn *c = arg;

	c->gone = true;
}

static const struct fastcgi_ops records = {
	.begin = on_begin,
	.params = on_params,
	.body = on_body,
	.abort = on_abort,
};

/* One read: 1 something came, 0 there is nothing, -1 the end. */
static int receive(struct conn *c)
{
	struct gw_fastcgi *f = c->of;
	struct err unused;
	ssize_t n;

	if (c->watch.fd < 0)
		return -1;
	do
		n = recv(c->watch.fd, f->scrap, sizeof(f->scrap), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n > 0 &&
	    fastcgi_feed(&c->fastcgi, (struct span){ f->scrap, (size_t)n },
			 &unused) == 0 &&
	    !c->params.full && !c->body.full)
		return 1;
	c->gone = true;
	return -1;
}

/* For what comes next. A body that nobody reads is left where it is. */
static int watch(struct conn *c, bool to_send)
{
	unsigned events = to_send ? LOOP_WRITE : 0;

	if (c->body.n < HELD_MAX)
		events |= LOOP_READ;
	return loop_watch(c->of->loop, &c->watch, events);
}

static void head_came(struct conn *c);

static void on_event(struct watch *w, unsigned events)
{
	struct conn *c = (struct conn *)w;

	if (c->over) { /* served goes on when it has cleaned up */
		loop_unwatch(c->of->loop, w);
		return;
	}
	if (events & LOOP_READ && c->body.n < HELD_MAX)
		receive(c);
	else if (events & LOOP_GONE)
		c->gone = true;
	if (c->gone) /* there is nothing more to be told */
		loop_unwatch(c->of->loop, w);
	else if (c->task)
		watch(c, w->events & LOOP_WRITE);
	if (c->task)
		task_wake(c->task);
	else
		head_came(c);
}

/* --- the request's side -------------------------------------------------- */

static long gw_read_now(struct gateway *g, char *p, size_t n)
{
	struct conn *c = g->impl;

	while (!c->body.n && !c->at_end) {
		int rc = gateway_gone(g) || c->of->cut ? -1 : receive(c);

		if (rc < 0 || (rc == 0 && watch(c, false)))
			return -1;
		if (rc == 0)
			return GATEWAY_LATER;
	}
	n = n < c->body.n ? n : c->body.n;
	if (!n)
		return 0;
	memcpy(p, c->body.p, n);
	if (n == c->body.n && c->at_end)
		buf_release(&c->body); /* the answer may last */
	else if (n == c->body.n)
		buf_reset(&c->body);
	else
		buf_splice(&c->body, 0, n, SPAN(""));
	return (long)n;
}

static long gw_read(struct gateway *g, char *p, size_t n)
{
	long got;

	while ((got = gw_read_now(g, p, n)) == GATEWAY_LATER)
		task_wait(INT64_MAX);
	return got;
}

/* What the socket takes at once: 1 all, 0 a part, -1. */
static int send_some(struct conn *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = c->gone ? -1
				    : send(c->watch.fd, c->out.p + c->sent,
					   c->out.n - c->sent,
					   MSG_NOSIGNAL | MSG_DONTWAIT);

		if (c->gone || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			c->gone = true;
			return -1;
		}
		if (n < 0 && errno == EAGAIN)
			return 0;
		c->sent += n > 0 ? (size_t)n : 0;
	}
	c->sent = 0;
	buf_reset(&c->out);
	return 1;
}

static int gw_flush(struct gateway *g)
{
	struct conn *c = g->impl;
	bool waited = false;
	int rc;

	fastcgi_cut(&c->fastcgi);
	while ((rc = send_some(c)) == 0) {
		waited = true;
		if (gateway_gone(g) || c->of->cut || watch(c, true))
			return -1;
		task_wait(INT64_MAX);
	}
	if (waited && !c->gone && watch(c, false))
		return -1;
	return rc < 0 ? -1 : 0;
}

static int gw_write(struct gateway *g, struct span s)
{
	struct conn *c = g->impl;

	while (s.n) {
		size_t n = s.n < SEND_AT ? s.n : SEND_AT;

		fastcgi_put(&c->fastcgi, (struct span){ s.p, n });
		if (c->out.full)
			return -1;
		s = span_skip(s, n);
		if (c->out.n >= SEND_AT && gw_flush(g))
			return -1;
	}
	return c->gone ? -1 : 0;
}

static bool gw_gone(struct gateway *g)
{
	struct conn *c = g->impl;

	return c->gone;
}

/* A web server that cannot send the rest of a request may drop the answer with
 * it. Apache sends even the end of an empty body by itself: a GET whose body
 * nobody read would now and then be answered 503. */
static void read_rest(struct conn *c)
{
	size_t total = 0, max = gateway_rest_max(&c->gw);
	int64_t until;

	if (c->at_end || gw_flush(&c->gw))
		return;
	until = clock_ms() + REST_MS;
	while (!c->at_end && total < max) {
		int rc;

		total += c->body.n;
		buf_reset(&c->body);
		rc = gateway_gone(&c->gw) || c->of->cut ? -1 : receive(c);
		if (rc < 0 ||
		    (rc == 0 && (clock_ms() >= until || watch(c, false))))
			return;
		if (rc == 0)
			task_wait(until);
		else
			until = clock_ms() + REST_MS;
	}
}

static void gw_finish(struct gateway *g, bool whole)
{
	struct conn *c = g->impl;

	if (whole) {
		read_rest(c);
		fastcgi_put_end(&c->fastcgi);
		if (c->out.full || gw_flush(g))
			whole = false;
	}
	fastcgi_over(&c->fastcgi);
	c->over = true;
	/* What is left of a body would be taken for the next request. */
	if (!whole || !c->keep || !c->at_end || c->of->cut)
		conn_close(c);
}

static const struct gateway_ops ops = {
	.read = gw_read,
	.read_now = gw_read_now,
	.write = gw_write,
	.flush = gw_flush,
	.gone = gw_gone,
	.finish = gw_finish,
};

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

static void take_vars(struct conn *c)
{
	size_t n = fastcgi_count_vars(&c->params);
	struct vars v = { arena_take(&c->arena, n * sizeof(*v.list)), 0 };

	fastcgi_vars(&c->params, add_var, &v);
	c->gw.vars = v.list;
	c->gw.n_vars = v.n;
}

static void serve_request(void *arg)
{
	struct conn *c = arg;
	struct gw_fastcgi *f = c->of;

	c->task = task_self();
	f->n_tasks++;
	take_vars(c);
	if (!f->late.place)
		loop_time(f->loop, &f->late, clock_ms() + LATE_MS);
	f->serve(f->arg, &c->gw, &c->arena);
	c->task = NULL;
	c->used = true;
	c->since = clock_ms();
	f->n_tasks--;
	arena_reset(&c->arena);
	init_request(c);
	if (c->gone || f->cut || watch(c, false))
		conn_free(c);
}

/* There is no memory for it: in any dialect that is an error. */
static void refuse(struct conn *c)
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
	send_some(c);
}

/* Something came, and no request is being served. */
static void head_came(struct conn *c)
{
	struct err unused;

	if (c->whole) {
		if (task_start(c->of->loop, serve_request, c, &unused) == 0)
			return;
		refuse(c);
	}
	/* Answers to what the web server has asked. */
	if (c->whole || c->gone || send_some(c) < 0 || watch(c, c->out.n))
		conn_free(c);
}

/* Whoever is answered at once has no time to leave: that saves most requests a
 * system call. */
static void watch_late(struct timer *t)
{
	struct gw_fastcgi *f = OWNER(t, struct gw_fastcgi, late);

	for (struct conn *c = f->open; c; c = c->next)
		if (c->task && !c->watch.slot && !c->gone && watch(c, false)) {
			c->gone = true;
			task_wake(c->task);
		}
}

/* --- accepting ----------------------------------------------------------- */

static void take(struct gw_fastcgi *f, int fd)
{
	struct conn *c = conn_new(f);
	int rc;

	c->watch.fn = on_event;
	c->watch.fd = fd;
	c->since = clock_ms();
	atomic_fetch_add(&f->limit->open, 1);
	/* The web server has mostly written when it has connected. */
	do
		rc = receive(c);
	while (rc > 0 && !c->whole);
	head_came(c);
}

static bool is_idle(const struct conn *c)
{
	return !c->task && !c->begun && !c->whole;
}

/* A request may have come just now: it is begun. */
static void end_idle(struct conn *c)
{
	if (receive(c) <= 0)
		conn_free(c);
	else
		head_came(c);
}

/* A web server keeps connections that it does not need: the one that was idle
 * longest makes room for a new one. */
static void make_room(struct gw_fastcgi *f)
{
	struct conn *oldest = NULL;

	for (struct conn *c = f->open; c; c = c->next)
		if (is_idle(c) && c->used &&
		    (!oldest || c->since < oldest->since))
			oldest = c;
	if (oldest)
		end_idle(oldest);
}

/* -1 with errno: EMFILE also when there are as many as there may be. */
static int accept_one(struct gw_fastcgi *f)
{
	bool full = atomic_load(&f->limit->open) >= f->limit->max;
	int fd = full ? -1 : port_accept(f->watch.fd, true);

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
	/* Few come at a time, mostly: to look for the next costs as much as to
	 * be told of it. */
	int most = f->n_tasks > MANY ? ACCEPT_MAX : 1, rc = 0;

	(void)events;
	while (rc == 0 && most-- > 0) {
		if (atomic_load(&f->limit->open) >= f->limit->max)
			make_room(f);
		rc = accept_one(f);
	}
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

int gw_fastcgi_accept(struct gw_fastcgi *f, bool on)
{
	bool was = f->watch.slot || f->again.place;

	if (f->stopping)
		return 0;
	if (on)
		return loop_watch(f->loop, &f->watch, LOOP_READ | LOOP_SHARED);
	loop_unwatch(f->loop, &f->watch);
	loop_untime(f->loop, &f->again);
	/* A connection wakes one of all who accept on the socket. It may have
	 * been us: so who is in the queue now is taken, too. */
	while (was && accept_one(f) == 0)
		;
	return 0;
}

/* Whoever keeps a connection may be about to use it: only one that was quiet
 * for a while ends, and one on which nothing came yet has more time. */
static void end_quiet(struct timer *t)
{
	struct gw_fastcgi *f = OWNER(t, struct gw_fastcgi, quiet);
	int64_t now = clock_ms();
	struct conn *next;

	for (struct conn *c = f->open; c; c = next) {
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
	struct conn *next;

	f->cut = true;
	for (struct conn *c = f->open; c; c = next) {
		next = c->next;
		if (c->task)
			task_wake(c->task);
		else if (!c->whole) /* else its task is about to begin */
			conn_free(c);
	}
}

size_t gw_fastcgi_busy(const struct gw_fastcgi *f)
{
	size_t n = 0;

	for (const struct conn *c = f->open; c; c = c->next)
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
		conn_free(f->open);
	while (f->free) {
		struct conn *c = f->free;

		f->free = c->next;
		conn_drop(c);
	}
	free(f);
}
