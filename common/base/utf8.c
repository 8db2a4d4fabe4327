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
