/* SPDX-License-Identifier: MIT */
/*
 * anthropic-mend: rules for a Messages request that is not translated. Private
 * to anthropic-mend.c, which walks through it, anthropic-pairs.c (calls and
 * their results) and anthropic-marks.c (the rest of the body).
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
