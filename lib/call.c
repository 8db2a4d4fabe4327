/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json.h"
#include "base/port.h"
#include "lib/lib.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define OUT_BYTES (1u << 20) /* that a call of this kind should find */

static atomic_bool locks_lost;

/* What holds for the thread while it is in a call. */
struct inside {
	struct embed embed;
	jmp_buf out;
};

/* For lack of memory, deep in a call. */
static void leave(void)
{
	struct inside *i = (struct inside *)(uintptr_t)embed_now();

	longjmp(i->out, 1);
}

/* The host's thread may be in a call already: of its log. */
static int run(const struct dario *d, lib_fn *fn, void *arg, bool locks,
	       struct err *e)
{
	const struct embed **const now = embed_here(), *const before = *now;
	struct inside in;
	int rc;

	in.embed = d->embed;
	in.embed.no_memory = leave;
	*now = &in.embed;
	if (setjmp(in.out) == 0) {
		rc = fn(arg, e);
	} else {
		if (locks)
			atomic_store(&locks_lost, true);
		rc = err_memory(e);
	}
	*now = before;
	return rc;
}

int lib_call(const struct dario *d, lib_fn *fn, void *arg,
	     struct dario_error *e)
{
	struct err err; /* not cleared, for each piece of a stream comes here */
	int rc;

	err.code = ERR_NONE;
	err.status = 0;
	err.msg[0] = '\0';
	rc = run(d, fn, arg, false, &err);
	if (rc < 0)
		lib_error(e, &err);
	return rc;
}

/* A connection that the other side has closed is no reason to end the host: the
 * signal is kept back, and taken if it is ours. */
struct pipes {
	sigset_t pipe, was;
	bool pending; /* before us */
};

static void hold_pipes(struct pipes *p)
{
	sigset_t pending;

	sigemptyset(&p->pipe);
	sigaddset(&p->pipe, SIGPIPE);
	sigpending(&pending);
	p->pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &p->pipe, &p->was);
}

static void let_pipes(struct pipes *p)
{
	if (!p->pending)
		port_drop_signal(SIGPIPE);
	pthread_sigmask(SIG_SETMASK, &p->was, NULL);
}

int lib_call_out(const struct dario *d, lib_fn *fn, void *arg,
		 struct dario_error *e)
{
	struct err err = { 0 };
	struct pipes pipes;
	int rc;

	if (atomic_load(&locks_lost) || !memory_for(OUT_BYTES)) {
		err_memory(&err);
		lib_error(e, &err);
		return -1;
	}
	hold_pipes(&pipes);
	rc = run(d, fn, arg, true, &err);
	let_pipes(&pipes);
	if (rc < 0)
		lib_error(e, &err);
	return rc;
}

/* dlclose */
static void __attribute__((destructor)) unload(void)
{
	json_unload();
}
