/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/backend-show.h"

static void show_backend(struct jw *w, const struct backend *b)
{
	struct buf protocols;
	struct span rest;

	buf_init(&protocols, 80);
	backend_protocols(b, &protocols);
	rest = buf_get(&protocols);
	jw_obj(w);
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
		jw_str(w, span_of(b->models[i]));
	jw_arr_end(w);
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
