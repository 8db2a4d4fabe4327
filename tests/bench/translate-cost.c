/* SPDX-License-Identifier: MIT */
/*
 * translate-cost: requests and streams translated as the worker does it, so
 * many times, for callgrind: what libdario may cost (tests/lib/cost.c).
 */
#include "config.h"

#include "dialect/peek.h"
#include "dialect/translation.h"
#include "state/models.h"
#include "state/providers.h"
#include "tests/lib/cost.h"

#include <stdlib.h>

struct known {
	struct models *models;
	struct providers *providers;
	struct backend backend;
};

static int once(const struct known *k, struct span body, struct span events)
{
	const struct dialect *client = &dialects[DIALECT_OPENAI];
	const struct dialect *to = &dialects[DIALECT_ANTHROPIC];
	struct upstream_model target = { .model = COST_MODEL };
	const char *dropped = NULL;
	struct seal_origin origin;
	struct translation t;
	struct arena arena;
	struct buf text;
	struct peek_seen seen;
	struct peek peek;
	struct chat chat;
	struct err e;
	struct sse sse;
	int rc;

	arena_init(&arena);
	chat_init(&chat, &arena);
	origin = seal_origin_for(&k->backend.origin, COST_MODEL);
	chat.origin = target.origin = &origin;
	buf_init(&text, 64u << 20);
	target.family = models_family(k->models, COST_MODEL);
	target.quirks = providers_quirks(k->providers, &k->backend,
					 DIALECT_ANTHROPIC, COST_MODEL);
	peek_init(&peek, &seen);
	rc = peek_feed(&peek, body, &e) || peek_end(&peek, &e) ||
	     translate_request(&chat, client, to, &target, body, &text,
			       &dropped, &e);
	translation_init(&t, &chat, DIALECT_ANTHROPIC, client, 64u << 20);
	sse_init(&sse, translation_event, &t);
	while (rc == 0 && events.n) {
		size_t n = events.n < COST_STEP ? events.n : COST_STEP;

		rc = sse_feed(&sse, (struct span){ events.p, n }, &e);
		events = span_skip(events, n);
		t.begun |= t.content;
		if (t.begun)
			buf_reset(&t.out);
	}
	rc = rc || sse_end(&sse, &e) || translation_end(&t, &e);
	sse_release(&sse);
	translation_release(&t);
	chat_release(&chat);
	buf_release(&text);
	arena_release(&arena);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e;
	struct known k = { models_load(&e), providers_load(&e), { 0 } };
	struct json_object *file =
		json_read(SPAN("{\"baseUrl\":\"https://example.com\"}"), &e);
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
	int rc = k.models && k.providers && file
		       ? backend_parse(&k.backend, "b", file, &e)
		       : 1;

	while (rc == 0 && n-- > 0)
		rc = once(&k, span_of(cost_request), span_of(cost_events));
	json_object_put(file);
	backend_release(&k.backend);
	models_free(k.models);
	providers_free(k.providers);
	return rc;
}
