/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/item-ids.h"

#include "base/fnv.h"

#include <stdio.h>
#include <string.h>

#define NUMBER 2 /* digits, behind the stem */
#define SUM 2
#define WHOLE (ITEM_IDS_STEM + NUMBER + SUM)

static const char digits[] =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#define DIGITS (sizeof(digits) - 1)

static void put(char *out, uint64_t n)
{
	out[0] = digits[n / DIGITS % DIGITS];
	out[1] = digits[n % DIGITS];
}

static void put_sum(char *out, const char *before)
{
	uint64_t hash = FNV_START;

	for (int i = 0; i < ITEM_IDS_STEM + NUMBER; i++)
		hash = fnv_byte(hash, (unsigned char)before[i]);
	put(out, hash >> 16);
}

void item_ids_make(char *id, size_t size, const char *prefix, const char *stem,
		   unsigned n)
{
	char rest[WHOLE + 1] = { 0 };

	memcpy(rest, stem, ITEM_IDS_STEM);
	put(rest + ITEM_IDS_STEM, n);
	put_sum(rest + ITEM_IDS_STEM + NUMBER, rest);
	snprintf(id, size, "%s%s", prefix, rest);
}

struct span item_ids_answer(struct span id)
{
	struct span rest = id.n > WHOLE ? span_skip(id, id.n - WHOLE)
					: SPAN("");
	char sum[SUM];

	if (!rest.n || rest.p[-1] != '_')
		return SPAN("");
	put_sum(sum, rest.p);
	if (memcmp(sum, rest.p + WHOLE - SUM, SUM))
		return SPAN("");
	rest.n = ITEM_IDS_STEM;
	return rest;
}
