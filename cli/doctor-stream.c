/* SPDX-License-Identifier: MIT */
/* Streams of the demo provider: do they arrive as they are made, and is it
 * noticed when their reader leaves? */
#include "config.h"

#include "base/clock.h"
#include "cli/doctor-ask.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define DEMO_PATH "/demo/v1/chat/completions"
#define PROMPT(text) \
	"{\"model\":\"demo\",\"stream\":true,\"messages\":[{\"role\":" \
	"\"user\",\"content\":\"" text "\"}]}"
#define A "a a a a a a a a a a a a a a a a a a a a a a a a a "
#define STREAM_MS 8000
#define LEAVE_MS 400 /* after which the demo goes on for seconds */
#define ANSWER_MAX (1u << 20)
#define REST_LOOKS 60 /* a busy machine is late to end what was asked before */

/* --- pace ---------------------------------------------------------------- */

static int count_events(const struct buf *b)
{
	struct span rest = buf_get(b);
	int n = 0;

	while (rest.n) {
		const char *at = memmem(rest.p, rest.n, "data:", 5);

		if (!at)
			break;
		n++;
		rest.n -= (size_t)(at + 5 - rest.p);
		rest.p = at + 5;
	}
	return n;
}

/* Each event is sent by itself: they have to arrive so, but for those that
 * this machine was too busy to read in time. */
static void judge_pace(struct doctor_target *t, const struct doctor_ask *a)
{
	int events = count_events(&a->answer);
	bool late = a->first > a->took / 2;
	bool lumps = a->lumps < events / 4;

	if (a->status != 200 || !events)
		doctor_say(t->d, DOCTOR_FAIL, "path stream",
			   doctor_directive(t->software, NEED_WORKER),
			   "the demo's stream ended with HTTP %d and %d events",
			   a->status, events);
	else if (late || lumps)
		doctor_say(t->d, DOCTOR_FAIL, "path stream",
			   doctor_directive(t->software, NEED_STREAM),
			   "the web server holds answers back: %d events came "
			   "in %d pieces, the first after %lld of %lld ms",
			   events, a->lumps, (long long)a->first,
			   (long long)a->took);
	else
		doctor_say(t->d, DOCTOR_OK, "path stream", NULL,
			   "%d events came in %d pieces over %lld ms, the "
			   "first after %lld ms",
			   events, a->lumps, (long long)(a->last - a->first),
			   (long long)a->first);
}

void doctor_stream(struct doctor_target *t)
{
	struct doctor_ask a = { .method = "POST",
				.path = DEMO_PATH,
				.body = SPAN(PROMPT("hello")),
				.timeout_ms = STREAM_MS };
	struct err e;

	buf_init(&a.answer, ANSWER_MAX);
	if (doctor_ask(t, &a, &e))
		doctor_say(t->d, DOCTOR_FAIL, "path stream",
			   doctor_directive(t->software, NEED_STREAM),
			   "the demo's stream: %s", e.msg);
	else
		judge_pace(t, &a);
	buf_release(&a.answer);
}

/* --- departure ----------------------------------------------------------- */

int doctor_busy(struct doctor_target *t)
{
	struct json_object *o = doctor_health(t);
	int n = (int)json_int(o, "busy", -1);

	json_object_put(o);
	return n;
}

int doctor_busy_at_rest(struct doctor_target *t)
{
	int least = doctor_busy(t);

	for (int i = 0; i < REST_LOOKS && least > 0; i++) {
		int n;

		poll(NULL, 0, DOCTOR_LOOK_MS);
		n = doctor_busy(t);
		if (n < least)
			least = n;
	}
	return least;
}

static void note_busy(struct doctor_target *t, void *arg)
{
	*(int *)arg = doctor_busy(t);
}

long doctor_wait_free(struct doctor_target *t, int before, int most)
{
	int64_t start = clock_ms();

	while (clock_ms() - start < most) {
		if (doctor_busy(t) <= before)
			return (long)(clock_ms() - start);
		poll(NULL, 0, DOCTOR_LOOK_MS);
	}
	return -1;
}

static void judge_leave(struct doctor_target *t, const char *name,
			enum doctor_need need, long ms)
{
	bool silence = need == NEED_SILENCE;

	if (ms < 0)
		doctor_say(t->d, silence ? DOCTOR_WARN : DOCTOR_FAIL, name,
			   doctor_directive(t->software, need),
			   "a client that leaves %s is not noticed within "
			   "%d ms",
			   silence ? "in a silence" : "a stream",
			   DOCTOR_FREE_MS);
	else
		doctor_say(t->d, DOCTOR_OK, name, NULL,
			   "a client that leaves %s is noticed within %ld ms",
			   silence ? "in a silence" : "a stream", ms + 1);
}

/* Begin a stream, leave it, and see from /health when the worker is free.
 * False: it was not noticed, and the stream still runs. */
static bool leave_once(struct doctor_target *t, const char *name,
		       enum doctor_need need, struct span body)
{
	int before = doctor_busy_at_rest(t), during = before;
	struct doctor_ask a = { .method = "POST",
				.path = DEMO_PATH,
				.body = body,
				.timeout_ms = STREAM_MS,
				.leave_ms = LEAVE_MS,
				.on_leave = note_busy,
				.arg = &during };
	struct err e = { 0 };
	long ms = 0;

	buf_init(&a.answer, ANSWER_MAX);
	doctor_ask(t, &a, &e);
	if (!a.left)
		doctor_say(t->d, DOCTOR_FAIL, name,
			   doctor_directive(t->software, NEED_WORKER),
			   "the demo's stream did not last: %s",
			   e.code ? e.msg : "it ended early");
	else if (before < 0 || during <= before)
		doctor_say(t->d, DOCTOR_SKIP, name, NULL,
			   "/health is answered by another process than the "
			   "stream, or without the key");
	else
		judge_leave(t, name, need,
			    ms = doctor_wait_free(t, before, DOCTOR_FREE_MS));
	buf_release(&a.answer);
	return ms >= 0;
}

void doctor_leave(struct doctor_target *t)
{
	if (!leave_once(t, "path departure", NEED_LEAVE, SPAN(PROMPT(A A A A))))
		doctor_say(t->d, DOCTOR_SKIP, "path silence", NULL,
			   "who leaves is not even noticed in a stream");
	else if (leave_once(t, "path silence", NEED_SILENCE,
			    SPAN(PROMPT("silence")))) {
		doctor_waiting(t);
		return;
	}
	doctor_say(t->d, DOCTOR_SKIP, "path waiting", NULL,
		   "what was left before still runs");
}
