/* SPDX-License-Identifier: MIT */
/*
 * Is it noticed when a client leaves that waits for a whole answer? Most web
 * servers do not see it when the request is there as they accept the
 * connection, so that is what is made here: sockets of our own, that send at
 * once.
 */
#include "config.h"

#include "base/clock.h"
#include "base/host.h"
#include "base/port.h"
#include "cli/doctor-ask.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "path waiting"
#define CLIENTS 3 /* one may be accepted too soon */
#define BEGIN_MS 1500
/* The worker looks at such a client once a second; the demo is silent for
 * six. */
#define FREE_MS 4000
#define BODY \
	"{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":" \
	"\"silence\"}]}"

struct clients {
	int fds[CLIENTS];
	int n;
};

static int look_up(const struct origin *o, struct addrinfo **out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct span host = o->host;
	char name[256], port[16];

	if (span_starts(host, "[")) {
		host = span_skip(host, 1);
		host.n--;
	}
	span_text(name, sizeof(name), host);
	snprintf(port, sizeof(port), "%ld", o->port);
	return getaddrinfo(name, port, &hints, out) ? -1 : 0;
}

static int connect_any(const struct addrinfo *all)
{
	for (const struct addrinfo *a = all; a; a = a->ai_next) {
		int fd = port_socket(a->ai_family, SOCK_STREAM, 0, false);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static void write_request(struct doctor_target *t, struct span path,
			  const struct origin *o, struct buf *out)
{
	buf_fmt(out, "POST %.*s/demo/v1/chat/completions HTTP/1.1\r\n",
		SPAN_FMT(path));
	buf_fmt(out, "Host: %.*s:%ld\r\n", SPAN_FMT(o->host), o->port);
	if (t->field.n)
		buf_fmt(out, "%s\r\n", buf_cstr(&t->field));
	buf_fmt(out,
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		strlen(BODY));
	buf_str(out, BODY);
}

/* The web server mostly finds connection and request at once. */
static void send_all(const struct addrinfo *at, struct span request,
		     struct clients *c)
{
	for (c->n = 0; c->n < CLIENTS; c->n++) {
		int fd = connect_any(at);

		if (fd < 0)
			break;
		c->fds[c->n] = fd;
		send(fd, request.p, request.n, MSG_NOSIGNAL);
	}
}

static void leave_all(struct clients *c)
{
	while (c->n)
		close(c->fds[--c->n]);
}

/* Have they come to the worker that answers us? */
static bool all_begun(struct doctor_target *t, int before)
{
	int64_t end = clock_ms() + BEGIN_MS;

	while (clock_ms() < end) {
		if (doctor_busy(t) >= before + CLIENTS)
			return true;
		poll(NULL, 0, DOCTOR_LOOK_MS);
	}
	return false;
}

static void judge(struct doctor_target *t, long ms)
{
	if (ms < 0)
		doctor_say(t->d, DOCTOR_WARN, NAME,
			   doctor_directive(t->software, NEED_WHOLE),
			   "a client that leaves a request without a stream "
			   "is not noticed within %d ms",
			   FREE_MS);
	else
		doctor_say(t->d, DOCTOR_OK, NAME, NULL,
			   "a client that leaves a request without a stream "
			   "is noticed within %ld ms",
			   ms + 1);
}

static void try_it(struct doctor_target *t, const struct addrinfo *at,
		   struct span request)
{
	int before = doctor_busy_at_rest(t);
	struct clients c = { .n = 0 };
	bool begun;

	send_all(at, request, &c);
	begun = before >= 0 && c.n == CLIENTS && all_begun(t, before);
	leave_all(&c);
	if (begun)
		judge(t, doctor_wait_free(t, before, FREE_MS));
	else
		doctor_say(t->d, DOCTOR_SKIP, NAME, NULL,
			   "/health does not tell of all requests: it is "
			   "answered by several processes, or without the key");
}

void doctor_waiting(struct doctor_target *t)
{
	struct span url = span_of(t->url), path = url;
	struct addrinfo *at;
	struct origin o;
	struct buf request;
	const char *slash = strchr(t->url + strcspn(t->url, ":") + 3, '/');

	path = slash ? span_of(slash) : SPAN("");
	url.n -= path.n;
	if (!origin_parse(url, &o) || !span_is(o.scheme, "http")) {
		doctor_say(t->d, DOCTOR_SKIP, NAME, NULL,
			   "this is looked at over http:// only");
		return;
	}
	if (look_up(&o, &at)) {
		doctor_say(t->d, DOCTOR_SKIP, NAME, NULL,
			   "the name is not to be had any more");
		return;
	}
	buf_init(&request, 32768);
	write_request(t, path, &o, &request);
	try_it(t, at, buf_get(&request));
	buf_release(&request);
	freeaddrinfo(at);
}
