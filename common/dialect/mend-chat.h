/* SPDX-License-Identifier: MIT */
/*
 * mend-chat: the switches of a backend (quirks.h), in a Chat request that is
 * not translated. Rules of openai-mend.c.
 */
#ifndef DARIO_MEND_CHAT_H
#define DARIO_MEND_CHAT_H

#include "dialect/mend.h"

/* Is there a switch whose rules the whole text has to be looked at for? */
bool mend_chat_wanted(const struct upstream_model *t);

/* mend-turns.c: roles, where system messages stand, whose turn it is, and what
 * the messages hold. */
void mend_turns(struct mend *m);

/* mend-content.c: the content of a message, as the target takes it. Pieces are
 * what it is made of, in order. */
struct piece {
	struct span value; /* a content: a string, a list, null, or nothing */
	enum {
		PIECE_ALL,
		PIECE_WORDS, /* without its images and files */
		PIECE_MEDIA, /* these alone */
	} take;
	bool system;      /* it is a system message's: marked as such */
	bool spoken;      /* by the assistant or the system: text alone */
	const char *said; /* instead of a value: text of our own */
	struct piece *next;
};

/* mend-parts.c: parts as other APIs have them, and what they are in Chat. */
bool mend_is_others_part(struct span part);
bool mend_is_others_media(struct span part);
struct span mend_own_part(struct mend *m, struct span part);

bool mend_content_changes(const struct mend *m, const struct piece *p);
/* A JSON value; from the arena. */
struct span mend_content(struct mend *m, const struct piece *p);
/* Are there images or files in it that the target takes? */
bool mend_content_shows(const struct mend *m, struct span value);
/* Is there any text or part in it? */
bool mend_content_speaks(const struct mend *m, struct span value);

/* mend-custom.c: tools of free text, their calls and the choice of one, where
 * they are not known. */
void mend_customs(struct mend *m);

/* mend-blocks.c and mend-legacy.c: parts of other APIs become Chat's, and
 * functions tools, before all else: the other rules see the text as it is
 * then. */
void mend_blocks(struct mend *m);
bool mend_legacy_wanted(const struct quirks *q);
void mend_legacy(struct mend *m);

/* mend-names.c: names of tools that are refused. */
void mend_tool_names(struct mend *m);

/* mend-fields.c: members that the target does not know, and other names. */
bool mend_takes_member(struct mend *m, bool assistant, const struct jwalk *w);
void mend_call_members(struct mend *m, struct span call);
/* A message goes: what is lost with its members. */
void mend_lose(struct mend *m, struct span message);
/* Is one of the members in a text that providers add to OpenAI's? */
bool mend_names_foreign(struct span text);
bool mend_takes_part_member(const struct mend *m, struct span key);
/* After what has given tools other names. */
void mend_top(struct mend *m);

#endif
