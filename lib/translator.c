/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "lib/translator.h"

#include <stdlib.h>
#include <string.h>

struct making {
	const struct dario_pair *pair;
	struct dario_translator *t;
};

static int take_dialect(const char *name, const char *whose,
			enum dialect_id *out, struct err *e)
{
	const struct dialect *d = dialect_find(span_of(name));

	if (!d)
		return err_set(
			e, ERR_USAGE,
			"the dialect of the %s must be anthropic, openai "
			"or responses, not \"%.40s\"",
			whose, name ? name : "");
	*out = (enum dialect_id)(d - dialects);
	return 0;
}

/* As if it stood in backends/NAME.json. */
static int describe(struct dario_translator *t, const struct dario_pair *p,
		    struct json_object *file, struct err *e)
{
	if (p->base_url)
		json_set_str(file, "baseUrl", p->base_url);
	json_set_str(file, "protocol", dialects[t->provider].name);
	if (backend_parse(&t->backend, "provider", file, e))
		return err_add(e, "switches");
	if (p->base_url)
		providers_fill(t->providers, &t->backend);
	return 0;
}

static int make(void *arg, struct err *e)
{
	struct making *m = arg;
	const struct dario_pair *p = m->pair;
	struct dario_translator *t = m->t;
	struct json_object *file;
	int rc;

	if (take_dialect(p->client, "client", &t->client, e) ||
	    take_dialect(p->provider, "provider", &t->provider, e) ||
	    !(t->models = models_load(e)) ||
	    !(t->providers = providers_load(e)))
		return -1;
	file = json_read(span_of(p->switches ? p->switches : "{}"), e);
	if (!file)
		return err_add(e, "switches");
	rc = json_object_is_type(file, json_type_object)
		   ? describe(t, p, file, e)
		   : err_set(e, ERR_CONFIG, "switches: must be a JSON object");
	json_object_put(file);
	return rc;
}

struct dario_translator *dario_translator_new(struct dario *d,
					      const struct dario_pair *given,
					      struct dario_error *e)
{
	struct dario_pair pair = { 0 };
	struct making m = { .pair = &pair };
	struct err err = { 0 };

	if (!d) {
		lib_misuse(e, "a struct dario is needed");
		return NULL;
	}
	if (!given || given->size < sizeof(pair) || given->size > 4096) {
		lib_misuse(e, "size must be sizeof(struct dario_pair)");
		return NULL;
	}
	memcpy(&pair, given, sizeof(pair));
	m.t = calloc(1, sizeof(*m.t));
	if (!m.t) {
		err_memory(&err);
		lib_error(e, &err);
		return NULL;
	}
	m.t->of = lib_use(d);
	atomic_init(&m.t->users, 1);
	atomic_init(&m.t->spare, NULL);
	if (lib_call_out(d, make, &m, e)) {
		dario_translator_free(m.t);
		return NULL;
	}
	return m.t;
}

void dario_translator_free(struct dario_translator *t)
{
	if (!t || atomic_fetch_sub(&t->users, 1) > 1)
		return;
	exchange_release(atomic_load(&t->spare));
	backend_release(&t->backend);
	models_free(t->models);
	providers_free(t->providers);
	dario_close(t->of);
	free(t);
}
