/* SPDX-License-Identifier: MIT */
/*
 * fnv: the 64 bit hash FNV-1a, for what nobody gains by making it meet:
 * whoever could want that gets a table with a seed (names.h).
 *
 * A hash begins with FNV_START and takes one piece after the other.
 */
#ifndef DARIO_FNV_H
#define DARIO_FNV_H

#include "base/buf.h"

#include <stdint.h>

#define FNV_START 0xcbf29ce484222325u

static inline uint64_t fnv_byte(uint64_t h, unsigned char byte)
{
	return (h ^ byte) * 0x100000001b3u;
}

static inline uint64_t fnv(uint64_t h, struct span piece)
{
	for (size_t i = 0; i < piece.n; i++)
		h = fnv_byte(h, (unsigned char)piece.p[i]);
	return h;
}

#endif
