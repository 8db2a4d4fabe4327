/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/migrate.h"

#include "state/config/account-edit.h"
#include "state/pool/standing.h"
#include "state/pool/sticky.h"
#include "state/shared/objects.h"
#include "state/shared/shared-choose.h"
#include "state/shared/shared-ops.h"

#ifdef HAVE_HIREDIS
#include "state/shared/shared-redis.h"

#include <stdio.h>
#include <string.h>

#define TEXTS 256 /* of conversations, and of objects */

/* The kinds of texts, and how two of them become one. */
struct moving {
	const char *home;
	const struct shared_ops *from, *to;
	shared_change_fn *merge;
	size_t *changed;
};

struct change {
	const struct moving *m;
	struct span other;
	bool any;
};

static bool change(void *arg, struct span was, struct buf *now)
{
	struct change *c = arg;

	c->any = c->m->merge(&c->other, was, now) &&
		 !span_eq(buf_get(now), was);
	return c->any;
}

static int move_text(const struct moving *m, const char *name, struct err *e)
{
	struct change c = { .m = m };
	struct buf text;
	int rc;

	buf_init(&text, SHARED_TEXT_MAX);
	rc = m->from->read(m->from->entry(m->home, name), &text, e);
	c.other = buf_get(&text);
	if (rc == 0 && text.n)
		rc = m->to->update(m->to->entry(m->home, name), change, &c, e);
	buf_release(&text);
	*m->changed += rc == 0 && c.any;
	return rc < 0 ? -1 : 0;
}

static int move_folder(struct moving *m, const char *folder,
		       shared_change_fn *merge, size_t *changed, struct err *e)
{
	char name[40];
	int rc = 0;

	m->merge = merge;
	m->changed = changed;
	for (size_t i = 0; i < TEXTS && rc == 0; i++) {
		snprintf(name, sizeof(name), "%s/%02zx", folder, i);
		rc = move_text(m, name, e);
	}
	return rc;
}

static int move_limits(struct moving *m, const struct snapshot *cfg,
		       struct migrated *out, struct err *e)
{
	const struct accounts *p;
	char name[SHARED_NAME_MAX];

	m->merge = limits_merge;
	m->changed = &out->limits;
	for (size_t i = 0; (p = accounts_pool(cfg, i)); i++)
		for (size_t k = 0; k < p->n; k++) {
			snprintf(name, sizeof(name), "limits-%.140s",
				 account_name(&p->list[k]));
			if (move_text(m, name, e))
				return -1;
		}
	return 0;
}

static int move_texts(const char *home, bool to_store, struct migrated *out,
		      struct err *e)
{
	struct moving m = {
		.home = home,
		.from = to_store ? &shared_files : &shared_redis,
		.to = to_store ? &shared_redis : &shared_files,
	};
	struct snapshot *cfg = snapshot_load(home, e);
	int rc = cfg ? move_limits(&m, cfg, out, e) : -1;

	snapshot_free(cfg);
	if (rc == 0)
		rc = move_folder(&m, STICKY_FOLDER, sticky_merge,
				 &out->conversations, e);
	return rc ? rc
		  : move_folder(&m, OBJECTS_FOLDER, objects_merge,
				&out->objects, e);
}

/* Texts are kept by the process while the store is away, and go with it. */
static int check_there(struct err *e)
{
	struct shared_state s;

	shared_look(&s);
	if (!s.remote)
		return err_set(e, ERR_CONFIG,
			       "no store is set: set its address (store, "
			       "DARIO_STORE) for this command");
	if (!s.away)
		return 0;
	return err_set(e, ERR_INTERNAL,
		       "the store went away meanwhile (%s): run it again, "
		       "nothing is counted twice",
		       s.why);
}

int migrate(const char *home, bool to_store, struct migrated *out,
	    struct err *e)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (check_there(e) || shared_ask(e) || store_folder(home, "state", e))
		return -1;
	rc = move_texts(home, to_store, out, e);
	if (rc == 0)
		rc = to_store ? meter_move_out(home, &out->meters, e)
			      : meter_move_back(home, &out->meters, e);
	return rc ? -1 : check_there(e);
}

#else

int migrate(const char *home, bool to_store, struct migrated *out,
	    struct err *e)
{
	(void)home;
	(void)to_store;
	(void)out;
	return err_set(e, ERR_CONFIG,
		       "this dario was built without hiredis: there is no "
		       "store but files");
}

#endif
