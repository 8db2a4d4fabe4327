/* SPDX-License-Identifier: MIT */
/*
 * peek: finds `model` and `stream` in a request body without building a tree,
 * and where the beginning of the conversation is.
 *
 * Feed the body in pieces of any size, then end. The whole text is checked
 * against RFC 8259 (UTF-8 and depth too), because a body that we route by one
 * reading and the upstream by another is a hole; for the same reason a second
 * `model` or `stream` key is refused. Positions are byte offsets from the
 * first byte fed. Errors name the offset. Nothing is allocated.
 */
#ifndef DARIO_PEEK_H
#define DARIO_PEEK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"

#define PEEK_DEPTH_MAX 128
#define PEEK_MODEL_MAX 256 /* bytes of a model name, decoded */
#define PEEK_KEY_MAX 12    /* longer keys are none of ours */

enum peek_place {
	PEEK_SYSTEM,
	PEEK_INSTRUCTIONS,
	PEEK_MESSAGES,
	PEEK_INPUT,
	PEEK_PLACES,
};

struct peek {
	/* results, after peek_end */
	size_t model_at, model_len; /* range of the value with its quotes */
	char model[PEEK_MODEL_MAX + 1];
	size_t model_n;
	bool has_model, stream;
	size_t places[PEEK_PLACES]; /* of the values, or 0 */

	/* state */
	int state;
	const char *literal; /* what is left of true, false or null */
	size_t at;           /* offset of the byte looked at */
	unsigned depth;
	unsigned char object[PEEK_DEPTH_MAX / 8]; /* bit set: an object */
	struct utf8 utf8;
	char key[PEEK_KEY_MAX + 1];
	size_t key_n;
	unsigned hex, hex_left;
	unsigned high; /* half of a pair of \u escapes */
	bool in_key, in_model, has_stream, started;
	bool any_keys; /* look for none of ours */
};

void peek_init(struct peek *k);
int peek_feed(struct peek *k, struct span in, struct err *e);
int peek_end(struct peek *k, struct err *e);

/* The value of `model` was replaced in the text by one of `len` bytes, which
 * reads `model`. */
void peek_renamed(struct peek *k, const char *model, size_t len);

/* One complete JSON object, by the same strict rules? */
bool peek_is_object(struct span text);

#endif
