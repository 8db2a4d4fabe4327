/* SPDX-License-Identifier: MIT */
/*
 * floor-curl: the floor's other form, with libcurl toward the upstream: its
 * multi_socket, its kept connections, as few calls of it as there can be.
 */
#include "config.h"

#include "floor.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct call {
	CURL *easy;
	struct conn *front; /* NULL: it has left */
	struct buf url, body, type;
	struct buf content; /* of the answer, of one round */
	char status[4];
	bool has_content;
	struct call *next, *next_content;
};

/* By its number. libcurl lets go of a socket after each transfer and takes it
 * up with the next; the kernel goes on watching it in between. */
static struct conn socks[1 << 16];
static CURLM *multi;
static int epoll_fd;
static int64_t due = -1; /* libcurl's clock */
static struct call *spare, *with_content;
static struct curl_slist no_expect = { (char *)"Expect:", NULL };
static struct curl_slist fields = { (char *)"Content-Type: application/json",
				    &no_expect };

/* --- the answer ---------------------------------------------------------- */

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	struct span line = { p, size * n };

	if (!c->front)
		return 0;
	if (span_starts(line, "HTTP/"))
		snprintf(c->status, sizeof(c->status), "%.3s", p + 9);
	else if (span_starts(line, "Content-Type: "))
		buf_span(&c->type, span_trim(span_skip(line, 14)));
	else if (line.n == 2)
		put_head(c->front, c->status, buf_get(&c->type));
	return line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	if (!c->front)
		return 0;
	buf_add(&c->content, p, size * n);
	if (!c->has_content) {
		c->has_content = true;
		c->next_content = with_content;
		with_content = c;
	}
	return size * n;
}

static void end(struct call *c)
{
	struct conn *f = c->front;

	curl_multi_remove_handle(multi, c->easy);
	c->next = spare;
	spare = c;
	c->front = NULL;
	if (!f)
		return;
	f->call = NULL;
	if (c->content.n)
		put_body(f, buf_get(&c->content));
	buf_reset(&c->content);
	put_end(f);
	if (flush(f) || (!f->keep && !f->out.n))
		conn_close(f);
}

/* Each read of the answer goes to the web server as one write. */
static void act(curl_socket_t fd, int events)
{
	struct call *c;
	CURLMsg *msg;
	int n;

	curl_multi_socket_action(multi, fd, events, &n);
	while ((msg = curl_multi_info_read(multi, &n))) {
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
				  (char **)&c);
		end(c);
	}
	while ((c = with_content)) {
		with_content = c->next_content;
		c->has_content = false;
		if (!c->front)
			continue;
		if (c->content.n)
			put_body(c->front, buf_get(&c->content));
		buf_reset(&c->content);
		if (flush(c->front))
			conn_close(c->front);
	}
}

/* --- what libcurl asks of the loop ---------------------------------------- */

static void on_event(struct conn *c, unsigned events)
{
	int what = 0;

	if (events & ~(unsigned)EPOLLOUT)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	act(c->fd, what);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		     void *unused)
{
	struct conn *c = &socks[fd];
	struct epoll_event v = { .events = EPOLLIN, .data.ptr = c };
	bool known = c->on_event;

	(void)easy;
	(void)arg;
	(void)unused;
	if (what == CURL_POLL_REMOVE ||
	    (known && c->wants_out == !!(what & CURL_POLL_OUT)))
		return 0;
	c->fd = fd;
	c->on_event = on_event;
	c->wants_out = what & CURL_POLL_OUT;
	if (c->wants_out)
		v.events |= EPOLLOUT;
	return epoll_ctl(epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
			 &v);
}

static int on_close(void *arg, curl_socket_t fd)
{
	(void)arg;
	socks[fd].on_event = NULL;
	return close(fd);
}

static int on_timer(CURLM *unused, long ms, void *arg)
{
	(void)unused;
	(void)arg;
	due = ms < 0 ? -1 : clock_ms() + ms;
	return 0;
}

int curl_until(void)
{
	int64_t left = due < 0 ? -1 : due - clock_ms();

	return due >= 0 && left < 0 ? 0 : (int)left;
}

void curl_tick(void)
{
	if (due >= 0 && due <= clock_ms()) {
		due = -1;
		act(CURL_SOCKET_TIMEOUT, 0);
	}
}

void curl_begin(int epoll)
{
	epoll_fd = epoll;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
}

/* --- the request ---------------------------------------------------------- */

static struct call *call_new(void)
{
	struct call *c = spare;
	CURL *easy;

	if (c) {
		spare = c->next;
		return c;
	}
	c = xcalloc(1, sizeof(*c));
	c->easy = easy = curl_easy_init();
	buf_init(&c->url, BUF_MAX);
	buf_init(&c->body, BUF_MAX);
	buf_init(&c->type, BUF_MAX);
	buf_init(&c->content, BUF_MAX);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &fields);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	return c;
}

void curl_forward(struct conn *f, int port, struct span path)
{
	struct call *c = call_new();
	struct buf body = c->body;

	c->front = f;
	f->call = c;
	buf_reset(&c->type);
	buf_reset(&c->url);
	buf_fmt(&c->url, "http://127.0.0.1:%d%.*s", port, SPAN_FMT(path));
	c->body = f->body;
	f->body = body;
	buf_reset(&f->params);
	buf_reset(&f->body);
	curl_easy_setopt(c->easy, CURLOPT_URL, buf_cstr(&c->url));
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)c->body.n);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body.p);
	curl_multi_add_handle(multi, c->easy);
}

void curl_left(struct call *c)
{
	c->front = NULL;
}
