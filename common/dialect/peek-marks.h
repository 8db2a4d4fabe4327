/* SPDX-License-Identifier: MIT */
/*
 * peek-marks: what of the strings that peek reads are marks (enum peek_mark).
 * Private to peek.c.
 *
 * peek_mark_member at the value of each member; then, while k->watch, every
 * decoded byte of the string goes to peek_watch_byte, and its end is told to
 * peek_mark_string. While k->sealed is not PEEK_NO_SEAL, its first bytes go to
 * peek_look_for_seal.
 */
#ifndef DARIO_PEEK_MARKS_H
#define DARIO_PEEK_MARKS_H

#include "dialect/peek.h"

#define PEEK_SEAL_HEAD "dario" /* how a seal begins */
#define PEEK_NO_SEAL 255

void peek_mark_member(struct peek *k);
void peek_mark_top(struct peek *k);  /* the same of the body's own */
void peek_mark_null(struct peek *k); /* a member is null */
/* The value of a member begins with this byte, and k->typed is another. */
void peek_mark_type(struct peek *k, unsigned char c);
void peek_mark_element(struct peek *k); /* in a list, and no object */
void peek_mark_push(struct peek *k);    /* an object has begun */
void peek_mark_pop(struct peek *k);     /* or ended */
void peek_mark_end(struct peek *k);
void peek_mark_text(struct peek *k); /* a string that is not watched ends */
void peek_watch_byte(struct peek *k, unsigned char c);
void peek_watch_run(struct peek *k, struct span bytes); /* many */
void peek_mark_string(struct peek *k);
void peek_look_for_seal(struct peek *k, unsigned char c);

#endif
