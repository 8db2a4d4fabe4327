/* SPDX-License-Identifier: MIT */
/*
 * load: the clients of the benchmark.
 *
 *	load [flags] PORT PATH <BODY
 *	  -c N    connections, each with one request at a time (1)
 *	  -m MS   for so long (1000)
 *	  -n N    or: so many requests
 *	  -r MS   the connections begin within so long, not at once
 *	  -e N    each answer has N events, or it is lost
 *	  -g      GET, without a body
 *
 * One thread and one epoll on 127.0.0.1:PORT. Prints one line of JSON: whole
 * answers and lost ones, seconds, bytes, and in microseconds the 50th, 90th and
 * 99th percentile of an answer (`p`), of the first byte of its body (`first`)
 * and of how late its events were (`late`; see upstream.c).
 */
#include "config.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define READ_BYTES (256 << 10)
#define HEAD_MAX (64u << 10)
#define MARK_BYTES 17 /* "@" and 16 digits */
#define TIMES_MAX (8u << 20)
#define STALL_MS 20000 /* without a byte for anybody: the rest is lost */

enum state {
	HEAD,
	FIXED,   /* a body of known length */
	SIZE,    /* the line before a chunk */
	CHUNK,   /* a chunk and the line end behind it */
	TRAILER, /* behind the last chunk */
	CLOSE    /* a body to the end of the connection */
};

struct client {
	int fd;
	enum state state;
	struct buf head;
	size_t left; /* bytes of the body or the chunk */
	size_t sent; /* of the request */
	char mark[MARK_BYTES];
	size_t marked; /* bytes of a mark seen so far */
	long events;
	bool ok, begun, closes;
	int64_t from, first;
};

struct times {
	uint32_t *us;
	size_t n;
};

static struct {
	int port, connections;
	long ms, requests, ramp_ms, events;
	bool get;
} flags = { .connections = 1, .ms = 1000, .events = -1 };

static struct sockaddr_in target;
static struct buf request;
static struct times took, first, late;
static long asked, done, lost, running;
static uint64_t bytes;
static int loop;
static int64_t start, last_byte;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void note(struct times *t, int64_t us)
{
	if (!t->us)
		t->us = xcalloc(TIMES_MAX, sizeof(*t->us));
	if (t->n < TIMES_MAX)
		t->us[t->n++] = us < 0 ? 0 : (uint32_t)us;
}

/* --- asking -------------------------------------------------------------- */

static bool over(void)
{
	if (flags.requests)
		return asked >= flags.requests;
	return now_us() - start >= flags.ms * 1000;
}

static void send_more(struct client *c)
{
	ssize_t n = send(c->fd, request.p + c->sent, request.n - c->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		c->sent += (size_t)n;
}

static void watch(struct client *c, int op)
{
	struct epoll_event v = { .events = EPOLLIN, .data.ptr = c };

	if (c->sent < request.n)
		v.events |= EPOLLOUT;
	epoll_ctl(loop, op, c->fd, &v);
}

static void drop(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void open_connection(struct client *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&target, sizeof(target))) {
		perror("load: connect");
		exit(1);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void ask(struct client *c)
{
	bool fresh = c->fd < 0;

	if (over()) {
		drop(c);
		return;
	}
	asked++;
	running++;
	c->from = now_us();
	if (fresh)
		open_connection(c);
	c->state = HEAD;
	c->sent = 0;
	c->events = 0;
	c->marked = 0;
	c->begun = c->closes = false;
	buf_reset(&c->head);
	send_more(c);
	if (fresh)
		watch(c, EPOLL_CTL_ADD);
	else if (c->sent < request.n)
		watch(c, EPOLL_CTL_MOD);
}

/* --- what comes back ----------------------------------------------------- */

static void finish(struct client *c, bool whole)
{
	bool good = whole && c->ok &&
		    (flags.events < 0 || c->events == flags.events);

	running--;
	if (good) {
		done++;
		note(&took, now_us() - c->from);
		note(&first, c->first - c->from);
	} else if (lost++ == 0) {
		fprintf(stderr, "load: lost: %ld events, %.200s\n", c->events,
			buf_cstr(&c->head));
	}
	if (!whole || c->closes)
		drop(c);
	ask(c);
}

/* Marks may lie across two reads. */
static void look_for_marks(struct client *c, struct span s)
{
	while (s.n) {
		size_t n;

		if (!c->marked) {
			const char *at = memchr(s.p, '@', s.n);

			if (!at)
				return;
			s = span_skip(s, (size_t)(at - s.p));
		}
		n = MARK_BYTES - c->marked;
		n = n < s.n ? n : s.n;
		memcpy(c->mark + c->marked, s.p, n);
		c->marked += n;
		s = span_skip(s, n);
		if (c->marked == MARK_BYTES) {
			int64_t due = strtoll(c->mark + 1, NULL, 10);

			c->events++;
			c->marked = 0;
			note(&late, last_byte - due);
		}
	}
}

static void body_bytes(struct client *c, struct span s)
{
	if (!c->begun && s.n) {
		c->begun = true;
		c->first = last_byte;
	}
	if (flags.events >= 0)
		look_for_marks(c, s);
}

/* 0: not there yet; the length of the head, which `in` begins with, else. */
static size_t take_head(struct client *c, struct span in)
{
	size_t before = c->head.n;
	const char *end, *field;

	buf_add(&c->head, in.p,
		in.n < HEAD_MAX - before ? in.n : HEAD_MAX - before);
	end = strstr(buf_cstr(&c->head), "\r\n\r\n");
	if (!end)
		return 0;
	c->head.n = (size_t)(end + 4 - c->head.p);
	c->head.p[c->head.n] = '\0';
	c->ok = strncmp(c->head.p, "HTTP/1.1 200", 12) == 0;
	c->closes = strcasestr(c->head.p, "\r\nconnection: close") != NULL;
	field = strcasestr(c->head.p, "\r\ncontent-length:");
	if (field) {
		c->state = FIXED;
		c->left = strtoul(field + 17, NULL, 10);
	} else {
		c->state = strcasestr(c->head.p, "chunked") ? SIZE : CLOSE;
	}
	return c->head.n - before;
}

/* A line of the framing into `head`; its length, or 0: not whole yet. */
static size_t take_line(struct client *c, struct span in)
{
	const char *lf = memchr(in.p, '\n', in.n);
	size_t n = lf ? (size_t)(lf + 1 - in.p) : in.n;

	buf_add(&c->head, in.p, n);
	return lf ? n : 0;
}

/* One step; how many bytes it took. *end: the answer is there. */
static size_t step(struct client *c, struct span in, bool *end)
{
	size_t n = in.n < c->left ? in.n : c->left;

	switch (c->state) {
	case HEAD:
		n = take_head(c, in);
		*end = n && c->state == FIXED && !c->left;
		return n ? n : in.n;
	case FIXED:
		body_bytes(c, (struct span){ in.p, n });
		c->left -= n;
		*end = !c->left;
		return n;
	case CLOSE:
		body_bytes(c, in);
		return in.n;
	case SIZE:
		if (c->head.n && c->head.p[c->head.n - 1] == '\n')
			buf_reset(&c->head);
		n = take_line(c, in);
		if (!n)
			return in.n;
		c->left = strtoul(buf_cstr(&c->head), NULL, 16);
		c->state = c->left ? CHUNK : TRAILER;
		c->left += 2;
		return n;
	case CHUNK:
		/* The line end looks like body: it harms nobody. */
		body_bytes(c, (struct span){ in.p, n });
		c->left -= n;
		if (!c->left)
			c->state = SIZE;
		return n;
	case TRAILER:
		c->left -= n;
		*end = !c->left;
		return n;
	}
	return in.n;
}

static void take(struct client *c, struct span in)
{
	bool end = false;

	while (in.n && !end)
		in = span_skip(in, step(c, in, &end));
	if (end)
		finish(c, true);
}

static void serve(struct client *c, unsigned events)
{
	static char room[READ_BYTES];
	ssize_t n;

	if (c->fd < 0)
		return;
	if (events & EPOLLOUT) {
		send_more(c);
		if (c->sent == request.n)
			watch(c, EPOLL_CTL_MOD);
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(c->fd, room, sizeof(room), MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	last_byte = now_us();
	if (n > 0) {
		bytes += (uint64_t)n;
		take(c, (struct span){ room, (size_t)n });
	} else {
		c->closes = true;
		finish(c, n == 0 && c->state == CLOSE);
	}
}

/* --- the run ------------------------------------------------------------- */

static void make_request(const char *path)
{
	struct buf body;
	char part[65536];
	size_t n;

	buf_init(&body, 256u << 20);
	buf_init(&request, 256u << 20);
	while ((n = fread(part, 1, sizeof(part), stdin)) > 0)
		buf_add(&body, part, n);
	buf_fmt(&request,
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: load/1.0"
		"\r\nAccept: */*\r\n",
		flags.get ? "GET" : "POST", path, flags.port);
	if (!flags.get)
		buf_fmt(&request,
			"Content-Type: application/json\r\n"
			"Content-Length: %zu\r\n",
			body.n);
	buf_str(&request, "\r\n");
	buf_span(&request, buf_get(&body));
	buf_release(&body);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *name, struct times *t)
{
	static const int shares[] = { 50, 90, 99 };

	qsort(t->us, t->n, t->us ? sizeof(*t->us) : 1, by_size);
	for (int i = 0; i < 3; i++)
		printf(", \"%s%d\": %u", name, shares[i],
		       t->n ? t->us[t->n * (size_t)shares[i] / 100] : 0);
}

static void begin(struct client *all, int *begun)
{
	int64_t in = now_us() - start;

	while (*begun < flags.connections &&
	       (!flags.ramp_ms ||
		in >= flags.ramp_ms * 1000 * *begun / flags.connections))
		ask(&all[(*begun)++]);
}

static void run(struct client *all)
{
	struct epoll_event events[EVENTS_MAX];
	int begun = 0;

	start = last_byte = now_us();
	begin(all, &begun);
	while (running || begun < flags.connections) {
		int n = epoll_wait(loop, events, EVENTS_MAX,
				   begun < flags.connections ? 1 : 1000);

		for (int i = 0; i < n; i++)
			serve(events[i].data.ptr, events[i].events);
		begin(all, &begun);
		if (now_us() - last_byte > STALL_MS * 1000) {
			lost += running;
			fputs("load: nothing comes any more\n", stderr);
			return;
		}
	}
}

static int parse(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "c:m:n:r:e:g")) != -1) {
		switch (o) {
		case 'c':
			flags.connections = atoi(optarg);
			break;
		case 'm':
			flags.ms = atol(optarg);
			break;
		case 'n':
			flags.requests = atol(optarg);
			break;
		case 'r':
			flags.ramp_ms = atol(optarg);
			break;
		case 'e':
			flags.events = atol(optarg);
			break;
		case 'g':
			flags.get = true;
			break;
		default:
			return -1;
		}
	}
	return argc - optind == 2 && flags.connections > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct client *all;
	struct rlimit files;
	double seconds;

	if (parse(argc, argv)) {
		fputs("usage: load [-c N] [-m MS | -n N] [-r MS] [-e N] "
		      "[-g] PORT PATH <BODY\n",
		      stderr);
		return 2;
	}
	flags.port = atoi(argv[optind]);
	target.sin_family = AF_INET;
	target.sin_port = htons((uint16_t)flags.port);
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	make_request(argv[optind + 1]);
	loop = epoll_create1(0);
	all = xcalloc((size_t)flags.connections, sizeof(*all));
	for (int i = 0; i < flags.connections; i++) {
		all[i].fd = -1;
		buf_init(&all[i].head, HEAD_MAX);
	}
	run(all);
	seconds = (double)(last_byte - start) / 1e6;
	printf("{\"done\": %ld, \"lost\": %ld, \"seconds\": %.3f, "
	       "\"bytes\": %llu, \"rps\": %.1f",
	       done, lost, seconds, (unsigned long long)bytes,
	       (double)done / seconds);
	print_times("p", &took);
	print_times("first", &first);
	print_times("late", &late);
	puts("}");
	return 0;
}
