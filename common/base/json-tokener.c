/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json-tokener.h"

#include "base/json.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT_TEXT 4096 /* bytes of strings that it holds on to */

/* One for each thread: to make one takes as long as to read a page. */
static pthread_key_t kept;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;
static bool have_kept;

/* All of them, for json_unload: their threads may live on. */
struct own {
	struct own *next;
	struct json_tokener *t;
};
static pthread_mutex_t owns_lock = PTHREAD_MUTEX_INITIALIZER;
static struct own *owns;

static void own_free(void *arg)
{
	struct own *own = arg;
	struct own **p = &owns;

	pthread_mutex_lock(&owns_lock);
	while (*p && *p != own)
		p = &(*p)->next;
	if (*p)
		*p = own->next;
	pthread_mutex_unlock(&owns_lock);
	json_tokener_free(own->t);
	free(own);
}

static void make_key(void)
{
	while (pthread_key_create(&kept, own_free))
		memory_none();
	have_kept = true;
}

void json_unload(void)
{
	if (!have_kept)
		return;
	pthread_key_delete(kept);
	while (owns)
		own_free(owns);
	have_kept = false;
}

static struct own *own_new(void)
{
	struct own *own = calloc(1, sizeof(*own));

	if (own)
		own->t = json_tokener_new_ex(JSON_DEPTH);
	if (!own || !own->t || pthread_setspecific(kept, own)) {
		if (own && own->t)
			json_tokener_free(own->t);
		free(own);
		return NULL;
	}
	pthread_mutex_lock(&owns_lock);
	own->next = owns;
	owns = own;
	pthread_mutex_unlock(&owns_lock);
	return own;
}

struct json_tokener *json_own_tokener(int flags)
{
	struct json_tokener *t = NULL;
	struct own *own;

	pthread_once(&kept_once, make_key);
	own = pthread_getspecific(kept);
	if (!own)
		own = own_new();
	if (own)
		t = own->t;
	if (t)
		json_tokener_set_flags(t, flags | JSON_TOKENER_STRICT |
						  JSON_TOKENER_VALIDATE_UTF8);
	return t;
}

/* After a failure some of its state outlives a reset: half of a pair of escapes
 * would join the next text. */
void json_own_done(struct json_tokener *t)
{
	struct printbuf *pb = t ? t->pb : NULL;
	char *p;

	if (!t)
		return;
	if (json_tokener_get_error(t) != json_tokener_success) {
		own_free(pthread_getspecific(kept));
		pthread_setspecific(kept, NULL);
		return;
	}
	json_tokener_reset(t);
	if (pb->size == KEPT_TEXT)
		return;
	p = realloc(pb->buf, KEPT_TEXT);
	if (p) {
		pb->buf = p;
		pb->size = KEPT_TEXT;
		pb->bpos = 0;
	}
}
