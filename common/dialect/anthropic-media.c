/* SPDX-License-Identifier: MIT */
/* Messages: images and documents as they are taken, and blocks that stand in a
 * turn of the other side. */
#include "config.h"

#include "base/digest.h"
#include "dialect/anthropic-mend.h"
#include "dialect/anthropic-write.h"

/* --- sources -------------------------------------------------------------- */

static void put_source(struct mend *m, struct span source, const char *type,
		       struct span mime, struct span data)
{
	mend_replace(m, source,
		     span_of(arena_fmt(m->arena,
				       "{\"type\":\"%s\",\"media_type\":%.*s,"
				       "\"data\":%.*s}",
				       type, SPAN_FMT(mend_quoted(m, mime)),
				       SPAN_FMT(mend_quoted(m, data)))));
	mend_note(m, "sources of media");
}

/* A data: URL, as a value of its own or where the data should stand. */
static void mend_url(struct mend *m, struct span source, struct span url)
{
	struct part p = { .kind = PART_IMAGE };
	struct err unused = { 0 };
	struct chat c;

	chat_init(&c, m->arena);
	if (chat_media(&c, &p, url, &unused) == 0 && p.data.n)
		put_source(m, source, "base64", p.mime, p.data);
	else if (p.text.n)
		put_source(m, source, "text", SPAN("text/plain"), p.text);
	chat_release(&c);
}

static void mend_data(struct mend *m, struct span source)
{
	struct span value = jwalk_get(source, "media_type"), mime, now, text;
	struct span data = jwalk_text(m->arena, jwalk_get(source, "data"));

	mime = jwalk_text(m->arena, value);
	if (span_starts(data, "data:")) {
		mend_url(m, source, data);
		return;
	}
	if (span_is(mime, "text/plain") &&
	    digest_unbase64(m->arena, data, &text)) {
		put_source(m, source, "text", mime, text);
		return;
	}
	now = chat_media_type(m->arena, mime, data);
	if (!now.n || span_eq(now, mime))
		return;
	if (!value.n) {
		put_source(m, source, "base64", now, data);
		return;
	}
	mend_replace(m, value, mend_quoted(m, now));
	mend_note(m, "sources of media");
}

static void mend_source(struct mend *m, struct span block)
{
	struct span source = jwalk_get(block, "source"), url;

	if (jwalk_is(jwalk_get(source, "type"), "base64"))
		mend_data(m, source);
	if (!jwalk_is(jwalk_get(source, "type"), "url"))
		return;
	url = jwalk_text(m->arena, jwalk_get(source, "url"));
	if (span_starts(url, "data:"))
		mend_url(m, source, url);
	else if (!anthropic_fetches(url))
		mend_image(m, block, "this API takes it by https alone");
}

static bool is_medium(struct span type)
{
	return jwalk_is(type, "image") || jwalk_is(type, "document");
}

void anthropic_media(struct mend *m, struct span block)
{
	struct span type = jwalk_get(block, "type");
	struct span content = jwalk_get(block, "content");
	struct jwalk w = jwalk_in(content);

	if (is_medium(type))
		mend_source(m, block);
	while (jwalk_is(type, "tool_result") && jwalk_is_array(content) &&
	       jwalk_next(&w))
		if (is_medium(jwalk_get(w.value, "type")))
			mend_source(m, w.value);
}

/* --- turns of the other side ---------------------------------------------- */

/* What an assistant cannot have shown, by its name. */
static void name_medium(struct mend *m, struct jwalk *w)
{
	struct span source = jwalk_get(w->value, "source");
	struct span said = jwalk_get(source, "data");

	if (jwalk_is(jwalk_get(source, "type"), "text") &&
	    !anthropic_is_blank(m, said))
		mend_replace(m, w->value,
			     span_of(arena_fmt(m->arena,
					       "{\"type\":\"text\",\"text\":"
					       "%.*s}",
					       SPAN_FMT(said))));
	else
		mend_image(m, w->value, "");
}

bool anthropic_misplaced(struct mend *m, struct jwalk *w, bool assistant)
{
	struct span type = jwalk_get(w->value, "type");
	bool result = jwalk_is(type, "tool_result");
	bool call = jwalk_is(type, "tool_use");
	bool found = jwalk_is(type, "search_result");

	if (assistant ? !result && !found && !is_medium(type)
		      : !call && !jwalk_is(type, "thinking") &&
				!jwalk_is(type, "redacted_thinking"))
		return false;
	mend_note(m, "blocks of another role");
	if (is_medium(type)) {
		name_medium(m, w);
		return false;
	}
	mend_cut(m, w);
	if (call || result)
		mend_lonely(m, call);
	else
		mend_dropped(m, found ? "search_result" : "thinking");
	return true;
}
