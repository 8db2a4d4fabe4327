/* SPDX-License-Identifier: MIT */
/*
 * utf8: checks UTF-8 a byte at a time (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF), so a sequence may be split anywhere.
 */
#ifndef DARIO_UTF8_H
#define DARIO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

struct utf8 {
	unsigned char left;   /* continuation bytes still due */
	unsigned char lo, hi; /* allowed range of the next one */
};

/* Take one byte; false when it cannot stand here (state starts anew). */
bool utf8_take(struct utf8 *u, unsigned char c);
/* The bytes of a character, at most 4; their number. */
size_t utf8_put(unsigned char out[4], unsigned c);

#endif
