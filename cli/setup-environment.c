/* SPDX-License-Identifier: MIT */
/* Keys in variables, as share/providers.json knows them, and what is known of
 * Claude Code. */
#include "config.h"

#include "cli/setup.h"

#include "base/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first variable of a list that says something, or NULL. */
static const char *set_one(struct json_object *list, const char **value)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const char *name = json_span(json_at(list, i)).p;

		*value = name ? getenv(name) : NULL;
		if (*value && **value)
			return name;
	}
	*value = NULL;
	return NULL;
}

/* Programs are told to reach a router in this way. */
static bool is_router(const struct setup *s, const char *url)
{
	const char *host = strstr(url, "://");
	struct span name;
	long port;
	size_t n;

	if (!host)
		return false;
	host += 3;
	n = strcspn(host, "/?");
	return host_parse((struct span){ host, n }, &name, &port) &&
	       host_is_loopback(name) && port == s->config->settings.port;
}

static bool is_own_key(const struct setup *s, const char *key)
{
	const char *own = s->config->settings.api_key;

	return strcmp(key, "dario") == 0 || (*own && strcmp(key, own) == 0) ||
	       strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) == 0;
}

static void look_at(struct setup *s, struct json_object *row)
{
	const char *key, *url;
	const char *key_name = set_one(json_get(row, "keyEnv"), &key);
	const char *url_name = set_one(json_get(row, "urlEnv"), &url);
	struct setup_offer o = { .provider = json_cstr(row, "id"),
				 .env = key_name };

	if (!key_name)
		return;
	o.source = arena_fmt(&s->arena, "$%s", key_name);
	o.url = url;
	if (is_own_key(s, key) || (url && is_router(s, url)))
		setup_other(s, SETUP_LEFT, o.provider, o.source,
			    "it is for a router, as it seems");
	else
		setup_offer(s, &o);
	(void)url_name;
}

void setup_find_environment(struct setup *s)
{
	for (size_t i = 0; i < json_length(s->rows); i++)
		look_at(s, json_at(s->rows, i));
}

void setup_find_login(struct setup *s)
{
	const struct accounts *a = &s->config->accounts;

	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].borrowed)
			setup_other(s,
				    a->list[i].problem ? SETUP_LEFT
						       : SETUP_THERE,
				    "log-in of Claude Code", "Claude Code",
				    a->list[i].problem
					    ? a->list[i].problem
					    : "used as it is, and only read; "
					      "dario login makes one of "
					      "dario's own");
}
