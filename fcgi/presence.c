/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/presence.h"

#include "base/clock.h"
#include "base/task.h"

#define AGAIN_MS 50

/* In the request's own loop. */
static void on_post(struct loop_post *post)
{
	struct presence *p = OWNER(post, struct presence, post);

	p->told = true;
	p->gw->left = true;
	task_wake(p->task);
}

/* By the thread that looks. */
static void on_gone(void *arg)
{
	struct presence *p = arg;

	loop_post(p->loop, &p->post);
}

void presence_begin(struct presence *p, struct request *r)
{
	p->post.fn = on_post;
	p->gw = r->gw;
	p->loop = task_loop();
	p->task = task_self();
	p->told = false;
	departure_add(r->app->departure, &p->client, r->vars.remote,
		      r->vars.remote_port, r->vars.server_port, on_gone, p);
}

void presence_end(struct presence *p, struct request *r)
{
	departure_remove(r->app->departure, &p->client);
	/* What was posted is still in the loop's hands. */
	while (atomic_load(&p->client.gone) && !p->told)
		task_wait(INT64_MAX);
}

static void look(struct presence_watch *w)
{
	int64_t due;

	departure_look(w->departure);
	due = departure_due(w->departure);
	if (due <= clock_ms()) /* its answer is still on the way */
		due = clock_ms() + AGAIN_MS;
	if (due < INT64_MAX)
		loop_time(w->loop, &w->due, due);
}

static void on_due(struct timer *t)
{
	look(OWNER(t, struct presence_watch, due));
}

static void on_answer(struct watch *w, unsigned events)
{
	(void)events;
	look((struct presence_watch *)w);
}

void presence_watch_init(struct presence_watch *w, struct loop *l,
			 struct departure *d, bool listens)
{
	w->loop = l;
	w->departure = d;
	w->due.fn = on_due;
	w->answer.fn = on_answer;
	w->answer.fd = departure_fd(d);
	if (listens && w->answer.fd >= 0)
		loop_watch(l, &w->answer, LOOP_READ);
}

void presence_watch_release(struct presence_watch *w)
{
	if (!w->loop)
		return;
	loop_unwatch(w->loop, &w->answer);
	loop_untime(w->loop, &w->due);
}

void presence_watch_wake(struct presence_watch *w)
{
	if (!w->due.place)
		loop_time(w->loop, &w->due, clock_ms() + DEPARTURE_LOOK_MS);
}
