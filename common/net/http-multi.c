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

/* By its number. libcurl lets go of a socket after each transfer and takes it
 * up with the next; the kernel goes on watching it in between. */
struct sock {
	struct watch watch;
	struct http_multi *of;
	long trip;
	bool kept;  /* made by http_multi_socket: we see when it is closed */
	bool muted; /* libcurl does not want to hear of it */
	bool came;  /* bytes have, since it was taken up */
};

struct http_multi {
	CURLM *multi;
	CURLSH *share;
	struct loop *loop;
	const struct http_multi_ops *ops;
	struct timer timer;
	struct sock **socks; /* a place for each number */
	size_t n_socks;
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

/* More than its end? */
static bool has_bytes(int fd, unsigned events)
{
	char byte;

	return !(events & LOOP_GONE) ||
	       recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void on_event(struct watch *w, unsigned events)
{
	struct sock *s = (struct sock *)w;
	int what = 0;

	if (s->muted) { /* a kept connection was closed, mostly */
		loop_unwatch(s->of->loop, w);
		return;
	}
	if (events & LOOP_READ && !s->came)
		s->came = has_bytes(w->fd, events);
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
		s->muted = s->came = false;
	s->watch.fn = on_event;
	m->ops->waits(easy, fd, what & CURL_POLL_OUT);
	return loop_watch(m->loop, &s->watch, events);
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct http_multi *m = arg;
	struct sock *s = sock_of(m, fd);

	loop_forget(m->loop, &s->watch);
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

int http_multi_socket(struct http_multi *m, const struct curl_sockaddr *to)
{
	int fd = port_socket(to->family, to->socktype, to->protocol, false);
	struct sock *s;

	if (fd < 0)
		return -1;
	s = sock_of(m, fd);
	/* libcurl closes some by itself: the number is a new one then. */
	loop_forget(m->loop, &s->watch);
	s->kept = true;
	s->came = false;
	s->trip = 0;
	return fd;
}

long *http_multi_trip(struct http_multi *m, int fd)
{
	return &sock_of(m, fd)->trip;
}

bool http_multi_came(struct http_multi *m, int fd)
{
	return sock_of(m, fd)->came;
}

static int set_up(struct http_multi *m, long kept)
{
	CURLM *c = m->multi;

	return !c || !m->share ||
	       curl_share_setopt(m->share, CURLSHOPT_SHARE,
				 CURL_LOCK_DATA_SSL_SESSION) ||
	       curl_multi_setopt(c, CURLMOPT_SOCKETFUNCTION, on_socket) ||
	       curl_multi_setopt(c, CURLMOPT_SOCKETDATA, m) ||
	       curl_multi_setopt(c, CURLMOPT_TIMERFUNCTION, on_timer) ||
	       curl_multi_setopt(c, CURLMOPT_TIMERDATA, m) ||
	       curl_multi_setopt(c, CURLMOPT_MAXCONNECTS, kept);
}

struct http_multi *http_multi_new(struct loop *l,
				  const struct http_multi_ops *o, long kept)
{
	struct http_multi *m = xcalloc(1, sizeof(*m));

	m->loop = l;
	m->ops = o;
	m->timer.fn = on_time;
	m->multi = curl_multi_init();
	m->share = curl_share_init();
	if (set_up(m, kept) == 0)
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

int http_multi_add(struct http_multi *m, CURL *easy, struct err *e)
{
	CURLMcode mc = curl_multi_add_handle(m->multi, easy);

	if (mc == CURLM_OUT_OF_MEMORY)
		return err_memory(e);
	if (mc)
		return err_set(e, ERR_INTERNAL, "libcurl: %s",
			       curl_multi_strerror(mc));
	return 0;
}

void http_multi_remove(struct http_multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->multi, easy);
}
