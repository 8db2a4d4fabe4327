/* SPDX-License-Identifier: MIT */
/* Its check of longjmp knows one stack only: `leave` may be on a task's. */
#undef _FORTIFY_SOURCE
#include "config.h"

#include "base/json.h"
#include "base/port.h"
#include "base/wait.h"
#include "lib/lib.h"

#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* That a call of this kind finds, and keeps back: what holds a lock should come
 * to its end. */
#define OUT_BYTES (1u << 20)

static atomic_bool locks_lost;
static locale_t plain; /* in which JSON is read and written; 0: none */

/* What holds for the thread while it is in a call. */
struct inside {
	struct embed embed; /* its first member */
	const struct dario *d;
	locale_t locale; /* the host's */
	void *spare;     /* for what is small and must be had; or NULL */
	jmp_buf out;
};

/* For lack of memory, deep in a call: once there is some to be had. */
static void leave(void)
{
	struct inside *i = (struct inside *)(uintptr_t)embed_now();

	if (!i->spare)
		longjmp(i->out, 1);
	free(i->spare);
	i->spare = NULL;
}

/* The host's function runs in the host's locale. */
static void hand_over(void *arg, const char *line)
{
	struct inside *i = (struct inside *)(uintptr_t)embed_now();

	(void)arg;
	if (plain)
		uselocale(i->locale);
	i->d->log(i->d->log_arg, line);
	if (plain)
		uselocale(plain);
}

/* The host's thread may be in a call already: of its log. */
static int run(const struct dario *d, lib_fn *fn, void *arg, size_t spare,
	       struct err *e)
{
	const struct embed **const now = embed_here(), *const before = *now;
	struct inside in;
	int rc;

	in.embed = d->embed;
	in.embed.no_memory = leave;
	in.embed.log = d->log ? hand_over : NULL;
	in.d = d;
	in.spare = spare ? malloc(spare) : NULL;
	if (spare && !in.spare)
		return err_memory(e);
	in.locale = plain ? uselocale(plain) : (locale_t)0;
	*now = &in.embed;
	if (setjmp(in.out) == 0) {
		rc = fn(arg, e);
	} else {
		if (spare)
			atomic_store(&locks_lost, true);
		wait_use(NULL);
		rc = err_memory(e);
	}
	*now = before;
	if (plain)
		uselocale(in.locale);
	free(in.spare);
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
	rc = run(d, fn, arg, 0, &err);
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

	if (atomic_load(&locks_lost)) {
		rc = err_memory(&err);
	} else {
		hold_pipes(&pipes);
		rc = run(d, fn, arg, OUT_BYTES, &err);
		let_pipes(&pipes);
	}
	if (rc < 0)
		lib_error(e, &err);
	return rc;
}

static void __attribute__((constructor)) load(void)
{
	plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* dlclose */
static void __attribute__((destructor)) unload(void)
{
	if (!lib_is_over()) /* the host ends, and a thread may be in a call */
		return;
	json_unload();
	if (plain)
		freelocale(plain);
}
