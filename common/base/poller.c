/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/poller.h"

#include "base/loop.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>

#define BATCH 128 /* events that one call fetches, at most */

struct poller {
	int fd;
};

struct poller *poller_new(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct poller *p;

	if (fd < 0)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->fd = fd;
	return p;
}

void poller_free(struct poller *p)
{
	if (p)
		close(p->fd);
	free(p);
}

static int control(struct poller *p, int op, int fd, uint64_t tag,
		   unsigned events)
{
	struct epoll_event v = { .events = EPOLLRDHUP };

	if (events & LOOP_SHARED)
		v.events = EPOLLEXCLUSIVE;
	if (events & LOOP_READ)
		v.events |= EPOLLIN;
	if (events & LOOP_WRITE)
		v.events |= EPOLLOUT;
	v.data.u64 = tag;
	return epoll_ctl(p->fd, op, fd, &v);
}

int poller_add(struct poller *p, int fd, uint64_t tag, unsigned events)
{
	return control(p, EPOLL_CTL_ADD, fd, tag, events);
}

int poller_change(struct poller *p, int fd, uint64_t tag, unsigned events)
{
	return control(p, EPOLL_CTL_MOD, fd, tag, events);
}

void poller_remove(struct poller *p, int fd, uint64_t tag)
{
	(void)tag;
	epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, NULL);
}

/* The kernel does it, and this saves a call. */
void poller_closing(struct poller *p, int fd, uint64_t tag)
{
	(void)p;
	(void)fd;
	(void)tag;
}

static unsigned told(uint32_t events)
{
	unsigned out = 0;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		out |= LOOP_GONE;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		out |= LOOP_READ;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		out |= LOOP_WRITE;
	return out;
}

int poller_wait(struct poller *p, struct poller_event *out, int max, int ms)
{
	struct epoll_event batch[BATCH];
	int n = epoll_wait(p->fd, batch, max < BATCH ? max : BATCH, ms);

	for (int i = 0; i < n; i++)
		out[i] = (struct poller_event){ batch[i].data.u64,
						told(batch[i].events) };
	return n;
}

#else /* there is none: poll */

#include "base/clock.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define MUTE_MS 100 /* until who has unread bytes is looked at again */

struct row {
	uint64_t tag;
	unsigned events;
	bool stream; /* a socket whose other side can leave */
	bool mute;   /* it has bytes that nobody asks for */
};

struct poller {
	struct pollfd *fds;
	struct row *rows; /* of each */
	int n, max;
	int *places; /* of each descriptor: from 1; 0: none */
	int n_places;
	int first; /* who is looked at first, so that all have a turn */
	int muted;
	int64_t look; /* when they are looked at again */
};

struct poller *poller_new(void)
{
	return xcalloc(1, sizeof(struct poller));
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	free(p->fds);
	free(p->rows);
	free(p->places);
	free(p);
}

/* -1: this descriptor is not watched. */
static int place_of(const struct poller *p, int fd)
{
	return fd >= 0 && fd < p->n_places ? p->places[fd] - 1 : -1;
}

static void drop(struct poller *p, int i)
{
	p->muted -= p->rows[i].mute;
	p->places[p->fds[i].fd] = 0;
	p->n--;
	if (i == p->n)
		return;
	p->fds[i] = p->fds[p->n];
	p->rows[i] = p->rows[p->n];
	p->places[p->fds[i].fd] = i + 1;
}

static void make_room(struct poller *p, int fd)
{
	if (fd >= p->n_places) {
		int n = fd < 64 ? 128 : 2 * fd;

		p->places = xrealloc(p->places, (size_t)n * sizeof(int));
		memset(p->places + p->n_places, 0,
		       (size_t)(n - p->n_places) * sizeof(int));
		p->n_places = n;
	}
	if (p->n == p->max) {
		p->max = p->max ? 2 * p->max : 64;
		p->fds = xrealloc(p->fds, (size_t)p->max * sizeof(*p->fds));
		p->rows = xrealloc(p->rows, (size_t)p->max * sizeof(*p->rows));
	}
}

/* Who is not read from is asked for its end, which is something to read. */
static void ask(struct poller *p, int i)
{
	const struct row *r = &p->rows[i];
	bool in = (r->events & LOOP_READ) || (r->stream && !r->mute);

	p->fds[i].events = (short)((in ? POLLIN : 0) |
				   (r->events & LOOP_WRITE ? POLLOUT : 0));
}

static bool is_stream(int fd)
{
	int type, on;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) ||
	    type != SOCK_STREAM)
		return false;
	size = sizeof(on);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) || !on;
}

int poller_add(struct poller *p, int fd, uint64_t tag, unsigned events)
{
	struct stat st;
	int i;

	if (fstat(fd, &st))
		return -1;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		errno = EPERM;
		return -1;
	}
	/* Who had the number has been closed. */
	if (place_of(p, fd) >= 0)
		drop(p, place_of(p, fd));
	make_room(p, fd);
	i = p->n++;
	p->places[fd] = i + 1;
	p->fds[i] = (struct pollfd){ .fd = fd };
	p->rows[i] = (struct row){ tag, events, is_stream(fd), false };
	ask(p, i);
	return 0;
}

static int find(const struct poller *p, int fd, uint64_t tag)
{
	int i = place_of(p, fd);

	return i >= 0 && p->rows[i].tag == tag ? i : -1;
}

int poller_change(struct poller *p, int fd, uint64_t tag, unsigned events)
{
	int i = find(p, fd, tag);

	if (i < 0) {
		errno = ENOENT;
		return -1;
	}
	p->rows[i].events = events;
	p->muted -= p->rows[i].mute;
	p->rows[i].mute = false;
	ask(p, i);
	return 0;
}

void poller_remove(struct poller *p, int fd, uint64_t tag)
{
	int i = find(p, fd, tag);

	if (i >= 0)
		drop(p, i);
}

void poller_closing(struct poller *p, int fd, uint64_t tag)
{
	poller_remove(p, fd, tag);
}

static void listen_again(struct poller *p)
{
	if (!p->muted || clock_ms() < p->look)
		return;
	for (int i = 0; i < p->n; i++)
		if (p->rows[i].mute) {
			p->rows[i].mute = false;
			ask(p, i);
		}
	p->muted = 0;
}

static void mute(struct poller *p, int i)
{
	if (!p->muted++)
		p->look = clock_ms() + MUTE_MS;
	p->rows[i].mute = true;
	ask(p, i);
}

/* What there is to read may be the end. */
static unsigned readable(struct poller *p, int i)
{
	const struct row *r = &p->rows[i];
	unsigned events = r->events & LOOP_READ;
	ssize_t n = 1;
	char byte;

	if (r->stream)
		n = recv(p->fds[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0)
		events |= LOOP_GONE;
	else if (n > 0 && !events)
		mute(p, i);
	return events;
}

static unsigned told(struct poller *p, int i)
{
	short seen = p->fds[i].revents;
	unsigned out = 0;

	if (seen & (POLLHUP | POLLERR))
		return LOOP_GONE | LOOP_READ | LOOP_WRITE;
	if (seen & POLLIN)
		out |= readable(p, i);
	if (seen & POLLOUT)
		out |= LOOP_WRITE;
	return out;
}

/* Those that were closed without a word. */
static void drop_closed(struct poller *p)
{
	for (int i = p->n - 1; i >= 0; i--)
		if (p->fds[i].revents & POLLNVAL)
			drop(p, i);
}

int poller_wait(struct poller *p, struct poller_event *out, int max, int ms)
{
	int n = 0, seen, closed = 0, from;

	listen_again(p);
	if (p->muted && (ms < 0 || ms > MUTE_MS))
		ms = MUTE_MS;
	seen = poll(p->fds, (nfds_t)p->n, ms);
	if (seen <= 0)
		return seen;
	from = p->first < p->n ? p->first : 0;
	for (int k = 0; k < p->n && n < max; k++) {
		int i = (from + k) % p->n;
		unsigned events;

		if (!p->fds[i].revents)
			continue;
		closed += (p->fds[i].revents & POLLNVAL) != 0;
		events = told(p, i);
		if (events)
			out[n++] = (struct poller_event){ p->rows[i].tag,
							  events };
		p->first = i + 1;
	}
	if (closed)
		drop_closed(p);
	return n;
}

#endif
