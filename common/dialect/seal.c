/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/seal.h"

#include "base/digest.h"
#include "base/fnv.h"

#include <ctype.h>
#include <string.h>

#define PREFIX "dario2_"     /* of a text; base64url follows */
#define PREFIX_KEY "dario3_" /* the same with a key */
#define PREFIX_ID "dario2-"  /* of an id */
#define PREFIX_OLD "dario1:" /* kind, ":", original */

/* kind, origin, about, perhaps key, original, sum */
#define HEAD_BYTES (1 + 8 + 8)
#define KEY_BYTES 4
#define SUM_BYTES 4
/* origin, nonce, original, sum; in 57 characters. Of one that is not whole the
 * hash stands for it, and its end, which some number their calls with. */
#define ID_ORIGIN_BYTES 4
#define ID_NONCE_BYTES 3
#define ID_SUM_BYTES 2
#define ID_HASH_BYTES 8
#define ID_END_MAX 8
#define ID_BYTES ((SEAL_ID_MAX - sizeof(PREFIX_ID) + 1) / 4 * 3)
#define ID_ORIGINAL_MAX \
	(ID_BYTES - ID_ORIGIN_BYTES - ID_NONCE_BYTES - ID_SUM_BYTES)

/* What makes ids long in the same way, in one byte. */
static const char *const common[] = { "functions.", "function-call-",
				      "chatcmpl-tool-" };
#define COMMON (sizeof(common) / sizeof(common[0]))

uint64_t seal_hash(uint64_t hash, struct span piece)
{
	uint64_t h = fnv(hash ? hash : FNV_START, piece);

	return h ? h : 1;
}

static void put_number(unsigned char *out, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(v >> 8 * i);
}

static uint64_t get_number(const unsigned char *in, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)in[i] << 8 * i;
	return v;
}

static uint64_t sum(const unsigned char *p, size_t n)
{
	uint64_t h = seal_hash(0, (struct span){ (const char *)p, n });

	return h ^ h >> 32;
}

/* --- origin -------------------------------------------------------------- */

void seal_origin(struct seal_origin *o, const char *base_url,
		 const char *organisation)
{
	uint64_t h = seal_hash(0, span_of(base_url));

	h = seal_hash(h, SPAN("\n"));
	memset(o, 0, sizeof(*o));
	put_number(o->hash, seal_hash(h, span_of(organisation)), 8);
}

struct seal_origin seal_origin_for(const struct seal_origin *backend,
				   const char *model)
{
	const char *slash = model ? strrchr(model, '/') : NULL;
	struct seal_origin o = *backend;
	struct span maker = { model, 0 };

	if (!slash)
		return o;
	maker.n = (size_t)(slash - model);
	put_number(o.hash, seal_hash(get_number(backend->hash, 8), maker), 8);
	return o;
}

void seal_origin_key(struct seal_origin *o, const char *backend,
		     const char *alias)
{
	uint64_t h = seal_hash(0, span_of(backend));

	h = seal_hash(h, SPAN("\n"));
	put_number(o->key, seal_hash(h, span_of(alias)), KEY_BYTES);
}

static bool has_key(const struct seal_origin *o)
{
	return get_number(o->key, KEY_BYTES) != 0;
}

static bool is_by(const struct seal *s, const struct seal_origin *o)
{
	return !has_key(&s->origin) ||
	       memcmp(s->origin.key, o->key, KEY_BYTES) == 0;
}

bool seal_is_of(const struct seal *s, const struct seal_origin *o)
{
	return !s->old && o &&
	       memcmp(s->origin.hash, o->hash, sizeof(o->hash)) == 0 &&
	       (!o->apart || is_by(s, o));
}

/* --- text ---------------------------------------------------------------- */

bool seal_is(struct span text)
{
	return span_starts(text, PREFIX) || span_starts(text, PREFIX_KEY) ||
	       span_starts(text, PREFIX_OLD);
}

static struct span with_prefix(struct arena *a, struct span prefix,
			       const unsigned char *bytes, size_t n)
{
	struct span tail =
		digest_base64url(a, (struct span){ (const char *)bytes, n });
	char *out = tail.n ? arena_try(a, prefix.n + tail.n + 1) : NULL;

	if (!out)
		return SPAN("");
	memcpy(out, prefix.p, prefix.n);
	memcpy(out + prefix.n, tail.p, tail.n);
	return (struct span){ out, prefix.n + tail.n };
}

struct span seal_make(struct arena *a, const struct seal *s)
{
	bool keyed = has_key(&s->origin);
	size_t head = keyed ? HEAD_BYTES + KEY_BYTES : HEAD_BYTES;
	size_t n = head + s->original.n;
	unsigned char *p = NULL;

	if (s->original.n <= SEAL_MAX)
		p = arena_try(a, n + SUM_BYTES);
	if (!p)
		return SPAN("");
	p[0] = (unsigned char)s->kind;
	memcpy(p + 1, s->origin.hash, 8);
	put_number(p + 9, s->about, 8);
	if (keyed)
		memcpy(p + HEAD_BYTES, s->origin.key, KEY_BYTES);
	memcpy(p + head, s->original.p, s->original.n);
	put_number(p + n, sum(p, n), SUM_BYTES);
	return with_prefix(a, keyed ? SPAN(PREFIX_KEY) : SPAN(PREFIX), p,
			   n + SUM_BYTES);
}

/* "dario1:signature:..." and "dario1:redacted:...": Anthropic's. */
static struct seal open_old(struct span text)
{
	struct seal s = { .kind = SEAL_BROKEN, .old = true };
	struct span kind;

	text = span_skip(text, strlen(PREFIX_OLD));
	s.original = text;
	kind = span_cut(&s.original, ':');
	if (kind.n == text.n)
		return s;
	if (span_is(kind, "signature"))
		s.kind = SEAL_CLAUDE;
	else if (span_is(kind, "redacted"))
		s.kind = SEAL_REDACTED;
	return s;
}

struct seal seal_open(struct arena *a, struct span text)
{
	bool keyed = span_starts(text, PREFIX_KEY);
	size_t head = keyed ? HEAD_BYTES + KEY_BYTES : HEAD_BYTES;
	struct seal s = { .kind = SEAL_BROKEN };
	const unsigned char *p;
	struct span bytes;
	size_t n;

	if (span_starts(text, PREFIX_OLD))
		return open_old(text);
	if (!keyed && !span_starts(text, PREFIX)) {
		s.kind = SEAL_NONE;
		s.original = text;
		return s;
	}
	text = span_skip(text, strlen(PREFIX));
	if (text.n > (SEAL_MAX + head + SUM_BYTES) / 3 * 4 + 4 ||
	    !digest_unbase64url(a, text, &bytes) || bytes.n < head + SUM_BYTES)
		return s;
	p = (const unsigned char *)bytes.p;
	n = bytes.n - SUM_BYTES;
	if (p[0] <= SEAL_BROKEN || p[0] >= SEAL_KINDS ||
	    get_number(p + n, SUM_BYTES) != (sum(p, n) & 0xffffffffu))
		return s;
	s.kind = (enum seal_kind)p[0];
	memcpy(s.origin.hash, p + 1, 8);
	s.about = get_number(p + 9, 8);
	if (keyed)
		memcpy(s.origin.key, p + HEAD_BYTES, KEY_BYTES);
	s.original = (struct span){ bytes.p + head, n - head };
	return s;
}

/* --- ids ----------------------------------------------------------------- */

bool seal_is_clean(struct span id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '_' &&
		    id.p[i] != '-')
			return false;
	return id.n > 0;
}

/* 0 and the whole, or the number of a common beginning and the rest. */
static size_t shortened(struct span id, unsigned char *out)
{
	unsigned char which = 0;

	for (size_t i = 0; i < COMMON; i++) {
		if (!span_starts(id, common[i]))
			continue;
		which = (unsigned char)(i + 1);
		id = span_skip(id, strlen(common[i]));
		break;
	}
	if (1 + id.n > ID_ORIGINAL_MAX)
		return 0;
	out[0] = which;
	memcpy(out + 1, id.p, id.n);
	return 1 + id.n;
}

static struct span numbered_end(struct span id)
{
	size_t at = id.n;

	while (at && isdigit((unsigned char)id.p[at - 1]))
		at--;
	if (!at || id.p[at - 1] != ':' || id.n - at >= ID_END_MAX)
		return SPAN("");
	return span_skip(id, at - 1);
}

static size_t hashed(struct span id, unsigned char *out)
{
	struct span end = numbered_end(id);

	put_number(out, seal_hash(0, id), ID_HASH_BYTES);
	memcpy(out + ID_HASH_BYTES, end.p, end.n);
	return ID_HASH_BYTES + end.n;
}

struct span seal_id(struct arena *a, const struct seal_origin *o,
		    struct span id, uint64_t nonce, bool *whole)
{
	unsigned char p[ID_BYTES];
	unsigned char *original = p + ID_ORIGIN_BYTES + ID_NONCE_BYTES;
	size_t n;

	*whole = true;
	if (seal_is_clean(id) && id.n <= SEAL_ID_MAX &&
	    !span_starts(id, PREFIX_ID))
		return id;
	memcpy(p, o->hash, ID_ORIGIN_BYTES);
	put_number(p + ID_ORIGIN_BYTES, nonce, ID_NONCE_BYTES);
	n = shortened(id, original);
	*whole = n > 0;
	if (!n)
		n = hashed(id, original);
	n += (size_t)(original - p);
	/* A sum that does not fit is of one that is not whole. */
	put_number(p + n, sum(p, n) + !*whole, ID_SUM_BYTES);
	return with_prefix(a, SPAN(PREFIX_ID), p, n + ID_SUM_BYTES);
}

/* What stands for the original in an id of this origin; the sum of one that is
 * not whole is `more` off. */
static bool inside(struct arena *a, const struct seal_origin *o, struct span id,
		   unsigned more, struct span *what)
{
	const unsigned char *p;
	struct span bytes;
	size_t n;

	if (!o || !span_starts(id, PREFIX_ID) || id.n > SEAL_ID_MAX ||
	    !digest_unbase64url(a, span_skip(id, strlen(PREFIX_ID)), &bytes) ||
	    bytes.n < ID_ORIGIN_BYTES + ID_NONCE_BYTES + 1 + ID_SUM_BYTES)
		return false;
	p = (const unsigned char *)bytes.p;
	n = bytes.n - ID_SUM_BYTES;
	*what = span_skip((struct span){ bytes.p, n },
			  ID_ORIGIN_BYTES + ID_NONCE_BYTES);
	return get_number(p + n, ID_SUM_BYTES) ==
		       ((sum(p, n) + more) & 0xffffu) &&
	       !memcmp(p, o->hash, ID_ORIGIN_BYTES);
}

bool seal_open_id(struct arena *a, const struct seal_origin *o, struct span id,
		  struct span *original)
{
	struct span rest;
	unsigned char which;

	if (!inside(a, o, id, 0, &rest))
		return false;
	which = (unsigned char)*rest.p;
	rest = span_skip(rest, 1);
	if (which > COMMON)
		return false;
	*original = which ? span_of(arena_fmt(a, "%s%.*s", common[which - 1],
					      SPAN_FMT(rest)))
			  : rest;
	return true;
}

bool seal_open_named_id(struct arena *a, const struct seal_origin *o,
			struct span id, struct span name, struct span *original)
{
	struct span hash, end, made;

	if (!inside(a, o, id, 1, &hash) || hash.n < ID_HASH_BYTES)
		return false;
	end = span_skip(hash, ID_HASH_BYTES);
	made = span_of(arena_fmt(a, "functions.%.*s%.*s", SPAN_FMT(name),
				 SPAN_FMT(end)));
	if (seal_hash(0, made) !=
	    get_number((const unsigned char *)hash.p, ID_HASH_BYTES))
		return false;
	*original = made;
	return true;
}
