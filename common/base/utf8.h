/* SPDX-License-Identifier: MIT */
/*
 * utf8: checks UTF-8 a byte at a time (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF), so a sequence may be split anywhere;
 * and makes text of foreign origin harmless.
 *
 * Foreign is what providers, clients and files say: a terminal, a log or a
 * label must not obey it. A control character (C0, DEL, C1) or a separator of
 * lines becomes a blank; what is not seen but changes what is seen (marks of
 * direction, characters without width, tags) or is no character becomes "?". A
 * character that was cut at the end of the text goes.
 */
#ifndef DARIO_UTF8_H
#define DARIO_UTF8_H

#include "base/buf.h"

#define UTF8_BOM "\xef\xbb\xbf" /* says nothing, and may stand in front */

struct utf8 {
	unsigned char left;   /* continuation bytes still due */
	unsigned char lo, hi; /* allowed range of the next one */
};

/* Take one byte; false when it cannot stand here (state starts anew). */
bool utf8_take(struct utf8 *u, unsigned char c);
/* The bytes of a character, at most 4; their number. */
size_t utf8_put(unsigned char out[4], unsigned c);

/* How many bytes at the beginning are ASCII that a JSON string takes as it is:
 * no control characters, quotes or backslashes. */
size_t utf8_plain(struct span s);
/* Of UTF-8: bytes that begin a character. */
size_t utf8_chars(struct span s);

/* In place; the new length, which is never more. */
size_t utf8_clean(char *p, size_t n);
void utf8_clean_str(char *s);       /* up to its NUL */
void utf8_clean_buf(struct buf *b); /* all of it */
/* The same for JSON text, which stays what it says: what would be replaced in
 * its strings is written as \uXXXX; blanks between values stay. */
void utf8_escape_json(struct buf *out, struct span json);
/* The longest beginning of at most `max` bytes that cuts no character. */
struct span utf8_fit(struct span s, size_t max);

#endif
