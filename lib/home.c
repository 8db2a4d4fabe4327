/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "lib/lib.h"
#include "state/config/snapshot.h"
#include "state/pool/standing.h"
#include "state/pool/sticky.h"
#include "state/usage/price.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a file of dario's is: an installation has it beside the library,
 * wherever that was put, and so has a build tree. NULL: not there. */
static char *beside(const char *const *places, const char *name)
{
	char path[2 * PATH_MAX], folder[PATH_MAX + 64];
	Dl_info self;
	const char *end;

	if (!dladdr((const void *)dario_version, &self) || !self.dli_fname)
		return NULL;
	end = strrchr(self.dli_fname, '/');
	for (; end && *places; places++) {
		snprintf(folder, sizeof(folder), "%.*s/%s",
			 (int)(end - self.dli_fname), self.dli_fname, *places);
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (access(path, R_OK) == 0)
			return xstrdup(folder);
	}
	return NULL;
}

static const char *const data_places[] = {
	"../share/dario",
	"../../share/dario",
	"..",
	NULL,
};
static const char *const libexec_places[] = {
	"../libexec/dario",
	"../../libexec/dario",
	"..",
	NULL,
};

static char *program_beside(void)
{
	static const char *const places[] = { "../bin", "../../bin", "..",
					      NULL };
	char path[PATH_MAX + 80], *folder = beside(places, "dario");

	if (!folder)
		return NULL;
	snprintf(path, sizeof(path), "%s/dario", folder);
	free(folder);
	return xstrdup(path);
}

/* --- homes --------------------------------------------------------------- */

/* What the state knows of a home is kept for all that have it open, and goes
 * with the last of them. */
static pthread_mutex_t homes_lock = PTHREAD_MUTEX_INITIALIZER;
static struct dario *homes;
static atomic_uint open_now, opened;

bool lib_is_over(void)
{
	return atomic_load(&opened) && !atomic_load(&open_now);
}

static void enter(struct dario *d)
{
	pthread_mutex_lock(&homes_lock);
	d->next = homes;
	homes = d;
	pthread_mutex_unlock(&homes_lock);
}

static int forget(void *arg, struct err *e)
{
	const struct dario *d = arg;

	(void)e;
	sticky_forget();
	standing_forget(d->home);
	shared_forget(d->home);
	return 0;
}

/* Nothing of it points into the state any more. */
static void leave(struct dario *d)
{
	bool entered = false, other = false;
	struct dario **p = &homes;

	pthread_mutex_lock(&homes_lock);
	while (*p) {
		if (*p == d) {
			*p = d->next;
			entered = true;
			continue;
		}
		other |= strcmp((*p)->home, d->home) == 0;
		p = &(*p)->next;
	}
	/* Whoever opens it now waits until it is done. */
	if (entered && !other)
		lib_call_out(d, forget, d, NULL);
	pthread_mutex_unlock(&homes_lock);
}

/* --- opening ------------------------------------------------------------- */

struct opening {
	const struct dario_options *o;
	struct dario *d;
};

static int open_all(void *arg, struct err *e)
{
	struct opening *x = arg;
	struct dario *d = x->d;
	const struct dario_options *o = x->o;
	struct stat st;

	d->data = o->data ? xstrdup(o->data)
			  : beside(data_places, "share/models.json");
	d->libexec = o->libexec ? xstrdup(o->libexec)
				: beside(libexec_places, "dario.fcgi");
	d->program = o->program ? xstrdup(o->program) : program_beside();
	d->embed.data = d->data;
	d->embed.libexec = d->libexec;
	if (o->folder)
		d->home = xstrdup(o->folder);
	else if (o->flags & DARIO_ENVIRONMENT)
		d->home = store_home(e);
	else
		return 0;
	if (!d->home)
		return -1;
	if (*d->home != '/')
		return err_set(e, ERR_USAGE,
			       "the folder %.200s must be an absolute path",
			       d->home);
	if (stat(d->home, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG, "%.200s is not a folder",
			       d->home);
	d->config = snapshot_open(xstrdup(d->home));
	return 0;
}

struct dario *dario_open(const struct dario_options *given,
			 struct dario_error *e)
{
	struct dario_options o = { 0 };
	struct opening x = { .o = &o };
	struct err err = { 0 };

	if (given && (given->size < sizeof(size_t) || given->size > 4096)) {
		lib_misuse(e, "size must be sizeof(struct dario_options)");
		return NULL;
	}
	/* A host that was built with an older header has a shorter one. */
	if (given)
		memcpy(&o, given,
		       given->size < sizeof(o) ? given->size : sizeof(o));
	if (o.flags & ~DARIO_ENVIRONMENT) {
		lib_misuse(e, "flags has bits that are not known");
		return NULL;
	}
	x.d = calloc(1, sizeof(*x.d));
	if (!x.d) {
		err_memory(&err);
		lib_error(e, &err);
		return NULL;
	}
	atomic_init(&x.d->users, 1);
	atomic_fetch_add(&open_now, 1);
	atomic_store(&opened, 1);
	pthread_mutex_init(&x.d->lock, NULL);
	x.d->embed.environment = o.flags & DARIO_ENVIRONMENT;
	x.d->log = o.log;
	x.d->log_arg = o.log_arg;
	if (lib_call_out(x.d, open_all, &x, e)) {
		dario_close(x.d);
		return NULL;
	}
	if (x.d->home)
		enter(x.d);
	return x.d;
}

void dario_close(struct dario *d)
{
	if (!d || atomic_fetch_sub(&d->users, 1) > 1)
		return;
	snapshot_close(d->config);
	if (d->home)
		leave(d);
	prices_free(d->prices);
	pthread_mutex_destroy(&d->lock);
	free(d->home);
	free(d->data);
	free(d->libexec);
	free(d->program);
	free(d);
	atomic_fetch_sub(&open_now, 1);
}
