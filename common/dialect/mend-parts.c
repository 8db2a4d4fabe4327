/* SPDX-License-Identifier: MIT */
/* Parts that are no Chat's: clients keep those of the API that they spoke
 * before, or write all of them in one. */
#include "config.h"

#include "dialect/mend-chat.h"

#include "dialect/peek.h"

static bool is_text(struct span type)
{
	return jwalk_is(type, "input_text") || jwalk_is(type, "output_text");
}

static bool is_block(struct span type, struct span part)
{
	return (jwalk_is(type, "image") || jwalk_is(type, "document")) &&
	       jwalk_is_object(jwalk_get(part, "source"));
}

bool mend_is_others_media(struct span part)
{
	struct span type = jwalk_get(part, "type");

	return jwalk_is(type, "input_image") || jwalk_is(type, "input_file") ||
	       is_block(type, part);
}

bool mend_is_others_part(struct span part)
{
	return is_text(jwalk_get(part, "type")) || mend_is_others_media(part);
}

static void put_text(struct jw *w, struct span text)
{
	jw_kcstr(w, "type", "text");
	jw_kstr(w, "text", text);
}

static void put_image(struct jw *w, struct span url, struct span detail)
{
	jw_kcstr(w, "type", "image_url");
	jw_key(w, "image_url");
	jw_obj(w);
	jw_kstr(w, "url", url);
	if (jwalk_is_string(detail)) {
		jw_key(w, "detail");
		jw_raw(w, detail);
	}
	jw_obj_end(w);
}

static void put_file(struct jw *w, struct span name, struct span data)
{
	jw_kcstr(w, "type", "file");
	jw_key(w, "file");
	jw_obj(w);
	jw_kstr(w, "filename", name.n ? name : SPAN("document.pdf"));
	jw_kstr(w, "file_data", data);
	jw_obj_end(w);
}

static struct span member(struct mend *m, struct span object, const char *key)
{
	return jwalk_text(m->arena, jwalk_get(object, key));
}

/* What has no place as it is: its name. */
static void put_name(struct mend *m, struct jw *w, bool image, struct span name)
{
	struct span text = mend_media_text(m, image ? "image" : "document",
					   name);

	put_text(w, jwalk_text(m->arena, text));
}

/* Responses' own: a URL is a text, and a file has its members beside. */
static void put_item(struct mend *m, struct jw *w, struct span part, bool image)
{
	struct span url = jwalk_get(part, "image_url");
	struct span data = member(m, part, "file_data"), name;

	if (image && jwalk_is_object(url))
		url = jwalk_get(url, "url");
	url = jwalk_text(m->arena, url);
	name = member(m, part, "filename");
	if (image && url.n)
		put_image(w, url, jwalk_get(part, "detail"));
	else if (!image && data.n)
		put_file(w, name, data);
	else
		put_name(m, w, image,
			 name.n ? name : member(m, part, "file_url"));
}

/* A block of Messages, by its source. */
static void put_block(struct mend *m, struct jw *w, struct span part,
		      bool image)
{
	struct span source = jwalk_get(part, "source");
	struct span kind = jwalk_get(source, "type");
	struct span data = member(m, source, "data");
	struct span url = member(m, source, "url");
	struct span title = member(m, part, "title");
	struct span mime = member(m, source, "media_type");

	if (jwalk_is(kind, "text") && data.n) {
		put_text(w, data);
		return;
	}
	if (data.n)
		url = span_of(arena_fmt(
			m->arena, "data:%.*s;base64,%.*s",
			SPAN_FMT(chat_media_type(m->arena, mime, data)),
			SPAN_FMT(data)));
	if (image && url.n)
		put_image(w, url, SPAN(""));
	else if (data.n)
		put_file(w, title, url);
	else
		put_name(m, w, image, title.n ? title : url);
}

struct span mend_own_part(struct mend *m, struct span part)
{
	struct span type = jwalk_get(part, "type"), out;
	bool image = jwalk_is(type, "input_image") || jwalk_is(type, "image");
	struct buf b;
	struct jw w = jw_to(&b);

	buf_init(&b, REQUEST_TEXT_MAX);
	jw_obj(&w);
	if (is_text(type))
		put_text(&w, member(m, part, "text"));
	else if (is_block(type, part))
		put_block(m, &w, part, image);
	else
		put_item(m, &w, part, image);
	jw_obj_end(&w);
	m->arena->full |= b.full;
	out = arena_all(m->arena, &b);
	buf_release(&b);
	mend_note(m, "types of parts");
	return out;
}
