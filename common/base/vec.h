/* SPDX-License-Identifier: MIT */
/*
 * vec: many bytes at a time. Sixteen by the vectors of GCC and Clang, which
 * every machine has or is given: a comparison gives 0 or -1 for each byte; they
 * are signed, so that what is outside ASCII is below 0.
 */
#ifndef DARIO_VEC_H
#define DARIO_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef signed char vec __attribute__((vector_size(16)));
/* To count in: up to 255 in each byte. */
typedef unsigned char vec_count __attribute__((vector_size(16)));

#define VEC_BYTES sizeof(vec)

/* Eight bytes, for what is mostly short: the first is the lowest. */
#define VEC_ONES UINT64_C(0x0101010101010101)
#define VEC_TOPS (VEC_ONES << 7)

static inline uint64_t vec_eight(const void *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(x)
						      : x;
}

static inline vec vec_at(const void *p)
{
	vec v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Is every byte -1? */
static inline bool vec_all(vec v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	return (half[0] & half[1]) == UINT64_MAX;
}

static inline size_t vec_sum(vec_count v)
{
	const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
	uint64_t half[2], pairs;

	memcpy(half, &v, sizeof(half));
	pairs = (half[0] & even) + (half[0] >> 8 & even) + (half[1] & even) +
		(half[1] >> 8 & even);
	return (size_t)(pairs * UINT64_C(0x0001000100010001) >> 48);
}

#endif
