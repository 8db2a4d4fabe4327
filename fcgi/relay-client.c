/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/relay-client.h"

#include "base/json-source.h"
#include "dialect/error.h"
#include "dialect/retext.h"
#include "dialect/tap.h"

#include <ctype.h>
#include <string.h>

int relay_put(struct relay *y, struct span bytes, struct err *e)
{
	struct request *r = y->r;
	bool own = y->mode == WAITING || y->mode == LATE || y->chat;

	if (!bytes.n)
		return 0;
	if (!r->head_sent && reply_head(r, own ? 200 : y->status))
		return reply_gone(e);
	if (reply_write(r, bytes))
		return reply_gone(e);
	y->wrote = true;
	return 0;
}

int relay_put_held(struct relay *y, struct err *e)
{
	int rc = relay_put(y, buf_get(&y->held), e);

	buf_reset(&y->held);
	return rc;
}

int relay_flush(struct relay *y, struct err *e)
{
	if (!y->wrote)
		return 0;
	y->wrote = false;
	y->last_out = 0; /* the next look at the clock says when */
	return reply_flush(y->r) ? reply_gone(e) : 0;
}

void relay_stream_fields(struct relay *y)
{
	struct request *r = y->r;

	if (y->has_fields) /* the upstream's own, in one dialect */
		return;
	reply_field(r, r->dialect->request_id_header, span_of(r->id));
	reply_field(r, "Cache-Control", SPAN("no-cache"));
	reply_stream_fields(r);
}

int relay_map_whole(struct relay *y, struct err *e)
{
	struct err why = { 0 };
	struct json_object *o = json_read_located(buf_get(&y->held), &why);
	struct buf now;
	int rc = 0;

	if (!o && error_unread(&why, "the answer")) {
		*e = why;
		return -1;
	}
	if (o && tool_map_whole(y->map, o)) {
		buf_init(&now, y->held.max);
		retext(&now, y->r->arena, buf_get(&y->held), o);
		if (now.full || y->r->arena->full)
			rc = err_memory(e);
		buf_release(&y->held);
		y->held = now;
	}
	json_object_put(o);
	return rc;
}

struct span relay_clean(const struct relay *y, struct span data,
			struct buf *mem)
{
	const struct mask *m = &y->r->secrets;

	if (!m->n || !tap_word(data) || !mask_finds(m, data))
		return data;
	buf_span(mem, data);
	mask_buf(m, mem);
	return buf_get(mem);
}
