/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http-multi.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/port.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON_MS 100        /* after an answer */
#define CLOSING_MS 5000    /* so long it is kept in mind */
#define CLOSING_ORIGINS 16 /* at a time */

/* By its number. libcurl lets go of a socket after each transfer and takes it
 * up with the next; the kernel goes on watching it in between. */
struct sock {
	struct watch watch;
	struct http_multi *of;
	unsigned life;       /* how many sockets have had the number */
	struct tcp_end end;  /* of the last one that was closed: */
	unsigned ended_life; /* this one */
	long trip;
	uint64_t origin;  /* of the last call */
	int64_t answered; /* when it was; 0: not yet */
	bool idle;        /* since then */
	bool soon;        /* the last one was closed soon after that */
	bool kept;   /* made by http_multi_socket: we see when it is closed */
	bool plain;  /* no TLS on it */
	bool muted;  /* libcurl does not want to hear of it */
	bool came;   /* bytes have, since it was taken up */
	bool unread; /* the other side had closed before it had all */
};

struct http_multi {
	CURLM *multi;
	CURLSH *share;
	long kept; /* connections that are idle, at most */
	long transfers;
	struct loop *loop;
	const struct http_multi_ops *ops;
	struct timer timer;
	struct sock **socks; /* a place for each number */
	size_t n_socks;
	struct closing {
		uint64_t origin;
		int64_t until;
	} closing[CLOSING_ORIGINS];
	int64_t closing_until; /* the last of them */
};

static struct sock *sock_of(struct http_multi *m, int fd)
{
	size_t n = m->n_socks, want = (size_t)fd + 1;

	if (want > n) {
		if (want < 2 * n)
			want = 2 * n;
		m->socks = xrealloc(m->socks, want * sizeof(struct sock *));
		memset(m->socks + n, 0, (want - n) * sizeof(struct sock *));
		m->n_socks = want;
	}
	if (!m->socks[fd]) {
		m->socks[fd] = xcalloc(1, sizeof(struct sock));
		m->socks[fd]->of = m;
		m->socks[fd]->watch.fd = fd;
	}
	return m->socks[fd];
}

static void tell_ended(struct http_multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			m->ops->done(msg->easy_handle, msg->data.result);
}

static void act(struct http_multi *m, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(m->multi, fd, events, &running);
	tell_ended(m);
}

static void note_closing(struct http_multi *m, uint64_t origin)
{
	struct closing *to = &m->closing[0];

	for (size_t i = 0; i < CLOSING_ORIGINS; i++) {
		struct closing *c = &m->closing[i];

		if (c->origin == origin || c->until < to->until)
			to = c;
		if (c->origin == origin)
			break;
	}
	to->origin = origin;
	to->until = m->closing_until = clock_ms() + CLOSING_MS;
}

/* The other side has closed it. */
static void note_end(struct sock *s)
{
	s->soon = s->answered && clock_ms() - s->answered <= SOON_MS;
	if (s->idle && s->soon)
		note_closing(s->of, s->origin);
	s->idle = false;
}

/* The first thing that comes: more than its end? What the end says of what was
 * sent is asked now: later TLS has tried to say goodbye. To ask takes the error
 * of the socket, by which libcurl knows an answer that is cut from one that its
 * connection ends: never behind bytes of an answer. */
static void look(struct sock *s, unsigned events)
{
	struct tcp_end end;
	char byte;

	s->came = true;
	if (!(events & LOOP_GONE))
		return;
	s->came = recv(s->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
	if (s->came && s->plain)
		return;
	tcp_look(s->watch.fd, &end);
	s->unread = end.unread;
}

/* Mostly a kept connection was closed. But libcurl may have read the end of an
 * answer when the event for it was here already. One on which something comes
 * that nobody asked for is not used again: libcurl sees that, too. */
static void on_muted(struct sock *s, unsigned events)
{
	bool gone = events & LOOP_GONE;
	char byte;

	if (gone)
		note_end(s);
	if (gone || recv(s->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		loop_unwatch(s->of->loop, &s->watch);
	else
		loop_watch(s->of->loop, &s->watch, 0);
}

static void on_event(struct watch *w, unsigned events)
{
	struct sock *s = (struct sock *)w;
	int what = 0;

	if (s->muted) {
		on_muted(s, events);
		return;
	}
	/* While it connects the error is libcurl's. */
	if (events & LOOP_READ && !s->came && !(w->events & LOOP_WRITE))
		look(s, events);
	if (events & (LOOP_READ | LOOP_GONE))
		what |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		what |= CURL_CSELECT_OUT;
	act(s->of, w->fd, what);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		     void *unused)
{
	struct http_multi *m = arg;
	struct sock *s = sock_of(m, fd);
	unsigned events = 0;

	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		s->muted = s->kept;
		if (!s->kept)
			loop_unwatch(m->loop, &s->watch);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		events |= LOOP_WRITE;
	if (s->muted)
		s->muted = s->came = s->unread = false;
	s->idle = false;
	s->watch.fn = on_event;
	m->ops->waits(easy, fd, s->life, what & CURL_POLL_OUT);
	return loop_watch(m->loop, &s->watch, events);
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct http_multi *m = arg;
	struct sock *s = sock_of(m, fd);

	loop_forget(m->loop, &s->watch);
	if (s->kept) {
		tcp_look(fd, &s->end);
		s->end.unread |= s->unread;
		s->ended_life = s->life;
		if (s->end.closed)
			note_end(s);
	}
	s->kept = false;
	return close(fd);
}

static void on_time(struct timer *t)
{
	act(OWNER(t, struct http_multi, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *unused, long ms, void *arg)
{
	struct http_multi *m = arg;

	(void)unused;
	if (ms < 0)
		loop_untime(m->loop, &m->timer);
	else
		loop_time(m->loop, &m->timer, clock_ms() + ms);
	return 0;
}

int http_multi_socket(struct http_multi *m, const struct curl_sockaddr *to,
		      bool plain)
{
	int fd = port_socket(to->family, to->socktype, to->protocol, false);
	struct sock *s;

	if (fd < 0)
		return -1;
	s = sock_of(m, fd);
	/* libcurl closes some by itself: the number is a new one then. */
	loop_forget(m->loop, &s->watch);
	s->kept = true;
	s->plain = plain;
	s->muted = s->came = s->unread = false;
	s->life++;
	s->idle = s->soon = false;
	s->answered = 0;
	s->trip = 0;
	return fd;
}

long *http_multi_trip(struct http_multi *m, int fd)
{
	return &sock_of(m, fd)->trip;
}

const struct tcp_end *http_multi_end(struct http_multi *m, int fd,
				     unsigned life)
{
	static const struct tcp_end none;
	const struct sock *s = sock_of(m, fd);

	return s->ended_life == life ? &s->end : &none;
}

void http_multi_kept(struct http_multi *m, int fd, uint64_t origin,
		     int64_t from)
{
	struct sock *s = sock_of(m, fd);

	if (!s->kept) /* it has been closed */
		return;
	s->origin = origin;
	s->idle = true;
	s->answered = from;
}

void http_multi_lost(struct http_multi *m, int fd, unsigned life)
{
	struct sock *s = sock_of(m, fd);

	if (s->ended_life == life && s->soon)
		note_closing(m, s->origin);
}

bool http_multi_closes(const struct http_multi *m, uint64_t origin)
{
	int64_t now = m->closing_until ? clock_ms() : 0;

	if (now >= m->closing_until)
		return false;
	for (size_t i = 0; i < CLOSING_ORIGINS; i++)
		if (m->closing[i].origin == origin && m->closing[i].until > now)
			return true;
	return false;
}

void http_multi_heard(struct http_multi *m, int fd)
{
	sock_of(m, fd)->came = true;
}

bool http_multi_came(struct http_multi *m, int fd)
{
	return sock_of(m, fd)->came;
}

static int set_up(struct http_multi *m)
{
	CURLM *c = m->multi;

	return !c || !m->share ||
	       curl_share_setopt(m->share, CURLSHOPT_SHARE,
				 CURL_LOCK_DATA_SSL_SESSION) ||
	       curl_multi_setopt(c, CURLMOPT_SOCKETFUNCTION, on_socket) ||
	       curl_multi_setopt(c, CURLMOPT_SOCKETDATA, m) ||
	       curl_multi_setopt(c, CURLMOPT_TIMERFUNCTION, on_timer) ||
	       curl_multi_setopt(c, CURLMOPT_TIMERDATA, m);
}

struct http_multi *http_multi_new(struct loop *l,
				  const struct http_multi_ops *o, long kept)
{
	struct http_multi *m = xcalloc(1, sizeof(*m));

	m->loop = l;
	m->ops = o;
	m->kept = kept;
	m->timer.fn = on_time;
	m->multi = curl_multi_init();
	m->share = curl_share_init();
	if (set_up(m) == 0)
		return m;
	http_multi_free(m);
	return NULL;
}

void http_multi_free(struct http_multi *m)
{
	if (!m)
		return;
	curl_multi_cleanup(m->multi);
	curl_share_cleanup(m->share);
	loop_untime(m->loop, &m->timer);
	for (size_t i = 0; i < m->n_socks; i++)
		free(m->socks[i]);
	free(m->socks);
	free(m);
}

void http_multi_setup(struct http_multi *m, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SHARE, m->share);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, m);
}

/* libcurl's limit is one of all connections, those in use among them. */
static void make_room(struct http_multi *m)
{
	curl_multi_setopt(m->multi, CURLMOPT_MAXCONNECTS,
			  m->kept + m->transfers);
}

int http_multi_add(struct http_multi *m, CURL *easy, struct err *e)
{
	CURLMcode mc = curl_multi_add_handle(m->multi, easy);

	if (mc == CURLM_OUT_OF_MEMORY)
		return err_memory(e);
	if (mc)
		return err_set(e, ERR_INTERNAL, "libcurl: %s",
			       curl_multi_strerror(mc));
	m->transfers++;
	make_room(m);
	return 0;
}

void http_multi_remove(struct http_multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->multi, easy);
	m->transfers--;
	make_room(m);
}
