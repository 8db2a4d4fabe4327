/* SPDX-License-Identifier: MIT */
/*
 * seal: opaque values of one provider, on their way through a client that
 * speaks another dialect.
 *
 * Signatures of thinking, encrypted reasoning and ids of tool calls mean
 * something to the provider alone that made them. When an answer is
 * translated they are sealed: version, kind, origin, what they belong to, the
 * original, and a sum over all of it, as text that is legal wherever it
 * stands. When the client sends them back, what was made by the request's own
 * target becomes the original again; what another made is of no use there and
 * goes, or (an id) stays as it is. Nothing is stored.
 *
 * A seal comes from outside. It is no proof of anything: whoever sends one may
 * as well send the original to its provider, and gets that provider's word on
 * it. The sum only tells what was cut or changed on the way from what is
 * whole, so that no provider is sent a torn value. Sizes are capped by those
 * of the body that it came in and by SEAL_MAX.
 *
 * The origin is what keeps one provider's values apart from another's: the
 * base URL and the organisation. Two backends or accounts with the same ones
 * are one provider. Behind a router (OpenRouter, LiteLLM) the names of models
 * begin with their maker, "google/gemini-3": that belongs to it as well. It
 * also tells by whose key the provider was asked: most often that is of no
 * account, but the keys of one provider may be of two organisations, and then
 * each takes its own values alone.
 *
 * Pure; the text is from the arena, and empty when memory is short.
 */
#ifndef DARIO_SEAL_H
#define DARIO_SEAL_H

#include "base/arena.h"

#define SEAL_MAX (8u << 20)      /* bytes of an original */
#define SEAL_ID_MAX 64           /* bytes of a sealed id */
#define SEAL_EMPTY "dario2_none" /* where something opaque must stand: none */

enum seal_kind {
	SEAL_NONE,     /* not sealed by us: a provider's own */
	SEAL_BROKEN,   /* ours once, but cut or changed */
	SEAL_TEXT,     /* reasoning that has nothing opaque */
	SEAL_CLAUDE,   /* signature of a thinking block */
	SEAL_REDACTED, /* data of redacted thinking */
	SEAL_OPENAI,   /* a reasoning item, whole; once its id, a blank, its
			* encrypted_content */
	SEAL_GOOGLE,   /* thought_signature of the call that follows */
	SEAL_ID,     /* id of the call that follows, too long for SEAL_ID_MAX */
	SEAL_SEARCH, /* a web_search_call item, or Anthropic's two blocks */
	SEAL_ITEMS,  /* of Responses, that a turn was made of: item-seal.h */
	SEAL_KINDS
};

struct seal_origin {
	unsigned char hash[8];
	unsigned char key[4]; /* by whose: a hash of its names; 0: unknown */
	/* Of a target: what it gave by another key is not its own. */
	bool apart;
};

struct seal {
	enum seal_kind kind;
	struct seal_origin origin;
	bool old;       /* of version 1, which knew no origin */
	uint64_t about; /* seal_hash of the text or id that it belongs to */
	struct span original;
};

/* `model` as the provider is asked for it, or NULL. */
void seal_origin(struct seal_origin *o, const char *base_url,
		 const char *organisation);
struct seal_origin seal_origin_for(const struct seal_origin *backend,
				   const char *model);
/* By this key of this backend. */
void seal_origin_key(struct seal_origin *o, const char *backend,
		     const char *alias);
bool seal_is_of(const struct seal *s, const struct seal_origin *o);

/* Goes on with the hash of a text that comes in pieces; 0 at first. */
uint64_t seal_hash(uint64_t hash, struct span piece);

/* Looks like one of ours, whatever is in it? */
bool seal_is(struct span text);
struct span seal_make(struct arena *a, const struct seal *s);
/* SEAL_NONE when it is not ours, SEAL_BROKEN when it cannot be read. */
struct seal seal_open(struct arena *a, struct span text);

/* An id of a call for the client. One that is legal everywhere stays as it is;
 * another becomes SEAL_ID_MAX bytes at most of [A-Za-z0-9_-]. `nonce` keeps
 * apart ids that a provider gives out again and again ("functions.f:0"). *whole
 * is false when the original does not fit and has to travel as a SEAL_ID. */
struct span seal_id(struct arena *a, const struct seal_origin *o,
		    struct span id, uint64_t nonce, bool *whole);
/* The original, where the id is a whole seal of this origin; else false. */
bool seal_open_id(struct arena *a, const struct seal_origin *o, struct span id,
		  struct span *original);
/* The same of one that is not whole, where it was made of the call's name:
 * "functions.NAME:12". So it needs no SEAL_ID, which the client may drop. */
bool seal_open_named_id(struct arena *a, const struct seal_origin *o,
			struct span id, struct span name,
			struct span *original);
/* Only [A-Za-z0-9_-], and at least one. */
bool seal_is_clean(struct span id);

#endif
