/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/utf8.h"

static bool lead(struct utf8 *u, unsigned char c)
{
	u->lo = 0x80;
	u->hi = 0xbf;
	if (c < 0x80) {
		u->left = 0;
	} else if (c >= 0xc2 && c <= 0xdf) {
		u->left = 1;
	} else if (c >= 0xe0 && c <= 0xef) {
		u->left = 2;
		if (c == 0xe0)
			u->lo = 0xa0;
		else if (c == 0xed)
			u->hi = 0x9f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		u->left = 3;
		if (c == 0xf0)
			u->lo = 0x90;
		else if (c == 0xf4)
			u->hi = 0x8f;
	} else {
		u->left = 0;
		return false;
	}
	return true;
}

bool utf8_take(struct utf8 *u, unsigned char c)
{
	if (u->left == 0)
		return lead(u, c);
	if (c < u->lo || c > u->hi) {
		u->left = 0;
		return false;
	}
	u->left--;
	u->lo = 0x80;
	u->hi = 0xbf;
	return true;
}

size_t utf8_put(unsigned char out[4], unsigned c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead_bits[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (unsigned char)(0x80 | (c & 0x3f));
	out[0] = (unsigned char)(lead_bits[n] | c);
	return n;
}
