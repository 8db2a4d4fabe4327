/* SPDX-License-Identifier: MIT */
/* serve-requests: the last requests, without what was in them. A person sees
 * those of their own keys. */
#include "config.h"

#include "fcgi/persons-view.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/show/recent-show.h"

#define ANSWER_MAX (1u << 20)

struct listing {
	struct jw w;
	const struct request *r;
};

/* Of the key itself, or of a device of the person whose key it is? */
static bool is_theirs(const char *key, const char *name)
{
	size_t n = strlen(name);

	return strncmp(key, name, n) == 0 && (!key[n] || key[n] == '/');
}

/* What is from before the key was made is of another person of that name. */
static bool is_earlier(const struct request *r, const struct recent *x)
{
	const struct key *k = keys_named(&r->config->keys, x->texts.key);

	return x->time < (k ? k : r->key)->created;
}

static void put_request(void *arg, const struct recent *x)
{
	struct listing *l = arg;
	struct recent shown = *x;

	if (l->r->key &&
	    (!is_theirs(x->texts.key, l->r->key->name) || is_earlier(l->r, x)))
		return;
	shown.texts.fallback = persons_view_fallback(l->r, x->texts.fallback);
	show_recent(&l->w, &shown, l->r->config, !l->r->key);
}

int serve_requests(struct request *r, struct err *e)
{
	struct listing l = { .r = r };
	struct buf out;
	int rc;

	buf_init(&out, ANSWER_MAX);
	l.w = jw_to(&out);
	jw_obj(&l.w);
	jw_key(&l.w, "requests");
	jw_arr(&l.w);
	recent_walk(snapshot_home(r->app->config), put_request, &l);
	jw_arr_end(&l.w);
	jw_obj_end(&l.w);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}
