/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"

#include <stdio.h>

#define BYTES_PER_TOKEN 4
#define TOKENS_PER_MEDIA 1600 /* a picture of ordinary size */
#define TOKENS_PER_MESSAGE 4  /* role and separators */

static int64_t count_parts(const struct part *p)
{
	int64_t n = 0;

	for (; p; p = p->next) {
		n += (int64_t)(p->text.n + p->name.n) / BYTES_PER_TOKEN;
		if (p->data.n || p->url.n)
			n += TOKENS_PER_MEDIA;
		n += count_parts(p->content);
	}
	return n;
}

static int64_t estimate(const struct chat *c)
{
	int64_t n = 0;

	for (const struct msg *m = c->msgs; m; m = m->next)
		n += TOKENS_PER_MESSAGE + count_parts(m->parts);
	for (const struct tool *t = c->tools; t; t = t->next) {
		n += (int64_t)(t->name.n + t->description.n) / BYTES_PER_TOKEN;
		if (t->schema)
			n += (int64_t)json_text(t->schema).n / BYTES_PER_TOKEN;
	}
	return n;
}

/* Clients ask before they send: an honest guess beats a 404. */
int serve_token_estimate(struct request *r, struct err *e)
{
	struct json_object *body = json_read(buf_get(&r->body), e);
	struct chat c;
	char text[48];
	int rc;

	if (!body)
		return -1;
	chat_init(&c, r->arena);
	rc = r->dialect->read(&c, body, e);
	if (rc == 0) {
		snprintf(text, sizeof(text), "{\"input_tokens\":%lld}",
			 (long long)estimate(&c));
		reply_field(r, "x-dario-estimated", SPAN("input_tokens"));
		reply_field(r, r->dialect->request_id_header, span_of(r->id));
		reply_json(r, 200, span_of(text));
	}
	chat_release(&c);
	json_object_put(body);
	return rc;
}
