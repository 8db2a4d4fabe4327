/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/show/backend-show.h"

#include "state/pool/breaker.h"
#include "state/pool/queue.h"

static void put_backend(struct jw *w, const struct backend *b)
{
	struct buf protocols;
	struct span rest;

	buf_init(&protocols, 80);
	backend_protocols(b, &protocols);
	rest = buf_get(&protocols);
	jw_kcstr(w, "name", b->name);
	jw_key(w, "protocols");
	jw_arr(w);
	while (rest.n)
		jw_str(w, span_cut(&rest, ','));
	jw_arr_end(w);
	buf_release(&protocols);
	jw_kcstr(w, "baseUrl", b->base_url);
	jw_key(w, "models");
	jw_arr(w);
	for (size_t i = 0; i < b->n_models; i++)
		jw_str(w, span_of(b->models[i].text));
	jw_arr_end(w);
}

static void show_backend(struct jw *w, const struct backend *b)
{
	jw_obj(w);
	put_backend(w, b);
	jw_kbool(w, "hasKey", backend_has_key(b));
	if (b->key_env)
		jw_kcstr(w, "keyEnv", b->key_env);
	if (b->key_command)
		jw_kcstr(w, "keyProgram", key_command_program(b->key_command));
	jw_obj_end(w);
}

void show_backends(struct jw *w, const struct snapshot *c)
{
	jw_arr(w);
	for (size_t i = 0; i < c->n_backends; i++)
		show_backend(w, &c->backends[i]);
	jw_arr_end(w);
}

/* When an open breaker lets a request through again. */
static void put_breaker(struct jw *w, const char *home, const struct backend *b)
{
	int64_t until = breaker_until(home, b->name);

	jw_key(w, "breakerUntil");
	if (until)
		jw_int(w, until);
	else
		jw_null(w);
}

void show_backend_state(struct jw *w, const char *home, const struct backend *b)
{
	jw_obj(w);
	put_backend(w, b);
	jw_kcstr(w, "protocol", dialects[b->protocol].name);
	jw_kint(w, "keys", (int64_t)b->keys.n);
	jw_kcstr(w, "problem", b->key_problem);
	put_breaker(w, home, b);
	jw_kint(w, "queued",
		backend_is_pool(b) ? (int64_t)queue_length(home, &b->keys) : 0);
	jw_obj_end(w);
}
