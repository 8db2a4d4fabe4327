/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/departure.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/port.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LINUX_INET_DIAG_H
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#define BUCKETS 1024
#define PART_MAX (32 << 10) /* bytes of one part of an answer */
#define RETRY_MS 60000      /* when the kernel does not answer */

/* What comes next of the two lists. */
enum stage {
	REST,
	IPV4,
	IPV6,
};

struct departure {
	int fd, one;           /* for lists, for a single socket; or -1 */
	pthread_mutex_t looks; /* of stage, round, part, and of reading fd */
	enum stage stage;
	unsigned round; /* the list's number */
	_Alignas(max_align_t) char part[PART_MAX];
	pthread_mutex_t lock; /* of what follows */
	struct departure_client *buckets[BUCKETS];
	size_t n;
	uint16_t port; /* of the web server; 0: of several, or not known */
	int64_t due;
};

/* --- who is registered --------------------------------------------------- */

static struct departure_client **bucket(struct departure *d,
					const unsigned char peer[16],
					uint16_t port)
{
	uint32_t h = port * 2654435761u;

	for (int i = 0; i < 16; i++)
		h = (h ^ peer[i]) * 16777619u;
	return &d->buckets[(h >> 16) % BUCKETS];
}

static int parse_address(const char *text, unsigned char out[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!text)
		return -1;
	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, out) == 1 ? 0 : -1;
	memcpy(out, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, out + 12) == 1 ? 0 : -1;
}

/* 0 when it is none. */
static uint16_t parse_port(const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	return n && n < 65536 && !*end ? (uint16_t)n : 0;
}

void departure_add(struct departure *d, struct departure_client *c,
		   const char *address, const char *port, const char *own_port,
		   departure_fn *fn, void *arg)
{
	struct departure_client **at;

	memset(c, 0, sizeof(*c));
	atomic_init(&c->gone, false);
	c->peer_port = parse_port(port);
	c->own_port = parse_port(own_port);
	c->fn = fn;
	c->arg = arg;
	if (d->fd < 0 || !c->peer_port || parse_address(address, c->peer))
		return;
	pthread_mutex_lock(&d->lock);
	if (d->n == 0)
		d->port = c->own_port;
	else if (d->port != c->own_port)
		d->port = 0;
	at = bucket(d, c->peer, c->peer_port);
	c->next = *at;
	c->link = at;
	if (c->next)
		c->next->link = &c->next;
	*at = c;
	if (d->n++ == 0 && d->due < clock_ms() + DEPARTURE_LOOK_MS)
		d->due = clock_ms() + DEPARTURE_LOOK_MS;
	pthread_mutex_unlock(&d->lock);
}

static void unlink_client(struct departure *d, struct departure_client *c)
{
	if (!c->link)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->link = NULL;
	d->n--;
}

void departure_remove(struct departure *d, struct departure_client *c)
{
	pthread_mutex_lock(&d->lock);
	unlink_client(d, c);
	pthread_mutex_unlock(&d->lock);
}

int64_t departure_due(struct departure *d)
{
	int64_t due;

	pthread_mutex_lock(&d->lock);
	due = d->n ? d->due : INT64_MAX;
	pthread_mutex_unlock(&d->lock);
	return due;
}

int departure_fd(const struct departure *d)
{
	return d->fd;
}

/* --- what the kernel says ------------------------------------------------ */

#ifdef HAVE_LINUX_INET_DIAG_H

#define PARTS_MAX 64 /* that are taken in at a time */

static_assert(sizeof(struct inet_diag_sockid) ==
		      sizeof(((struct departure_socket *)0)->id),
	      "a socket's id has another size here");

static void leave(struct departure *d, struct departure_client *c)
{
	unlink_client(d, c);
	atomic_store(&c->gone, true);
	if (c->fn)
		c->fn(c->arg);
}

static void note_seen(const struct departure *d, struct departure_client *c,
		      const struct inet_diag_msg *m)
{
	c->seen = d->round;
	c->socket.family = m->idiag_family;
	memcpy(c->socket.id, &m->id, sizeof(m->id));
}

/* Several clients may be of one connection. */
static void take_socket(struct departure *d, const struct inet_diag_msg *m)
{
	unsigned char peer[16] = { [10] = 0xff, [11] = 0xff };
	uint16_t peer_port = ntohs(m->id.idiag_dport);
	uint16_t own_port = ntohs(m->id.idiag_sport);
	struct departure_client *c, *next;

	if (m->idiag_family == AF_INET)
		memcpy(peer + 12, m->id.idiag_dst, 4);
	else
		memcpy(peer, m->id.idiag_dst, 16);
	pthread_mutex_lock(&d->lock);
	for (c = *bucket(d, peer, peer_port); c; c = next) {
		next = c->next;
		if (c->peer_port != peer_port || memcmp(c->peer, peer, 16) ||
		    (c->own_port && c->own_port != own_port))
			continue;
		if (m->idiag_state == TCP_CLOSE_WAIT)
			leave(d, c);
		else
			note_seen(d, c, m);
	}
	pthread_mutex_unlock(&d->lock);
}

/* True when it was the last part. */
static bool take_part(struct departure *d, const void *part, size_t n,
		      bool *failed)
{
	const struct nlmsghdr *h = part;

	for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_ERROR)
			*failed = true;
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
			return true;
		if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			take_socket(d, NLMSG_DATA(h));
	}
	return false;
}

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 req;
};

static int ask(int fd, const struct question *q)
{
	return send(fd, q, sizeof(*q), MSG_NOSIGNAL) == sizeof(*q) ? 0 : -1;
}

static int ask_list(struct departure *d, unsigned char family)
{
	struct question q = {
		.head = { .nlmsg_len = sizeof(q),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.req = { .sdiag_family = family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = 1u << TCP_CLOSE_WAIT |
					 1u << TCP_ESTABLISHED },
	};

	pthread_mutex_lock(&d->lock);
	q.req.id.idiag_sport = htons(d->port);
	pthread_mutex_unlock(&d->lock);
	return ask(d->fd, &q);
}

/* A long list may leave out who is there: only this is an answer, which comes
 * at once. */
static bool is_unknown(const struct departure *d,
		       const struct departure_socket *s)
{
	struct question q = {
		.head = { .nlmsg_len = sizeof(q),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST },
		.req = { .sdiag_family = s->family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = ~0u },
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[1024];
	} answer;
	ssize_t n;

	memcpy(&q.req.id, s->id, sizeof(q.req.id));
	if (ask(d->one, &q))
		return false;
	n = recv(d->one, &answer, sizeof(answer), MSG_DONTWAIT);
	return n >= (ssize_t)NLMSG_LENGTH(sizeof(answer.error)) &&
	       answer.head.nlmsg_type == NLMSG_ERROR &&
	       (answer.error.error == -ENOENT || answer.error.error == -ESTALE);
}

/* At the end of the list: who was in an earlier one, and is not in this. */
static void look_for_lost(struct departure *d)
{
	struct departure_client *c, *next;

	if (d->one < 0)
		return;
	pthread_mutex_lock(&d->lock);
	for (int i = 0; d->n && i < BUCKETS; i++)
		for (c = d->buckets[i]; c; c = next) {
			next = c->next;
			if (c->seen && c->seen != d->round &&
			    is_unknown(d, &c->socket))
				leave(d, c);
		}
	pthread_mutex_unlock(&d->lock);
}

/* When the next look is due; `looks` is held. */
static void set_due(struct departure *d, int64_t ms)
{
	pthread_mutex_lock(&d->lock);
	d->due = clock_ms() + ms;
	pthread_mutex_unlock(&d->lock);
}

static void begin(struct departure *d, enum stage stage)
{
	d->stage = stage;
	set_due(d, DEPARTURE_LOOK_MS);
	if (stage == IPV4 && !++d->round)
		d->round = 1;
	if (ask_list(d, stage == IPV4 ? AF_INET : AF_INET6) == 0)
		return;
	d->stage = REST;
	set_due(d, RETRY_MS);
}

static void end_stage(struct departure *d, bool failed)
{
	if (d->stage == IPV4 && !failed) {
		begin(d, IPV6);
		return;
	}
	if (d->stage == IPV6)
		look_for_lost(d);
	else /* a kernel without IPv6 refuses the other */
		set_due(d, RETRY_MS);
	d->stage = REST;
}

/* The kernel makes each part when the one before it is read, so it is there. */
static void read_parts(struct departure *d)
{
	for (int i = 0; d->stage != REST && i < PARTS_MAX; i++) {
		ssize_t n = recv(d->fd, d->part, sizeof(d->part),
				 MSG_DONTWAIT | MSG_TRUNC);
		bool failed = n > (ssize_t)sizeof(d->part);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		failed = failed || n <= 0;
		if (failed || take_part(d, d->part, (size_t)n, &failed))
			end_stage(d, failed);
	}
}

static int open_list(void)
{
	return port_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, true);
}

void departure_look(struct departure *d)
{
	if (d->fd < 0 || pthread_mutex_trylock(&d->looks))
		return;
	if (d->stage == REST && departure_due(d) <= clock_ms())
		begin(d, IPV4);
	read_parts(d);
	pthread_mutex_unlock(&d->looks);
}

#else

static int open_list(void)
{
	return -1;
}

void departure_look(struct departure *d)
{
	(void)d;
}

#endif

struct departure *departure_new(void)
{
	struct departure *d = xcalloc(1, sizeof(*d));

	d->fd = open_list();
	d->one = open_list();
	pthread_mutex_init(&d->looks, NULL);
	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void departure_free(struct departure *d)
{
	if (!d)
		return;
#ifdef HAVE_LINUX_INET_DIAG_H
	if (d->fd >= 0)
		close(d->fd);
	if (d->one >= 0)
		close(d->one);
#endif
	pthread_mutex_destroy(&d->looks);
	pthread_mutex_destroy(&d->lock);
	free(d);
}
