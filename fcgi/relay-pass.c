/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/fields.h"
#include "base/jwalk.h"
#include "dialect/error.h"
#include "dialect/peek.h"
#include "fcgi/estimate.h"
#include "fcgi/hosted.h"
#include "fcgi/metered.h"
#include "fcgi/persons-view.h"
#include "fcgi/relay-stage.h"
#include "fcgi/stored.h"
#include "lib/answering.h"

#define ERROR_BODY_MAX 4096 /* of an upstream's error put into a stream */

/* A length that can be handed on: of the bytes as they are, and a number. */
static struct span digits(struct request *r, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return SPAN("");
	return span_of(arena_str(r->arena, s));
}

/* The next Connection field from *at on that names more than the connection's
 * own end; empty: there is none. */
static struct span next_named(const struct http_head *head, size_t *at)
{
	struct span name, value;

	while (http_next_field(head, at, &name, &value))
		if (span_ieq(name, "connection") &&
		    !span_ieq(value, "keep-alive") && !span_ieq(value, "close"))
			return value;
	return SPAN("");
}

/* Is it of this hop only? */
static bool is_of_hop(const struct http_head *head, struct span name)
{
	struct span list;
	size_t at = 0;

	while ((list = next_named(head, &at)).n)
		if (field_named(list, name))
			return true;
	return false;
}

static void fields(struct relay *y, const struct http_head *head)
{
	struct request *r = y->r;
	const char *id_name = r->dialect->request_id_header;
	struct span type = http_field(head, "content-type");
	struct span name, value, id = SPAN("");
	size_t at = 0, from = 0;
	bool more = next_named(head, &from).n;

	while (http_next_field(head, &at, &name, &value)) {
		if (field_ways(name) & FIELD_STAYS_DOWN ||
		    !field_is_token(name) || (more && is_of_hop(head, name)) ||
		    persons_view_hides(r, name))
			continue;
		if (span_ieq(name, id_name) || span_ieq(name, "x-request-id"))
			id = value;
		reply_field(r, arena_str(r->arena, name), value);
	}
	if (!http_field(head, id_name).n)
		reply_field(r, id_name, span_of(r->id));
	r->upstream_id = arena_str(r->arena, id);
	if (y->mode == STREAM) {
		y->has_fields = true;
		if (!http_field(head, "cache-control").n)
			reply_field(r, "Cache-Control", SPAN("no-cache"));
		reply_stream_fields(r);
		return;
	}
	if (type.n)
		reply_field(r, "Content-Type", type);
	if (!http_field(head, "content-encoding").n &&
	    !http_field(head, "transfer-encoding").n)
		y->length = digits(r, http_field(head, "content-length"));
}

/* --- the stream ---------------------------------------------------------- */

/* Some errors have the terminal event behind them: the first one counts. */
static void note_error(struct relay *y, struct span data)
{
	struct err unused, *said;
	struct jdoc d;
	struct buf mem;

	if (y->error)
		return;
	said = arena_take(y->r->arena, sizeof(*said));
	buf_init(&mem, data.n);
	jdoc_init(&d);
	data = relay_clean(y, data, &mem);
	error_read(jdoc_read(&d, data, &unused), 0, said);
	y->error = said;
	relay_keep_refusal(y, data);
	jdoc_release(&d);
	buf_release(&mem);
}

static void note_done(struct request *r, struct span item)
{
	stored_note_item(r, item);
	hosted_item(r, item);
}

/* It comes with one of the last events. */
static void note_container(struct relay *y, struct span name, struct span data)
{
	if (y->r->dialect == &dialects[DIALECT_ANTHROPIC] &&
	    span_is(name, "message_delta"))
		stored_note_message(y->r, jwalk_get(data, "delta"));
	if (y->r->dialect == &dialects[DIALECT_ANTHROPIC] &&
	    span_is(name, "content_block_start"))
		hosted_block(y->r, jwalk_get(data, "content_block"));
	if (y->r->dialect == &dialects[DIALECT_RESPONSES] &&
	    span_is(name, "response.output_item.done"))
		note_done(y->r, jwalk_get(data, "item"));
}

/* Most events are as the one before but for their text: what the tap has seen
 * in that one it would see again. */
static unsigned look(struct relay *y, struct span name, struct span data)
{
	enum delta_like like = estimate_event(y->r, data);
	unsigned seen;

	if (like == DELTA_ALIKE && y->has_plain && span_is(name, y->plain))
		return TAP_BEGUN;
	seen = y->r->dialect->tap(name, data);
	if (like == DELTA_OTHER)
		return seen;
	y->has_plain = seen == TAP_BEGUN && name.n < sizeof(y->plain);
	if (y->has_plain)
		span_text(y->plain, sizeof(y->plain), name);
	return seen;
}

static int pass_event(void *arg, struct span name, struct span data,
		      struct err *e)
{
	struct relay *y = arg;
	const struct dialect *d = y->r->dialect;
	unsigned seen = look(y, name, data);

	(void)e;
	if (seen & TAP_ERROR) {
		note_error(y, data);
		y->hold |= y->error->reword && !(y->seen & TAP_CONTENT);
		y->too_early |= y->hold && !(y->seen & TAP_CONTENT);
	} else if (y->hold && !(y->seen & TAP_CONTENT) &&
		   d->content(name, data)) {
		seen |= TAP_CONTENT;
	}
	if (d == &dialects[DIALECT_RESPONSES] && seen & TAP_BEGUN &&
	    !(y->seen & TAP_BEGUN))
		stored_note_response(y->r, jwalk_get(data, "response"));
	note_container(y, name, data);
	y->seen |= seen;
	if (seen & TAP_USAGE && usage_scan(d->usage, data, &y->r->usage)) {
		y->r->has_usage = true;
		hosted_note(y->r, data);
	}
	y->hidden = y->hide_usage && seen & TAP_APART;
	if (y->r->metered)
		metered_note(y->r);
	return 0;
}

/* The same for events that are written anew: out of a tool map, or with names
 * of tools in them. */
static int mapped_event(void *arg, struct span name, struct span data,
			struct err *e)
{
	struct relay *y = arg;

	if (pass_event(y, name, data, e))
		return -1;
	return y->hidden ? 0
			 : answering_pass(y->names, name, data, &y->held, e);
}

/* Is the answer written anew? */
static bool rewrites(const struct relay *y)
{
	return y->map || y->names;
}

/* What the map keeps for itself has come all the same. */
static int map_event(void *arg, struct span name, struct span data,
		     struct err *e)
{
	struct relay *y = arg;

	if (!y->content)
		y->content = y->r->dialect->content(name, data);
	return tool_map_event(y->map, name, data, e);
}

static void init(struct relay *y)
{
	y->has_plain = false;
	if (y->map) {
		tool_map_sink(y->map, mapped_event, y);
		sse_init(&y->sse, map_event, y);
	} else {
		sse_init(&y->sse, y->names ? mapped_event : pass_event, y);
	}
}

/* From here on the client sees all. */
static int commit(struct relay *y, struct err *e)
{
	int rc;

	y->hold = false;
	y->begun |= (y->seen & TAP_BEGUN) != 0;
	rc = relay_put(y, buf_get(&y->early), e);
	buf_reset(&y->early);
	return rc;
}

/* Whole events to the client, or kept back for a while. An error before any
 * content stays here: who is asked next is not decided yet. */
static int put_events(struct relay *y, struct span in, struct err *e)
{
	bool ripe = y->seen & (TAP_CONTENT | TAP_FINISH | TAP_END);

	if (!y->hold) {
		y->begun |= (y->seen & TAP_BEGUN) != 0;
		return relay_put_held(y, e) || relay_put(y, in, e) ? -1 : 0;
	}
	buf_span(&y->early, buf_get(&y->held));
	buf_reset(&y->held);
	buf_span(&y->early, in);
	if (y->early.full)
		return err_full(e, &y->early, ERR_UPSTREAM,
				"more than %zu bytes before any content",
				y->early.max);
	if (y->too_early)
		return 0;
	if (y->early.n > RELAY_EARLY_MAX)
		y->begun = true; /* whatever it was */
	return ripe || y->begun ? commit(y, e) : 0;
}

/* An error may repeat what it was sent. */
static bool may_tell(const struct relay *y)
{
	return (y->r->secrets.n || y->r->key) &&
	       y->seen & (TAP_ERROR | TAP_WORD);
}

static void hide_secrets(struct relay *y)
{
	if (may_tell(y))
		mask_buf(&y->r->secrets, &y->held);
	if (y->seen & TAP_ERROR)
		persons_view_text(y->r, &y->held);
}

static int feed(struct relay *y, struct span in, struct err *e)
{
	y->seen &= ~(unsigned)TAP_WORD; /* of earlier events */
	return sse_feed(&y->sse, in, e);
}

/* What the map has made of the events so far, also before a fault. */
static int mapped_bytes(struct relay *y, struct span in, struct err *e)
{
	struct err unused;
	int rc = feed(y, in, e);

	hide_secrets(y);
	if (put_events(y, SPAN(""), rc ? &unused : e))
		return -1;
	return rc;
}

static int too_large(const struct relay *y, struct err *e)
{
	return err_full(e, &y->held, ERR_UPSTREAM,
			"an event of its stream is larger than %zu bytes",
			y->held.max);
}

/* To the end of its first line. */
static struct span line_of(struct span in)
{
	size_t n = 0;

	while (n < in.n && in.p[n] != '\n' && in.p[n] != '\r')
		n++;
	in.n = n < in.n ? n + 1 : n;
	return in;
}

/* Line by line, so that an event can be left out. */
static int bytes_but_usage(struct relay *y, struct span in, struct err *e)
{
	while (in.n) {
		struct span line = line_of(in);

		y->hidden = false;
		if (feed(y, line, e))
			return -1;
		buf_span(&y->held, line);
		if (y->held.full)
			return too_large(y, e);
		if (y->hidden)
			buf_reset(&y->held);
		hide_secrets(y);
		if (y->sse.edge && put_events(y, SPAN(""), e))
			return -1;
		in = span_skip(in, line.n);
	}
	return 0;
}

/* The finished events of `in` go on, the beginning of the next one waits. */
static int bytes(struct relay *y, struct span in, struct err *e)
{
	struct span rest;

	if (rewrites(y))
		return mapped_bytes(y, in, e);
	if (y->hide_usage)
		return bytes_but_usage(y, in, e);
	if (feed(y, in, e))
		return -1;
	rest = span_skip(in, y->sse.edge);
	in.n = y->sse.edge;
	if (in.n && may_tell(y)) {
		buf_span(&y->held, in);
		hide_secrets(y);
		in.n = 0;
		if (put_events(y, in, e))
			return -1;
	} else if (in.n && put_events(y, in, e)) {
		return -1;
	}
	buf_span(&y->held, rest);
	return y->held.full ? too_large(y, e) : 0;
}

static long linger(const struct relay *y)
{
	if (y->too_early) /* somebody else may have to be asked */
		return y->seen & TAP_END ? 0 : RELAY_LINGER_MS;
	if (y->seen & TAP_END)
		return RELAY_LINGER_MS;
	return y->seen & TAP_ERROR ? RELAY_ERROR_LINGER_MS : -1;
}

static bool may_end(const struct relay *y)
{
	return answering_may_end((enum dialect_id)(y->r->dialect - dialects),
				 y->seen);
}

/* The last event, which may lack its end, but nothing else. What is torn
 * behind the final event is nobody's loss. */
static int end_events(struct relay *y, struct err *e)
{
	y->hidden = false;
	if (y->left) {
		if (!rewrites(y))
			buf_reset(&y->held);
	} else if (sse_end(&y->sse, e)) {
		if (!may_end(y))
			return -1;
		buf_reset(&y->held);
	}
	if (y->map && tool_map_end(y->map, e))
		return -1;
	if (y->hidden && !rewrites(y))
		buf_reset(&y->held);
	hide_secrets(y);
	return 0;
}

/* An error event follows. */
static void end_line(struct buf *event)
{
	buf_str(event, event->p[event->n - 1] == '\n' ? "\n" : "\n\n");
}

static int end(struct relay *y, struct err *e)
{
	if (end_events(y, e))
		return -1;
	if (y->hold && y->too_early) {
		buf_span(&y->early, buf_get(&y->held));
		buf_reset(&y->held);
		*e = *y->error;
		return -1;
	}
	if (!y->hold || may_end(y)) {
		if (y->held.n && !rewrites(y) && !may_end(y))
			end_line(&y->held);
		if (commit(y, e) || relay_put_held(y, e))
			return -1;
	}
	return may_end(y) ? 0 : answering_ended_early(e);
}

static void cut(struct relay *y)
{
	struct err unused;

	if (y->map && tool_map_end(y->map, &unused) == 0)
		relay_put_held(y, &unused);
}

/* --- whole answers ------------------------------------------------------- */

static int overflow(struct relay *y, struct err *e)
{
	if (rewrites(y) || y->held.starved)
		return err_full(e, &y->held, ERR_UPSTREAM,
				"the answer is larger than %zu bytes",
				y->held.max);
	if (y->length.n)
		reply_field(y->r, "Content-Length", y->length);
	return 0;
}

static int put_whole(struct relay *y, struct err *e)
{
	reply_length(y->r, y->held.n);
	if (!y->held.n)
		return reply_head(y->r, y->status) ? reply_gone(e) : 0;
	return relay_put(y, buf_get(&y->held), e);
}

static int names_whole(struct relay *y, struct err *e)
{
	struct buf now;
	int rc = 0;

	buf_init(&now, y->held.max);
	if (y->names && name_back(y->names, buf_get(&y->held), &now)) {
		rc = now.full ? overflow(y, e) : 0;
		buf_release(&y->held);
		y->held = now;
	} else {
		buf_release(&now);
	}
	return rc;
}

static int whole(struct relay *y, struct err *e)
{
	int rc;

	if ((y->map && relay_map_whole(y, e)) || names_whole(y, e))
		return -1;
	if (y->r->dialect == &dialects[DIALECT_RESPONSES])
		stored_note_response(y->r, buf_get(&y->held));
	if (y->r->dialect == &dialects[DIALECT_ANTHROPIC])
		stored_note_message(y->r, buf_get(&y->held));
	rc = put_whole(y, e);
	/* The client need not wait for the search in it. */
	y->r->answer = y->held;
	buf_init(&y->held, 0);
	return rc;
}

/* Is an error body also what an error event holds, and clients look for? */
static bool is_event(const struct dialect *d, struct span body)
{
	const struct jval *o;
	struct err unused;
	struct jdoc doc;
	bool is;

	jdoc_init(&doc);
	o = jdoc_read(&doc, body, &unused);
	is = d != &dialects[DIALECT_RESPONSES] && error_is(o) &&
	     (d != &dialects[DIALECT_ANTHROPIC] ||
	      span_is(jval_str(o, "type"), "error"));
	jdoc_release(&doc);
	return is;
}

/* The client's stream has begun: an error of the upstream's own is passed on
 * as the last event, where it can be one. */
static int refuse_late(struct relay *y)
{
	struct span body = span_trim(buf_get(&y->held));
	const struct dialect *d = y->r->dialect;
	struct buf event;
	struct err unused;
	int rc;

	if (body.n > ERROR_BODY_MAX || !is_event(d, body))
		return -1;
	buf_init(&event, ERROR_BODY_MAX * 8);
	dialect_event(&event, d->error_event_name, body);
	rc = relay_put(y, buf_get(&event), &unused);
	buf_release(&event);
	return rc;
}

/* What the upstream lacks is ours to answer, and no failure then. */
static int answer_instead(struct relay *y, struct err *e)
{
	if (y->r->instead(y->r, e))
		return -1;
	y->r->outcome.error.code = ERR_NONE;
	return 0;
}

/* Gemini puts its error into a list: clients look for an object. */
static void unwrap(struct buf *body)
{
	struct span all = span_trim(buf_get(body)), one = SPAN("");

	if (all.n > 2 && all.p[0] == '[' && all.p[all.n - 1] == ']')
		one = span_trim((struct span){ all.p + 1, all.n - 2 });
	if (!one.n || !peek_is_object(one))
		return;
	buf_splice(body, (size_t)(one.p - body->p) + one.n,
		   body->n - (size_t)(one.p - body->p) - one.n, SPAN(""));
	buf_splice(body, 0, (size_t)(one.p - body->p), SPAN(""));
}

/* It is told anew: what belongs to the upstream's own answer goes with it. */
static int reword(struct relay *y)
{
	struct request *r = y->r;

	if (!r->head_sent) {
		buf_reset(&r->head);
		if (r->upstream_id && *r->upstream_id)
			reply_field(r, "x-dario-upstream-id",
				    span_of(r->upstream_id));
	}
	return -1;
}

/* It came as an answer, and in words that no client knows (MiniMax). */
static bool is_hidden(const struct relay *y)
{
	return y->mode == WHOLE && y->status / 100 == 2 &&
	       y->r->dialect == &dialects[DIALECT_OPENAI] &&
	       !is_event(y->r->dialect, buf_get(&y->held));
}

static int refuse(struct relay *y, struct err *e)
{
	bool lacks = y->status == 404 || y->status == 405;

	if ((e->reword || is_hidden(y)) && !y->r->config->settings.passthrough)
		return reword(y);
	switch (y->mode) {
	case STREAM:
		return commit(y, e);
	case LATE:
		return refuse_late(y);
	case WHOLE:
		if (y->status >= 500 && e->status / 100 == 4)
			y->status =
				e->status; /* it is not the server's fault */
		if (!y->held.full && !(y->r->instead && lacks)) {
			unwrap(&y->held);
			return put_whole(y, e);
		}
		buf_reset(&y->r->head);
		if (y->held.full)
			return -1; /* too long to be passed on */
		return answer_instead(y, e);
	case WAITING:
	case PASSING:
		break;
	}
	return -1;
}

const struct relay_stage relay_pass = {
	.init = init,
	.fields = fields,
	.bytes = bytes,
	.end = end,
	.linger = linger,
	.overflow = overflow,
	.whole = whole,
	.cut = cut,
	.refuse = refuse,
};
