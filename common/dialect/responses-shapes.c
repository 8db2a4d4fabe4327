/* SPDX-License-Identifier: MIT */
/* What a Responses request writes as Chat has it: tools and their choice with a
 * level between, images as objects. */
#include "config.h"

#include "dialect/mend.h"

/* A member twice would be read in one way or the other. */
static bool has_any_of(struct mend *m, struct span object, struct span inner)
{
	struct jwalk w = jwalk_in(inner);

	while (jwalk_next(&w))
		if (jwalk_get(object, arena_str(m->arena, w.key)).n)
			return true;
	return false;
}

/* Of a tool, or of the choice of one. */
static void flatten(struct mend *m, struct span object)
{
	struct span f = jwalk_get(object, "function");
	struct jwalk w = jwalk_in(object), inner = jwalk_in(f);

	if (!jwalk_is(jwalk_get(object, "type"), "function") ||
	    !jwalk_is_object(f) || !jwalk_next(&inner) ||
	    has_any_of(m, object, f))
		return;
	while (jwalk_next(&w)) {
		if (!jwalk_key_is(&w, "function"))
			continue;
		mend_replace(m, w.item, (struct span){ f.p + 1, f.n - 2 });
		mend_note(m, "tools");
		return;
	}
}

static void put_image(struct mend *m, struct span part)
{
	struct span image = jwalk_get(part, "image_url");
	bool object = jwalk_is_object(image);
	struct span url = object ? jwalk_get(image, "url") : image;
	struct span detail = object ? jwalk_get(image, "detail") : SPAN("");
	struct span type = jwalk_get(part, "type");
	struct jwalk w = jwalk_in(part);

	if (!jwalk_is_string(url) ||
	    !(jwalk_is(type, "image_url") ||
	      (object && jwalk_is(type, "input_image"))))
		return;
	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "type"))
			mend_replace(m, w.value, SPAN("\"input_image\""));
		if (!jwalk_key_is(&w, "image_url"))
			continue;
		mend_replace(m, w.value, url);
		if (jwalk_is_string(detail) && !jwalk_get(part, "detail").n)
			mend_add(m, &w,
				 span_of(arena_fmt(m->arena, "\"detail\":%.*s",
						   SPAN_FMT(detail))));
	}
	mend_note(m, "types of parts");
}

static void put_images(struct mend *m, struct span parts)
{
	struct jwalk w = jwalk_in(parts);

	while (jwalk_is_array(parts) && jwalk_next(&w))
		put_image(m, w.value);
}

void responses_shapes(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "tools"));

	while (jwalk_next(&w))
		flatten(m, w.value);
	flatten(m, jwalk_get(m->text, "tool_choice"));
	w = jwalk_in(jwalk_get(m->text, "input"));
	while (jwalk_next(&w)) {
		put_images(m, jwalk_get(w.value, "content"));
		put_images(m, jwalk_get(w.value, "output"));
	}
	mend_rebase(m);
}
