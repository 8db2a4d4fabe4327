/* SPDX-License-Identifier: MIT */
/*
 * floor: the least that a FastCGI responder can do. For the benchmark only.
 *
 *	floor SOCKET PORT [curl]
 *
 * One thread and one epoll. Each request goes to 127.0.0.1:PORT as it came,
 * over kept connections, and each read of the answer goes to the web server as
 * one write. Nothing is looked at but what the two framings need. What a
 * router costs beyond this is its own; what this costs is the price of being
 * behind a web server. With "curl" the upstream's side is libcurl's
 * (floor-curl.c): what that costs more is the price of libcurl.
 */
#include "config.h"

#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fastcgi.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65000 /* fits into one record */
#define EVENTS_MAX 256
#define KEPT_BYTES (64u << 10) /* of a spare connection's buffer */

static int loop;
static int port;
static bool with_curl;
static struct conn *idle;  /* kept upstream connections, the latest first */
static struct conn *dead;  /* until no event speaks of them any more */
static struct conn *spare; /* with their buffers */

static void watch(struct conn *c, int op)
{
	struct epoll_event v = {
		.events = EPOLLIN | (c->wants_out ? (unsigned)EPOLLOUT : 0u),
		.data.ptr = c,
	};

	epoll_ctl(loop, op, c->fd, &v);
}

static struct conn *conn_new(int fd, void (*on_event)(struct conn *, unsigned))
{
	struct conn *c = spare;

	if (c) {
		spare = c->next;
	} else {
		c = xcalloc(1, sizeof(*c));
		buf_init(&c->in, BUF_MAX);
		buf_init(&c->out, BUF_MAX);
		buf_init(&c->params, BUF_MAX);
		buf_init(&c->body, BUF_MAX);
	}
	c->fd = fd;
	c->on_event = on_event;
	c->wants_out = c->head_done = c->chunked = false;
	c->peer = c->next = NULL;
	c->call = NULL;
	watch(c, EPOLL_CTL_ADD);
	return c;
}

void conn_close(struct conn *c)
{
	struct conn **p = &idle;

	while (*p && *p != c)
		p = &(*p)->next;
	if (*p)
		*p = c->next;
	if (c->peer)
		c->peer->peer = NULL;
	if (c->call)
		curl_left(c->call);
	close(c->fd);
	c->fd = -1;
	c->next = dead;
	dead = c;
}

static void reuse(struct buf *b)
{
	if (b->cap <= KEPT_BYTES) {
		buf_reset(b);
		return;
	}
	buf_release(b);
	buf_init(b, BUF_MAX);
}

static void spare_dead(void)
{
	while (dead) {
		struct conn *c = dead;

		dead = c->next;
		reuse(&c->in);
		reuse(&c->out);
		reuse(&c->params);
		reuse(&c->body);
		c->next = spare;
		spare = c;
	}
}

int flush(struct conn *c)
{
	bool wanted = c->wants_out;
	ssize_t n = 0;

	if (c->out.n)
		n = send(c->fd, c->out.p, c->out.n,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN)
		return -1;
	if (n > 0)
		buf_splice(&c->out, 0, (size_t)n, SPAN(""));
	c->wants_out = c->out.n > 0;
	if (wanted != c->wants_out)
		watch(c, EPOLL_CTL_MOD);
	return 0;
}

/* --- toward the web server ----------------------------------------------- */

static void put_record(struct conn *f, int type, struct span content)
{
	const unsigned char head[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1,
		(unsigned char)type,
		(unsigned char)(f->id >> 8),
		(unsigned char)f->id,
		(unsigned char)(content.n >> 8),
		(unsigned char)content.n,
	};

	buf_add(&f->out, head, sizeof(head));
	buf_span(&f->out, content);
}

void put_head(struct conn *f, const char *status, struct span type)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "Status: %.3s\r\nContent-Type: %.*s\r\n\r\n", status,
		 SPAN_FMT(type));
	put_record(f, FCGI_STDOUT, span_of(text));
}

void put_body(struct conn *f, struct span content)
{
	for (size_t n; content.n; content = span_skip(content, n)) {
		n = content.n < READ_BYTES ? content.n : READ_BYTES;
		put_record(f, FCGI_STDOUT, (struct span){ content.p, n });
	}
}

void put_end(struct conn *f)
{
	put_record(f, FCGI_STDOUT, SPAN(""));
	put_record(f, FCGI_END_REQUEST, (struct span){ "\0\0\0\0\0\0\0", 8 });
}

/* The value of a short parameter, found by its name alone. */
static struct span param(const struct conn *f, const char *name)
{
	size_t n = strlen(name);
	const char *at = memmem(f->params.p, f->params.n, name, n);

	return at ? (struct span){ at + n, (unsigned char)at[-1] } : SPAN("");
}

static void on_answer(struct conn *c, unsigned events);

static struct conn *connect_up(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		perror("floor: connect");
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return conn_new(fd, on_answer);
}

static void forward(struct conn *f)
{
	struct conn *u = idle;

	if (with_curl) {
		curl_forward(f, port, param(f, "REQUEST_URI"));
		return;
	}
	if (u)
		idle = u->next;
	else
		u = connect_up();
	u->next = NULL;
	u->peer = f;
	f->peer = u;
	u->head_done = u->chunked = false;
	buf_fmt(&u->out,
		"POST %.*s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		SPAN_FMT(param(f, "REQUEST_URI")), f->body.n);
	buf_span(&u->out, buf_get(&f->body));
	buf_reset(&f->params);
	buf_reset(&f->body);
	flush(u);
}

static void take_record(struct conn *f, const unsigned char *head,
			struct span content)
{
	switch (head[1]) {
	case FCGI_BEGIN_REQUEST:
		f->id = (unsigned)head[2] << 8 | head[3];
		f->keep = content.p[2] & FCGI_KEEP_CONN;
		break;
	case FCGI_PARAMS:
		buf_span(&f->params, content);
		break;
	case FCGI_STDIN:
		if (content.n)
			buf_span(&f->body, content);
		else
			forward(f);
		break;
	}
}

/* What is left of `in`: the begin of a record. */
static struct span front_bytes(struct conn *f, struct span in)
{
	while (in.n >= FCGI_HEADER_LEN) {
		const unsigned char *h = (const unsigned char *)in.p;
		size_t n = (size_t)h[4] << 8 | h[5];
		size_t all = FCGI_HEADER_LEN + n + h[6];

		if (in.n < all)
			break;
		take_record(f, h, (struct span){ in.p + FCGI_HEADER_LEN, n });
		in = span_skip(in, all);
	}
	return in;
}

/* --- from the upstream --------------------------------------------------- */

static struct span field(struct span head, const char *name)
{
	const char *at = memmem(head.p, head.n, name, strlen(name));
	struct span value;

	if (!at)
		return SPAN("");
	value = span_skip(head, (size_t)(at - head.p) + strlen(name));
	return span_cut(&value, '\r');
}

static void take_head(struct conn *u, struct span head)
{
	struct span type = field(head, "\r\nContent-Type: ");
	struct span length = field(head, "\r\nContent-Length: ");

	put_head(u->peer, head.p + 9, type);
	u->head_done = true;
	u->chunked = !length.n;
	u->left = length.n ? strtoul(length.p, NULL, 10) : 0;
}

/* The next chunk's head: its length in all, or 0: not there yet. */
static size_t chunk_head(struct conn *u, struct span in)
{
	const char *lf;

	/* The line end of the chunk before. */
	size_t skip = in.n && *in.p == '\r' ? 2 : 0;

	lf = in.n > skip ? memchr(in.p + skip, '\n', in.n - skip) : NULL;
	if (!lf)
		return 0;
	u->left = strtoul(in.p + skip, NULL, 16);
	if (!u->left) /* the last one has a blank line behind it */
		lf = in.p + in.n - lf > 2 ? lf + 2 : NULL;
	return lf ? (size_t)(lf + 1 - in.p) : 0;
}

/* Body bytes in `in` to `to`; true when the answer has ended. */
static bool take_body(struct conn *u, struct span *in, struct buf *to)
{
	for (;;) {
		size_t n = u->left < in->n ? u->left : in->n;

		buf_add(to, in->p, n);
		*in = span_skip(*in, n);
		u->left -= n;
		if (u->left)
			return false;
		if (!u->chunked)
			return true;
		n = chunk_head(u, *in);
		*in = span_skip(*in, n);
		if (!n || !u->left)
			return n > 0;
	}
}

/* What is left of `in`: the begin of a head, or of a chunk's. */
static struct span answer_bytes(struct conn *u, struct span in)
{
	struct conn *f = u->peer;
	static struct buf content;
	const char *end;
	bool ended;

	if (!f)
		return SPAN("");
	if (!u->head_done) {
		end = memmem(in.p, in.n, "\r\n\r\n", 4);
		if (!end)
			return in;
		take_head(u, (struct span){ in.p, (size_t)(end + 2 - in.p) });
		in = span_skip(in, (size_t)(end + 4 - in.p));
	}
	if (!content.max)
		buf_init(&content, BUF_MAX);
	buf_reset(&content);
	ended = take_body(u, &in, &content);
	put_body(f, buf_get(&content));
	if (ended) {
		put_end(f);
		u->peer = f->peer = NULL;
		u->next = idle;
		idle = u;
	}
	if (flush(f) || (ended && !f->keep && !f->out.n))
		conn_close(f);
	return in;
}

/* --- the loop ------------------------------------------------------------ */

/* Read, and take it where it lies: only what is not whole is kept. */
static void receive(struct conn *c, unsigned events,
		    struct span (*take)(struct conn *, struct span))
{
	static char bytes[READ_BYTES];
	struct span in = { bytes, 0 };
	ssize_t n;

	if (c->fd < 0)
		return;
	if (events & EPOLLOUT && flush(c))
		return conn_close(c);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		return conn_close(c);
	in.n = (size_t)n;
	if (c->in.n) {
		buf_span(&c->in, in);
		in = buf_get(&c->in);
	}
	in = take(c, in);
	if (c->in.n)
		buf_splice(&c->in, 0, c->in.n - in.n, SPAN(""));
	else
		buf_span(&c->in, in);
}

static void on_request(struct conn *c, unsigned events)
{
	receive(c, events, front_bytes);
}

static void on_answer(struct conn *c, unsigned events)
{
	receive(c, events, answer_bytes);
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	umask(0); /* the web server may be another user */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, 4096)) {
		perror("floor: listen");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	struct epoll_event door = { .events = EPOLLIN };
	int listener;

	if (argc < 3) {
		fputs("usage: floor SOCKET PORT [curl]\n", stderr);
		return 2;
	}
	port = atoi(argv[2]);
	loop = epoll_create1(0);
	with_curl = argc > 3;
	if (with_curl)
		curl_begin(loop);
	listener = listen_at(argv[1]);
	epoll_ctl(loop, EPOLL_CTL_ADD, listener, &door);
	for (;;) {
		int fd, n = epoll_wait(loop, events, EVENTS_MAX,
				       with_curl ? curl_until() : -1);
		bool come = false;

		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			come |= !c;
			if (c && c->on_event)
				c->on_event(c, events[i].events);
		}
		while (come &&
		       (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
			/* Its request is there already, as a rule. */
			on_request(conn_new(fd, on_request), EPOLLIN);
		if (with_curl)
			curl_tick();
		spare_dead();
	}
}
