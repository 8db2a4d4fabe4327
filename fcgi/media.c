/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/media.h"

#include "base/clock.h"
#include "base/jwalk.h"
#include "base/utf8.h"
#include "dialect/reader.h"
#include "fcgi/estimate.h"
#include "fcgi/passage.h"
#include "fcgi/unpacked.h"
#include "state/usage/cost.h"

#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX 1000      /* of one request */
#define IMAGES_UNSURE 10     /* where their number can be read in two ways */
#define IMAGE_TOKENS 16000   /* the largest: 3840x2160, high */
#define PICTURES_READ 16     /* that an edit can have */
#define PICTURE_TOKENS 7000  /* of each */
#define SOUND 4000           /* bytes a second: 32 kbit/s */
#define SOUND_LEAST 750      /* 6 kbit/s, of Opus */
#define SOUND_MAX (25 << 20) /* bytes of a file */
#define SOUND_TOKENS 17 /* a second: 0.006 dollars a minute at 6 a million */
#define DOCUMENTS 100   /* of one search, as Cohere counts */

static const struct {
	const char *path;
	enum media kind;
} paths[] = {
	{ "/images/generations", MEDIA_IMAGES },
	{ "/images/edits", MEDIA_IMAGES },
	{ "/images/variations", MEDIA_IMAGES },
	{ "/audio/speech", MEDIA_SPEECH },
	{ "/audio/transcriptions", MEDIA_TRANSCRIPT },
	{ "/audio/translations", MEDIA_TRANSCRIPT },
	{ "/rerank", MEDIA_RANKS },
	{ "/moderations", MEDIA_VERDICT },
};

enum media media_of(const struct request *r)
{
	const char *path = r->passage ? r->passage->path : NULL;

	/* Without a path it was refused before it could be sent. */
	if (!path || r->passage->to || strcmp(r->vars.method, "POST"))
		return MEDIA_NONE;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		size_t n = strlen(paths[i].path);

		if (strncmp(path, paths[i].path, n) == 0 &&
		    (!path[n] || path[n] == '?'))
			return paths[i].kind;
	}
	return MEDIA_NONE;
}

/* --- what is asked for --------------------------------------------------- */

/* A name that another server could take for ours: with escapes, in capital
 * letters or what Unicode has beside them. */
static bool is_like(const struct jwalk *w, const char *key)
{
	struct span k = w->key;

	if (jwalk_key_is(w, key))
		return false;
	for (size_t i = 0; i < k.n; i++)
		if (k.p[i] == '\\' || (unsigned char)k.p[i] >= 0x80)
			return true;
	return span_ieq(k, key);
}

/* A member that stands there once. One that does so twice, or in a form to be
 * overlooked, is *odd. */
static struct span text(const struct request *r, const char *key, bool *odd)
{
	struct jwalk w = jwalk_in(buf_get(&r->body));
	struct span found = SPAN("");
	size_t n = 0;

	while (jwalk_next(&w)) {
		*odd |= is_like(&w, key);
		if (jwalk_key_is(&w, key) && n++ == 0)
			found = jwalk_text(r->arena, w.value);
	}
	*odd |= n > 1;
	return found;
}

static bool is_digits(const char *s)
{
	return s[strspn(s, "0123456789")] == '\0';
}

/* Of a text more may be read than its digits. */
static double number(const struct request *r, struct span value)
{
	bool text = jwalk_is_string(value);
	const char *s = arena_str(r->arena,
				  text ? jwalk_text(r->arena, value) : value);
	double n = strtod(s, NULL);

	return text && !is_digits(s) && !(n > IMAGES_UNSURE) ? IMAGES_UNSURE
							     : n;
}

static int64_t images_of_form(const struct passage *p)
{
	long n = p->form->count ? p->form->count : 1;

	return p->rest && !form_is_over(p->form) && n < IMAGES_UNSURE
		     ? IMAGES_UNSURE
		     : n;
}

static int64_t images_of(const struct request *r)
{
	struct jwalk w = jwalk_in(buf_get(&r->body));
	double most = 1;

	if (r->passage->form)
		return images_of_form(r->passage);
	while (jwalk_next(&w)) {
		bool like = is_like(&w, "n");
		double n = like || jwalk_key_is(&w, "n") ? number(r, w.value)
							 : 1;

		if (like && !(n > IMAGES_UNSURE))
			n = IMAGES_UNSURE;
		if (n > most)
			most = n;
	}
	return most < IMAGES_MAX ? (int64_t)most : IMAGES_MAX;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Of a body that is to come, as its provider gets it. */
static int64_t bytes_of(const struct request *r)
{
	int64_t n = request_announced(r);

	if (r->passage->rest && (n < 0 || r->packed))
		n = larger(n, SOUND_MAX);
	return larger(n, (int64_t)r->body.n);
}

/* And of one that has come; what streams is not kept. */
static int64_t bytes_read(const struct request *r)
{
	uint64_t n = r->unpacked ? unpacked_total(r->unpacked) : r->bytes_in;

	return r->passage->json ? (int64_t)r->body.n
				: larger((int64_t)n, (int64_t)r->body.n);
}

static int64_t characters_of(const struct request *r, int64_t bytes)
{
	bool odd = false;
	struct span s;

	if (r->passage->form)
		return bytes;
	s = text(r, "input", &odd);
	return odd ? (int64_t)r->body.n : (int64_t)utf8_chars(s);
}

static int64_t searches_of(const struct request *r, int64_t bytes)
{
	struct jwalk w = jwalk_in(buf_get(&r->body));
	int64_t n = 0;

	if (r->passage->form)
		return bytes / DOCUMENTS + 1;
	while (jwalk_next(&w)) {
		struct jwalk list = jwalk_in(w.value);

		if (is_like(&w, "documents"))
			return (int64_t)r->body.n / DOCUMENTS + 1;
		while (jwalk_key_is(&w, "documents") && jwalk_next(&list))
			n++;
	}
	return n ? (n + DOCUMENTS - 1) / DOCUMENTS : 1;
}

static void set_input(struct usage *u, struct usage_media *kind, int64_t n)
{
	u->input = kind->input = n;
}

static void set_output(struct usage *u, struct usage_media *kind, int64_t n)
{
	u->output = kind->output = n;
}

/* --- the most ------------------------------------------------------------ */

static double dearest_image(const struct price *p)
{
	double most = 0;

	for (size_t i = 0; i < p->n_images; i++)
		if (p->images[i].price > most)
			most = p->images[i].price;
	return most;
}

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

double media_largest(const struct request *r, const struct price *p,
		     struct usage *u)
{
	int64_t bytes = bytes_of(r), images = 0, characters = 0;

	*u = (struct usage){ .input = 0 };
	switch (media_of(r)) {
	case MEDIA_NONE:
		break;
	case MEDIA_IMAGES:
		images = images_of(r);
		set_input(
			u, &u->image,
			lesser(bytes / 2 + 1, PICTURES_READ * PICTURE_TOKENS));
		set_output(u, &u->image, images * IMAGE_TOKENS);
		break;
	case MEDIA_SPEECH:
		characters = characters_of(r, bytes);
		u->input = bytes / 2 + 1;
		set_output(u, &u->audio, 2 * characters);
		break;
	case MEDIA_TRANSCRIPT:
		u->seconds = bytes / SOUND_LEAST + 1;
		set_input(u, &u->audio, u->seconds * SOUND_TOKENS);
		u->output = u->seconds * SOUND_TOKENS / 2;
		break;
	case MEDIA_RANKS:
		u->searches = searches_of(r, bytes);
		u->input = bytes / 2 + 1;
		break;
	case MEDIA_VERDICT:
		u->input = bytes / 2 + 1;
		break;
	}
	return p ? price_cost(p, u) + (double)images * dearest_image(p) +
			       (double)characters * p->character
		 : 0;
}

/* --- and what it was ----------------------------------------------------- */

/* Of OpenAI's, the largest that a size then has. */
static int64_t image_tokens(struct span quality)
{
	return span_is(quality, "low")      ? 408
	     : span_is(quality, "medium")   ? 1584
	     : span_is(quality, "standard") ? 1584
					    : 6240;
}

double media_image(const struct price *p, struct span size, struct span quality)
{
	double one = price_image_cost(p, size, quality);
	struct usage u = { .input = 0 };

	if (p->n_images)
		return one < 0 ? dearest_image(p) : one;
	set_output(&u, &u.image, image_tokens(quality));
	return price_cost(p, &u);
}

double media_dearest_image(const struct price *p)
{
	struct usage u = { .input = 0 };

	if (p->n_images)
		return dearest_image(p);
	set_output(&u, &u.image, IMAGE_TOKENS);
	return price_cost(p, &u);
}

/* Of a row with prices for each: one that it does not have, or of a form, which
 * is not kept, is the dearest for who has limits. */
static void settle_listed(struct request *r, const struct price *p)
{
	bool odd = r->passage->form != NULL;
	struct span size = text(r, "size", &odd);
	double one = price_image_cost(p, size, text(r, "quality", &odd));

	if (r->metered && (one < 0 || odd))
		one = dearest_image(p);
	if (one < 0)
		return;
	r->billed = one * (double)images_of(r);
	r->has_usage = true;
}

static int64_t tokens_read(const struct request *r)
{
	return estimate_tokens((size_t)bytes_read(r));
}

static void guess(struct request *r)
{
	r->has_usage = r->estimated = true;
}

static void settle_images(struct request *r, const struct price *p)
{
	bool odd = r->passage->form != NULL;
	struct span quality;

	if (p && p->n_images) {
		settle_listed(r, p);
		return;
	}
	quality = text(r, "quality", &odd);
	r->usage.input = tokens_read(r);
	if (r->passage->form)
		set_input(&r->usage, &r->usage.image,
			  lesser(r->usage.input, PICTURE_TOKENS));
	set_output(&r->usage, &r->usage.image,
		   images_of(r) * image_tokens(odd ? SPAN("") : quality));
	guess(r);
}

static void settle_speech(struct request *r, const struct price *p)
{
	int64_t characters = characters_of(r, bytes_read(r));

	if (p && p->character > 0) {
		r->billed = (double)characters * p->character;
		r->has_usage = true;
		return;
	}
	r->usage.input = estimate_tokens((size_t)characters);
	set_output(&r->usage, &r->usage.audio, characters * 3 / 2);
	guess(r);
}

static void settle_transcript(struct request *r, const struct price *p)
{
	int64_t seconds = bytes_read(r) / SOUND + 1;

	if (p && p->second > 0) {
		r->usage.seconds = seconds;
	} else {
		set_input(&r->usage, &r->usage.audio, seconds * SOUND_TOKENS);
		r->usage.output = estimate_tokens(r->bytes_out);
	}
	guess(r);
}

static void settle_text(struct request *r)
{
	r->usage.input = tokens_read(r);
	guess(r);
}

static void settle_ranks(struct request *r, const struct price *p)
{
	settle_text(r);
	if (!p || p->usual.input > 0)
		return;
	r->usage.input = 0;
	r->usage.searches = searches_of(r, bytes_read(r));
}

/* Told in seconds, where they have no price. */
static void settle_seconds(struct request *r, const struct price *p)
{
	struct usage *u = &r->usage;

	if (p && u->seconds && p->second <= 0 && !u->input && !u->output) {
		set_input(u, &u->audio, u->seconds * SOUND_TOKENS);
		r->estimated = true;
	}
}

/* What has a price for each piece is not free because its tokens are. */
static bool is_told(const struct request *r, const struct price *p)
{
	const struct usage *u = &r->usage;

	if (!estimate_is_told(r) &&
	    !(r->has_usage && (u->seconds || u->searches)))
		return false;
	return !p || !p->n_images || price_cost(p, u) > 0;
}

void media_settle(struct request *r)
{
	enum media kind = media_of(r);
	const char *model = r->upstream_model ? r->upstream_model : r->model;
	const struct backend *b;
	const struct price *p;

	if (kind == MEDIA_NONE || !r->backend || !model ||
	    (r->status / 100 != 2 && !outcome_was_left(&r->outcome)))
		return;
	b = request_backend(r);
	if (b->claude || cost_is_free(b))
		return;
	p = prices_find(r->config->prices, b, model, clock_wall_ms());
	if (!p && r->metered)
		p = prices_default(r->config->prices);
	if (cost_is_told(b, &r->usage))
		return;
	if (is_told(r, p)) {
		settle_seconds(r, p);
		return;
	}
	switch (kind) {
	case MEDIA_NONE:
		break;
	case MEDIA_IMAGES:
		settle_images(r, p);
		break;
	case MEDIA_SPEECH:
		settle_speech(r, p);
		break;
	case MEDIA_TRANSCRIPT:
		settle_transcript(r, p);
		break;
	case MEDIA_RANKS:
		settle_ranks(r, p);
		break;
	case MEDIA_VERDICT:
		settle_text(r);
		break;
	}
}
