/* SPDX-License-Identifier: MIT */
/*
 * anthropic-mend: rules for a Messages request that is not translated. Private
 * to anthropic-mend.c, which walks through it, anthropic-pairs.c (calls and
 * their results), anthropic-fields.c (members of the body), mend-names.c and
 * anthropic-schemas.c (tools), anthropic-media.c and anthropic-marks.c (the
 * rest).
 */
#ifndef DARIO_ANTHROPIC_MEND_H
#define DARIO_ANTHROPIC_MEND_H

#include "dialect/mend.h"

/* --- anthropic-mend.c */
bool anthropic_is_blank(struct mend *m, struct span text);
bool anthropic_block_stays(struct mend *m, struct span block);

/* --- anthropic-pairs.c: first of all; then of each call and result: does it
 * stay where it is? One that moves is given on. At the end all of those are
 * put. */
void anthropic_pair(struct mend *m);
bool anthropic_pair_block(struct mend *m, struct jwalk *w, bool call);
void anthropic_move_result(struct mend *m, struct span block);
void anthropic_put_moved(struct mend *m);

/* --- anthropic-fields.c: members of the body that not every model takes, as
 * those of Claude are told by their family. `off`: goes on without thinking. */
unsigned anthropic_wants(const struct upstream_model *t);
/* Has the request to begin its loops with thinking, as it will go? */
bool anthropic_by_budget(const struct mend *m);
void anthropic_fields(struct mend *m, bool off);
/* --- anthropic-schemas.c: of tools */
void anthropic_schemas(struct mend *m);
/* --- mend-names.c: of tools. */
void anthropic_names(struct mend *m);
/* --- anthropic-media.c */
/* Images and documents: what they are, and how their data stands there. */
void anthropic_media(struct mend *m, struct span block);
/* A block that the other side alone may have: true when it goes. */
bool anthropic_misplaced(struct mend *m, struct jwalk *w, bool assistant);
/* --- anthropic-marks.c */
/* What a message has from the answer that it was. */
void anthropic_echo(struct mend *m, struct span message);
/* Members of blocks that are none of the API's; of cache_control no more than
 * are taken: the last ones stay. */
void anthropic_block_members(struct mend *m);
/* Calls need declared tools: those that are called, where there are none. */
void anthropic_called(struct mend *m, struct span name);
void anthropic_declare(struct mend *m);

#endif
