/* SPDX-License-Identifier: MIT */
/*
 * upstream: a provider that costs as little as one can. For the benchmark only.
 *
 *	upstream PORT [CERTIFICATE KEY]
 *
 * One thread and one epoll on 127.0.0.1:PORT; with a certificate it speaks
 * TLS. The first part of a request's path says what is answered, its last one
 * in which API: /messages is Anthropic's, everything else Chat.
 *
 *	/whole-SIZE/...          a body with SIZE bytes of text
 *	/whole-SIZE-close/...    the same, and the connection is closed
 *	/stream-COUNT-MS/...     COUNT events, MS milliseconds apart; with 0 they
 *	                         leave in bursts of BURST
 *
 * An event carries "@" and 16 digits: when it was due, in microseconds of the
 * monotonic clock. How late it is, its reader can tell.
 */
#include "config.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define READ_BYTES (64 << 10)
#define BUF_MAX (64u << 20)
#define BURST 10
#define WORDS " a few words of text"

struct conn {
	int fd;
	SSL *tls;
	struct buf in, out;
	bool wants_out, shut, queued;
	bool messages;       /* the API of the running answer */
	long left, pause_us; /* of the running stream */
	int64_t due;
	struct conn *next; /* in the queue of its pause */
};

/* Streams of one pause, the first due first. One run has few of them. */
struct queue {
	long pause_us;
	struct conn *first, **last;
};

static struct queue queues[8];
static SSL_CTX *tls;
static int loop;
static struct conn *dead;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void watch(struct conn *c, int op)
{
	struct epoll_event v = {
		.events = EPOLLIN | (c->wants_out ? (unsigned)EPOLLOUT : 0u),
		.data.ptr = c,
	};

	epoll_ctl(loop, op, c->fd, &v);
}

static void conn_close(struct conn *c)
{
	if (c->fd < 0)
		return;
	if (c->tls)
		SSL_free(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
	if (!c->queued) { /* else its queue still knows it */
		c->next = dead;
		dead = c;
	}
}

static void free_dead(void)
{
	while (dead) {
		struct conn *c = dead;

		dead = c->next;
		buf_release(&c->in);
		buf_release(&c->out);
		free(c);
	}
}

/* As recv: 0 at the end, -1 with EAGAIN when there is nothing. */
static ssize_t get(struct conn *c, char *p, size_t n)
{
	int got, why;

	if (!c->tls)
		return recv(c->fd, p, n, MSG_DONTWAIT);
	got = SSL_read(c->tls, p, (int)n);
	if (got > 0)
		return got;
	why = SSL_get_error(c->tls, got);
	ERR_clear_error();
	if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
		return 0;
	errno = EAGAIN;
	return -1;
}

static ssize_t put(struct conn *c, const char *p, size_t n)
{
	int sent;

	if (!c->tls)
		return send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	sent = SSL_write(c->tls, p, (int)n);
	ERR_clear_error();
	if (sent <= 0)
		errno = EAGAIN;
	return sent > 0 ? sent : -1;
}

static void flush(struct conn *c)
{
	bool wanted = c->wants_out;
	size_t sent = 0;

	while (sent < c->out.n) {
		ssize_t n = put(c, c->out.p + sent, c->out.n - sent);

		if (n < 0 && errno != EAGAIN) {
			conn_close(c);
			return;
		}
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	buf_splice(&c->out, 0, sent, SPAN(""));
	c->wants_out = c->out.n > 0;
	if (wanted != c->wants_out)
		watch(c, EPOLL_CTL_MOD);
	if (c->shut && !c->out.n)
		conn_close(c);
}

/* --- answers ------------------------------------------------------------- */

static const char date[] = "Date: Thu, 26 Nov 2026 01:00:00 GMT\r\n";
static const char limits[] =
	"anthropic-ratelimit-unified-status: allowed\r\n"
	"anthropic-ratelimit-unified-representative-claim: five_hour\r\n"
	"anthropic-ratelimit-unified-5h-utilization: 0.25\r\n"
	"anthropic-ratelimit-unified-5h-reset: 4102444800\r\n";

static void whole_text(struct buf *to, size_t size, bool messages)
{
	buf_str(to, messages
			    ? "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
			      "\"assistant\",\"model\":\"m\",\"content\":[{"
			      "\"type\":\"text\",\"text\":\""
			    : "{\"id\":\"chatcmpl-1\",\"object\":\"chat."
			      "completion\",\"created\":1,\"model\":\"m\","
			      "\"choices\":[{\"index\":0,\"finish_reason\":"
			      "\"stop\",\"message\":{\"role\":\"assistant\","
			      "\"content\":\"");
	while (size) {
		size_t n = size < sizeof(WORDS) - 1 ? size : sizeof(WORDS) - 1;

		buf_add(to, WORDS, n);
		size -= n;
	}
	buf_str(to, messages ? "\"}],\"stop_reason\":\"end_turn\","
			       "\"stop_sequence\":null,\"usage\":{"
			       "\"input_tokens\":9,\"output_tokens\":60}}"
			     : "\"}}],\"usage\":{\"prompt_tokens\":9,"
			       "\"completion_tokens\":60,"
			       "\"total_tokens\":69}}");
}

/* The last text is kept: a lane asks for the same again and again. */
static void put_whole(struct conn *c, size_t size)
{
	static struct buf kept[2];
	static size_t sizes[2];
	struct buf *text = &kept[c->messages];

	if (!text->max || sizes[c->messages] != size) {
		buf_release(text);
		buf_init(text, BUF_MAX);
		whole_text(text, size, c->messages);
		sizes[c->messages] = size;
	}
	buf_fmt(&c->out,
		"HTTP/1.1 200 OK\r\n%sContent-Type: application/json\r\n%s"
		"Content-Length: %zu\r\nConnection: %s\r\n\r\n",
		date, c->messages ? limits : "", text->n,
		c->shut ? "close" : "keep-alive");
	buf_span(&c->out, buf_get(text));
}

static void put_chunk(struct buf *to, const char *name, const char *data)
{
	char event[64] = "";

	if (name)
		snprintf(event, sizeof(event), "event: %s\n", name);
	buf_fmt(to, "%zx\r\n%sdata: %s\n\n\r\n",
		strlen(event) + strlen(data) + 8, event, data);
}

static const char *const deltas[] = {
	"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
	"\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
	"\"content\":\"@0000000000000000" WORDS "\"},\"finish_reason\":null}]}",
	"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	"\"text_delta\",\"text\":\"@0000000000000000" WORDS "\"}}",
};

/* Formatted once, but for its time. */
static void put_delta(struct conn *c, int64_t due)
{
	static struct buf made[2];
	static size_t at[2];
	struct buf *b = &made[c->messages];

	if (!b->max) {
		buf_init(b, 1024);
		put_chunk(b, c->messages ? "content_block_delta" : NULL,
			  deltas[c->messages]);
		at[c->messages] =
			(size_t)((char *)memchr(b->p, '@', b->n) - b->p);
	}
	for (char *p = b->p + at[c->messages] + 16; *p != '@'; p--) {
		*p = (char)('0' + due % 10);
		due /= 10;
	}
	buf_span(&c->out, buf_get(b));
}

static void put_start(struct conn *c)
{
	buf_fmt(&c->out,
		"HTTP/1.1 200 OK\r\n%sContent-Type: text/event-stream\r\n%s"
		"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
		date, c->messages ? limits : "");
	if (!c->messages)
		return;
	put_chunk(&c->out, "message_start",
		  "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
		  "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
		  "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
		  "\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}");
	put_chunk(&c->out, "content_block_start",
		  "{\"type\":\"content_block_start\",\"index\":0,"
		  "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}");
}

static void put_end(struct conn *c)
{
	if (c->messages) {
		put_chunk(&c->out, "content_block_stop",
			  "{\"type\":\"content_block_stop\",\"index\":0}");
		put_chunk(&c->out, "message_delta",
			  "{\"type\":\"message_delta\",\"delta\":{"
			  "\"stop_reason\":\"end_turn\",\"stop_sequence\":"
			  "null},\"usage\":{\"output_tokens\":60}}");
		put_chunk(&c->out, "message_stop",
			  "{\"type\":\"message_stop\"}");
	} else {
		put_chunk(&c->out, NULL,
			  "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion."
			  "chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{"
			  "\"index\":0,\"delta\":{},\"finish_reason\":"
			  "\"stop\"}]}");
		put_chunk(&c->out, NULL, "[DONE]");
	}
	buf_str(&c->out, "0\r\n\r\n");
}

/* --- streams ------------------------------------------------------------- */

static struct queue *queue_of(long pause_us)
{
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		struct queue *q = &queues[i];

		if (!q->last) {
			q->pause_us = pause_us;
			q->last = &q->first;
		}
		if (q->pause_us == pause_us)
			return q;
	}
	fputs("upstream: too many different pauses\n", stderr);
	exit(1);
}

static void enqueue(struct conn *c)
{
	struct queue *q = queue_of(c->pause_us);

	c->due += c->pause_us;
	c->queued = true;
	c->next = NULL;
	*q->last = c;
	q->last = &c->next;
}

static struct conn *dequeue(struct queue *q)
{
	struct conn *c = q->first;

	q->first = c->next;
	if (!q->first)
		q->last = &q->first;
	c->queued = false;
	return c;
}

static void put_event(struct conn *c)
{
	put_delta(c, c->due);
	if (--c->left == 0)
		put_end(c);
}

static void start_stream(struct conn *c, long count, long pause_ms)
{
	c->left = count;
	c->pause_us = pause_ms * 1000;
	c->due = now_us();
	put_start(c);
	if (c->pause_us) {
		put_event(c);
		if (c->left)
			enqueue(c);
		return;
	}
	while (c->left && c->fd >= 0) {
		for (int i = 0; i < BURST && c->left; i++)
			put_event(c);
		flush(c);
	}
	c->left = 0;
}

/* What is due; the milliseconds until the next is, or -1. */
static int run_queues(void)
{
	int64_t next = INT64_MAX;
	int64_t now = now_us();

	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		struct queue *q = &queues[i];

		while (q->first && q->first->due <= now) {
			struct conn *c = dequeue(q);

			if (c->fd < 0) { /* its reader has left */
				c->next = dead;
				dead = c;
				continue;
			}
			put_event(c);
			if (c->left)
				enqueue(c);
			flush(c);
		}
		if (q->first && q->first->due < next)
			next = q->first->due;
	}
	return next == INT64_MAX ? -1 : (int)((next - now) / 1000 + 1);
}

/* --- requests ------------------------------------------------------------ */

static void answer(struct conn *c, const char *path, size_t n)
{
	long a = 0, b = 0;
	char what[80];

	snprintf(what, sizeof(what), "%.*s", (int)(n < 79 ? n : 79), path);
	c->messages = memmem(path, n, "/messages", 9) != NULL;
	if (sscanf(what, "/stream-%ld-%ld", &a, &b) == 2 && a > 0) {
		start_stream(c, a, b);
	} else {
		a = 1024;
		sscanf(what, "/whole-%ld", &a);
		c->shut = strstr(what, "-close/") != NULL;
		put_whole(c, (size_t)a);
	}
	flush(c);
}

/* The requests in `in`, all but the last of which are whole. */
static void take_requests(struct conn *c)
{
	while (c->fd >= 0 && !c->shut && !c->left) {
		const char *end = memmem(c->in.p, c->in.n, "\r\n\r\n", 4);
		const char *field, *path, *stop;
		size_t head, body;

		if (!end)
			return;
		head = (size_t)(end + 4 - c->in.p);
		/* Who forwards may write it in any way. */
		field = strcasestr(c->in.p, "\r\ncontent-length:");
		body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
		if (c->in.n < head + body)
			return;
		path = memchr(c->in.p, ' ', head);
		stop = path ? memchr(path + 1, ' ',
				     head - (size_t)(path + 1 - c->in.p))
			    : NULL;
		if (!stop) {
			conn_close(c);
			return;
		}
		answer(c, path + 1, (size_t)(stop - path - 1));
		buf_splice(&c->in, 0, head + body, SPAN(""));
	}
}

static void serve(struct conn *c, unsigned events)
{
	if (c->fd >= 0 && events & EPOLLOUT)
		flush(c);
	while (c->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		static char bytes[READ_BYTES];
		ssize_t n = get(c, bytes, sizeof(bytes));

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			conn_close(c);
			return;
		}
		buf_add(&c->in, bytes, (size_t)n);
		take_requests(c);
		if (!c->tls && n < READ_BYTES)
			return;
	}
}

static void take_connection(int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->fd = fd;
	buf_init(&c->in, BUF_MAX);
	buf_init(&c->out, BUF_MAX);
	if (tls) {
		c->tls = SSL_new(tls);
		SSL_set_fd(c->tls, fd);
		SSL_set_accept_state(c->tls);
	}
	watch(c, EPOLL_CTL_ADD);
}

static int listen_at(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, 4096)) {
		perror("upstream: listen");
		exit(1);
	}
	return fd;
}

static void use_tls(const char *certificate, const char *key)
{
	tls = SSL_CTX_new(TLS_server_method());
	if (!tls || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		exit(1);
	}
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	struct epoll_event door = { .events = EPOLLIN };
	struct rlimit files;
	int listener;

	if (argc != 2 && argc != 4) {
		fputs("usage: upstream PORT [CERTIFICATE KEY]\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 4)
		use_tls(argv[2], argv[3]);
	loop = epoll_create1(0);
	listener = listen_at(atoi(argv[1]));
	epoll_ctl(loop, EPOLL_CTL_ADD, listener, &door);
	for (;;) {
		int wait = run_queues();
		int fd, n = epoll_wait(loop, events, EVENTS_MAX, wait);
		bool come = false;

		for (int i = 0; i < n; i++) {
			come |= !events[i].data.ptr;
			if (events[i].data.ptr)
				serve(events[i].data.ptr, events[i].events);
		}
		while (come &&
		       (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
			take_connection(fd);
		free_dead();
	}
}
