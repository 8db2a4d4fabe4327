/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/refuse.h"

#include "base/clock.h"
#include "base/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 1024
#define SCRAP 65536
#define PAUSE_MS 50 /* when this machine has no descriptor left */
#define FCGI_VERSION 1
#define FCGI_STDOUT 6
#define FCGI_END_REQUEST 3
#define FCGI_HEADER 8

void refuse_init(struct refuse *r)
{
	memset(r, 0, sizeof(*r));
	r->fastcgi = r->http = -1;
	r->retry_after = 1;
}

void refuse_release(struct refuse *r)
{
	while (r->n)
		close(r->clients[--r->n].fd);
}

int refuse_polls(const struct refuse *r, struct pollfd *p)
{
	bool room = r->n < REFUSE_MAX && clock_ms() >= r->pause;
	int n = 0;

	/* The sockets stay in their places: poll skips what is negative. */
	p[n++] = (struct pollfd){ room ? r->fastcgi : -1, POLLIN, 0 };
	p[n++] = (struct pollfd){ room ? r->http : -1, POLLIN, 0 };
	for (int i = 0; i < r->n; i++)
		p[n++] = (struct pollfd){ r->clients[i].fd, POLLIN, 0 };
	return n;
}

int64_t refuse_when(const struct refuse *r, int64_t other)
{
	if (r->pause > clock_ms() && r->pause < other)
		other = r->pause;
	for (int i = 0; i < r->n; i++)
		if (r->clients[i].end < other)
			other = r->clients[i].end;
	return other;
}

/* The status line or field is up to the caller, and what a web server adds. */
static int write_answer(const struct refuse *r, bool http, bool body, char *out,
			size_t size)
{
	char text[400];
	int n = snprintf(
		text, sizeof(text),
		"{\"type\":\"error\",\"error\":{\"type\":\"api_error\","
		"\"message\":\"%s\",\"param\":null,\"code\":\"%s\"}}\n",
		r->stopping ? "The router is stopping: try again later"
			    : "The router's worker is starting: try again",
		r->stopping ? "router_stopping" : "worker_unavailable");

	return snprintf(out, size,
			"%s503 Service Unavailable\r\n"
			"Content-Type: application/json\r\n"
			"Content-Length: %d\r\n"
			"Retry-After: %ld\r\n"
			"Connection: close\r\n"
			"%s\r\n%s",
			http ? "HTTP/1.1 " : "Status: ", n, r->retry_after,
			http ? "X-Content-Type-Options: nosniff\r\n"
			       "Cross-Origin-Resource-Policy: same-origin\r\n"
			     : "",
			body ? text : "");
}

static void put_header(unsigned char *out, int type, const unsigned char *id,
		       int bytes)
{
	memset(out, 0, FCGI_HEADER);
	out[0] = FCGI_VERSION;
	out[1] = (unsigned char)type;
	out[2] = id[0];
	out[3] = id[1];
	out[4] = (unsigned char)(bytes >> 8);
	out[5] = (unsigned char)bytes;
}

/* The answer and the end, in three records. */
static int wrap(unsigned char *out, const char *text, int n,
		const unsigned char *id)
{
	unsigned char *p = out;

	put_header(p, FCGI_STDOUT, id, n);
	memcpy(p + FCGI_HEADER, text, (size_t)n);
	p += FCGI_HEADER + n;
	put_header(p, FCGI_STDOUT, id, 0);
	p += FCGI_HEADER;
	put_header(p, FCGI_END_REQUEST, id, FCGI_HEADER);
	memset(p + FCGI_HEADER, 0, FCGI_HEADER); /* all went well */
	return (int)(p - out) + 2 * FCGI_HEADER;
}

/* As soon as it is clear what is asked: the rest is only read, so that nobody
 * is cut off who still sends. It fits into the socket's buffer. */
static void answer(const struct refuse *r, struct refuse_client *c)
{
	bool head = c->http && memcmp(c->head, "HEAD ", 5) == 0;
	unsigned char all[ANSWER_MAX + 4 * FCGI_HEADER];
	char text[ANSWER_MAX];
	int n = write_answer(r, c->http, !head, text, sizeof(text));

	if (c->http)
		memcpy(all, text, (size_t)n);
	else
		n = wrap(all, text, n, c->head + 2);
	(void)!send(c->fd, all, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(c->fd, SHUT_WR);
	c->answered = true;
}

/* False when the client has gone. */
static bool read_some(const struct refuse *r, struct refuse_client *c)
{
	char scrap[SCRAP];
	ssize_t n = recv(c->fd, scrap, sizeof(scrap), MSG_DONTWAIT);
	size_t take;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	take = sizeof(c->head) - c->n;
	if (take > (size_t)n)
		take = (size_t)n;
	memcpy(c->head + c->n, scrap, take);
	c->n += (unsigned)take;
	if (!c->answered && c->n == sizeof(c->head))
		answer(r, c);
	return true;
}

static void accept_all(struct refuse *r, int from, bool http)
{
	while (r->n < REFUSE_MAX) {
		int fd = port_accept(from, false);

		if (fd < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED)
				r->pause = clock_ms() + PAUSE_MS;
			return;
		}
		r->clients[r->n++] = (struct refuse_client){
			.fd = fd,
			.http = http,
			.end = clock_ms() + REFUSE_CLIENT_MS
		};
	}
}

void refuse_serve(struct refuse *r, const struct pollfd *p, int n)
{
	int64_t now = clock_ms();

	/* From the end: the last one takes the place of who goes. */
	for (int i = n - 3; i >= 0; i--) {
		struct refuse_client *c = &r->clients[i];

		if ((p[i + 2].revents == 0 || read_some(r, c)) && now < c->end)
			continue;
		close(c->fd);
		*c = r->clients[--r->n];
	}
	if (p[0].revents)
		accept_all(r, r->fastcgi, false);
	if (p[1].revents)
		accept_all(r, r->http, true);
}

bool refuse_rest(struct refuse *r)
{
	if (r->fastcgi >= 0)
		accept_all(r, r->fastcgi, false);
	if (r->http >= 0)
		accept_all(r, r->http, true);
	return r->n < REFUSE_MAX;
}
