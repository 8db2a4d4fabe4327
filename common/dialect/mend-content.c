/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend-chat.h"

#define BREAK "\\n\\n" /* between texts, as JSON has it */

static bool is_media(struct span type)
{
	return jwalk_is(type, "image_url") || jwalk_is(type, "file") ||
	       jwalk_is(type, "input_audio") || jwalk_is(type, "video_url");
}

/* What becomes of a part. */
enum part_fate {
	PART_STAYS,
	PART_NAMED,   /* an image, as text */
	PART_GOES,    /* thinking, where it is no part */
	PART_WITHOUT, /* some of its members */
};

static enum part_fate fate_of(const struct mend *m, struct span part,
			      bool spoken)
{
	const struct quirks *q = &m->target->quirks;
	struct span type = jwalk_get(part, "type");
	struct jwalk w = jwalk_in(part);

	if (jwalk_is(type, "thinking") && !q->thinking_parts)
		return PART_GOES;
	if (is_media(type) && (q->no_images || spoken))
		return PART_NAMED;
	while (jwalk_next(&w))
		if (w.object && !mend_takes_part_member(m, w.key))
			return PART_WITHOUT;
	return PART_STAYS;
}

/* Some routers take the parts of other APIs, too. */
static bool is_others(const struct mend *m, struct span part)
{
	return m->target->quirks.paired && mend_is_others_part(part);
}

bool mend_content_changes(const struct mend *m, const struct piece *p)
{
	struct jwalk w = jwalk_in(p->value);

	if (p->next || p->system || p->said || p->take)
		return true;
	if (!jwalk_is_array(p->value))
		return false;
	while (jwalk_next(&w))
		if (is_others(m, w.value) ||
		    fate_of(m, w.value, p->spoken) != PART_STAYS)
			return true;
	return false;
}

static bool shows(const struct mend *m, struct span part)
{
	return is_media(jwalk_get(part, "type")) ||
	       (is_others(m, part) && mend_is_others_media(part) &&
		!m->target->quirks.no_images);
}

bool mend_content_shows(const struct mend *m, struct span value)
{
	struct jwalk w = jwalk_in(value);

	while (jwalk_is_array(value) && jwalk_next(&w))
		if (shows(m, w.value) &&
		    fate_of(m, w.value, false) != PART_NAMED)
			return true;
	return false;
}

bool mend_content_speaks(const struct mend *m, struct span value)
{
	struct jwalk w = jwalk_in(value);

	if (jwalk_is_string(value))
		return !jwalk_is(value, "");
	if (jwalk_is_object(value)) /* a part without its list */
		return !jwalk_is(jwalk_get(value, "text"), "");
	while (jwalk_is_array(value) && jwalk_next(&w))
		if (fate_of(m, w.value, false) != PART_GOES &&
		    !jwalk_is(jwalk_get(w.value, "text"), ""))
			return true;
	return false;
}

static struct span inside(struct span string)
{
	return jwalk_is_string(string)
		     ? (struct span){ string.p + 1, string.n - 2 }
		     : SPAN("");
}

static struct span name_of_media(struct mend *m, struct span part)
{
	struct span image = jwalk_get(part, "image_url");
	struct span file = jwalk_get(part, "file");
	struct span url = jwalk_is_object(image) ? jwalk_get(image, "url")
						 : image;
	struct span name = jwalk_get(file, "filename");

	if (!image.n && !name.n)
		name = jwalk_get(file, "file_data");
	return jwalk_text(m->arena, image.n ? url : name);
}

static void put_text_part(struct buf *b, struct span raw)
{
	buf_str(b, "{\"type\":\"text\",\"text\":\"");
	buf_span(b, raw);
	buf_str(b, "\"}");
}

static const char *kind_of(struct span type)
{
	return jwalk_is(type, "image_url")   ? "image"
	     : jwalk_is(type, "file")        ? "document"
	     : jwalk_is(type, "input_audio") ? "audio"
					     : "video";
}

static void put_named(struct mend *m, struct buf *b, struct span part)
{
	const char *kind = kind_of(jwalk_get(part, "type"));

	put_text_part(b,
		      inside(mend_media_text(m, kind, name_of_media(m, part))));
}

static void put_without(struct mend *m, struct buf *b, struct span part)
{
	struct jwalk w = jwalk_in(part);
	bool any = false;

	buf_byte(b, '{');
	while (jwalk_next(&w)) {
		if (!mend_takes_part_member(m, w.key))
			continue;
		if (any)
			buf_byte(b, ',');
		buf_span(b, w.item);
		any = true;
	}
	buf_byte(b, '}');
	mend_note(m, "fields of content");
}

/* A part that stays in some form. */
static void put_part(struct mend *m, struct buf *b, struct span part,
		     enum part_fate fate)
{
	if (fate == PART_NAMED)
		put_named(m, b, part);
	else if (fate == PART_WITHOUT)
		put_without(m, b, part);
	else
		buf_span(b, part);
}

static void put_comma(struct buf *b)
{
	if (b->n > 1)
		buf_byte(b, ',');
}

static bool takes(const struct mend *m, const struct piece *p, struct span part)
{
	bool shown = shows(m, part);

	return p->take == PIECE_ALL || shown == (p->take == PIECE_MEDIA);
}

/* The parts of a list, or a string as a part. */
static void put_parts(struct mend *m, struct buf *b, const struct piece *p)
{
	struct span value = p->value;
	struct jwalk w = jwalk_in(value);

	if (jwalk_is_string(value) && inside(value).n) {
		put_comma(b);
		put_text_part(b, inside(value));
	}
	if (jwalk_is_object(value)) {
		put_comma(b);
		buf_span(b, value);
	}
	while (jwalk_is_array(value) && jwalk_next(&w)) {
		struct span part = w.value;
		enum part_fate fate;

		if (!takes(m, p, part))
			continue;
		if (is_others(m, part))
			part = mend_own_part(m, part);
		fate = fate_of(m, part, p->spoken);
		if (fate == PART_GOES) {
			mend_note(m, "thinking");
			mend_dropped(m, "thinking");
			continue;
		}
		put_comma(b);
		put_part(m, b, part, fate);
	}
}

/* What a part says, or the name of what it shows, as it stands in JSON. */
static struct span word_of(struct mend *m, const struct piece *p,
			   struct span part)
{
	const char *kind;

	if (jwalk_is_string(part)) /* without its object */
		return inside(part);
	if (is_others(m, part))
		part = mend_own_part(m, part);
	if (fate_of(m, part, p->spoken) != PART_NAMED)
		return inside(jwalk_get(part, "text"));
	kind = kind_of(jwalk_get(part, "type"));
	return inside(mend_media_text(m, kind, name_of_media(m, part)));
}

/* All text of a piece, as it stands in JSON. */
static void put_words(struct mend *m, struct buf *b, const struct piece *p)
{
	struct span value = p->value;
	struct jwalk w = jwalk_in(value);
	size_t before = b->n;

	buf_span(b,
		 jwalk_is_object(value) ? word_of(m, p, value) : inside(value));
	while (jwalk_is_array(value) && jwalk_next(&w)) {
		struct span text = word_of(m, p, w.value);

		if (text.n && b->n > before)
			buf_str(b, BREAK);
		buf_span(b, text);
	}
}

/* Text of a piece that is text alone. */
static void put_piece(struct mend *m, struct buf *b, const struct piece *p)
{
	if (p->said) {
		buf_str(b, p->said);
		return;
	}
	if (p->system)
		buf_str(b, "<system>");
	put_words(m, b, p);
	if (p->system)
		buf_str(b, "</system>");
}

static bool is_text(const struct piece *p)
{
	return p->said || p->system ||
	       (!jwalk_is_array(p->value) && !jwalk_is_object(p->value));
}

static struct span joined_text(struct mend *m, const struct piece *p)
{
	struct span out;
	struct buf b;

	buf_init(&b, REQUEST_TEXT_MAX);
	buf_byte(&b, '"');
	for (; p; p = p->next) {
		size_t before = b.n, broken;

		if (before > 1)
			buf_str(&b, BREAK);
		broken = b.n;
		put_piece(m, &b, p);
		if (b.n == broken) /* nothing was said */
			b.n = before;
	}
	buf_byte(&b, '"');
	out = arena_all(m->arena, &b);
	m->arena->full |= b.full;
	buf_release(&b);
	return out;
}

static void put_text_piece(struct mend *m, struct buf *b, const struct piece *p)
{
	put_comma(b);
	buf_str(b, "{\"type\":\"text\",\"text\":\"");
	put_piece(m, b, p);
	buf_str(b, "\"}");
}

struct span mend_content(struct mend *m, const struct piece *first)
{
	bool text = true;
	struct span out;
	struct buf b;

	for (const struct piece *p = first; p; p = p->next)
		text = text && is_text(p);
	if (text)
		return joined_text(m, first);
	buf_init(&b, REQUEST_TEXT_MAX);
	buf_byte(&b, '[');
	for (const struct piece *p = first; p; p = p->next) {
		if (p->said || p->system)
			put_text_piece(m, &b, p);
		else
			put_parts(m, &b, p);
	}
	buf_byte(&b, ']');
	out = b.n > 2 ? arena_all(m->arena, &b) : SPAN("\"\"");
	m->arena->full |= b.full;
	buf_release(&b);
	return out;
}
