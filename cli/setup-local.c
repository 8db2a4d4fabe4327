/* SPDX-License-Identifier: MIT */
/* Servers of models on this machine, on the ports that they usually have. */
#include "config.h"

#include "cli/setup.h"

#include "net/fetch.h"
#include "net/model-list.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS 1500 /* it may be busy with a model */
#define LIST_MAX (1u << 20)

static bool ends_in(const char *text, const char *tail)
{
	size_t n = strlen(text), k = strlen(tail);

	return n >= k && strcmp(text + n - k, tail) == 0;
}

/* The router itself may stand on such a port. */
static bool is_own_port(const struct setup *s, const char *url)
{
	char port[16];
	const char *colon = strrchr(url, ':');
	size_t n = (size_t)snprintf(port, sizeof(port), ":%ld",
				    s->config->settings.port);

	return colon && strncmp(colon, port, n) == 0 &&
	       (!colon[n] || colon[n] == '/');
}

static void judge(struct setup *s, const char *id, const char *url,
		  const struct fetch *f)
{
	struct setup_offer o = { .provider = id, .source = url };
	struct buf list;
	int models;

	if (f->status == 401 || f->status == 403) {
		setup_other(s, SETUP_LEFT, id, url,
			    arena_fmt(&s->arena,
				      "it wants a key: dario backend add %s "
				      "--key-file=FILE",
				      id));
		return;
	}
	buf_init(&list, LIST_MAX);
	models = f->status == 200 ? model_list_read(buf_get(&f->body), &list)
				  : -1;
	buf_release(&list);
	if (models >= 0)
		setup_offer(s, &o);
}

static void ask(struct setup *s, struct http *h, struct json_object *row)
{
	const char *url = json_cstr(row, "url");
	char path[512];
	struct fetch f = { .url = path,
			   .credential = "",
			   .timeout_ms = ASK_MS };
	struct err unused = { 0 };

	if (!url || is_own_port(s, url))
		return;
	snprintf(path, sizeof(path), "%s%s/models", url,
		 ends_in(url, "/v1") ? "" : "/v1");
	buf_init(&f.body, LIST_MAX);
	if (fetch_run(h, &f, &unused) == 0)
		judge(s, json_cstr(row, "id"), url, &f);
	buf_release(&f.body);
}

void setup_find_local(struct setup *s)
{
	struct http *h = http_new(NULL, 4);

	for (size_t i = 0; h && i < json_length(s->rows); i++)
		if (json_flag(json_at(s->rows, i), "local", false))
			ask(s, h, json_at(s->rows, i));
	http_free(h);
}
