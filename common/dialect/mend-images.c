/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend.h"

/* Blocks of Messages and parts of Responses that are images or files, and
 * where their name stands. */
static const struct {
	const char *type, *kind;
	const char *names[3]; /* the first that there is */
} media[] = {
	{ "image", "image", { "url", "media_type", "file_id" } },
	{ "document", "document", { "title", "url", "media_type" } },
	{ "input_image", "image", { "image_url", "file_id" } },
	{ "input_file", "document", { "filename", "file_url", "file_id" } },
	{ "input_audio", "audio", { NULL } },
};

#define MEDIA (sizeof(media) / sizeof(media[0]))

/* "data:image/png;base64,..." by its type, anything else as it is. */
static struct span media_name(struct span name)
{
	if (span_starts(name, "data:")) {
		name = span_skip(name, 5);
		name = span_cut(&name, ',');
		name = span_cut(&name, ';');
	}
	return (struct span){ name.p, name.n > 200 ? 200 : name.n };
}

static struct span media_text(struct mend *m, const char *kind,
			      struct span name, const char *why)
{
	name = media_name(name);
	mend_note(m, "images");
	mend_dropped(m, kind);
	return mend_quoted(
		m, span_of(arena_fmt(m->arena, "[%s left out%s%.*s%s%s]", kind,
				     name.n || *why ? ": " : "", SPAN_FMT(name),
				     name.n && *why ? ", " : "", why)));
}

struct span mend_media_text(struct mend *m, const char *kind, struct span name)
{
	return media_text(m, kind, name, "this model takes none");
}

static void put_name(struct mend *m, struct span part, size_t row,
		     const char *why)
{
	struct span source = jwalk_get(part, "source");
	bool inner = *media[row].type != 'i' || source.n;
	struct span name = SPAN(""), text;

	for (size_t i = 0; i < 3 && media[row].names[i] && !name.n; i++) {
		const char *key = media[row].names[i];

		name = jwalk_text(m->arena, jwalk_get(part, key));
		if (!name.n && inner)
			name = jwalk_text(m->arena, jwalk_get(source, key));
	}
	text = media_text(m, media[row].kind, name, why);
	mend_replace(
		m, part,
		span_of(arena_fmt(m->arena, "{\"type\":\"%s\",\"text\":%.*s}",
				  source.n ? "text" : "input_text",
				  SPAN_FMT(text))));
}

static size_t row_of(struct span type)
{
	size_t i = 0;

	while (i < MEDIA && !jwalk_is(type, media[i].type))
		i++;
	return i;
}

void mend_image(struct mend *m, struct span part, const char *why)
{
	size_t row = row_of(jwalk_get(part, "type"));

	if (row < MEDIA)
		put_name(m, part, row, why);
}

static void mend_parts(struct mend *m, struct span list);

static void name_instead(struct mend *m, struct span part, size_t row)
{
	struct span source = jwalk_get(part, "source");

	if (jwalk_is(jwalk_get(source, "type"), "text"))
		return; /* a document that is text */
	if (jwalk_is(jwalk_get(source, "type"), "content")) {
		mend_parts(m, jwalk_get(source, "content"));
		return; /* the same, in blocks */
	}
	put_name(m, part, row, "this model takes none");
}

static void mend_parts(struct mend *m, struct span list)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (row_of(type) < MEDIA)
			name_instead(m, w.value, row_of(type));
		if (jwalk_is(type, "tool_result"))
			mend_parts(m, jwalk_get(w.value, "content"));
	}
}

void mend_images(struct mend *m, const char *messages)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, messages));

	while (m->target->quirks.no_images && jwalk_next(&w)) {
		mend_parts(m, jwalk_get(w.value, "content"));
		mend_parts(m, jwalk_get(w.value, "output"));
	}
}
