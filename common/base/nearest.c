/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/nearest.h"

#include <ctype.h>
#include <stddef.h>

#define WORD_MAX 64 /* longer ones are nobody's mistake */

/* What counts of a word; its length, or WORD_MAX when it is too long. */
static size_t fold(const char *word, char out[WORD_MAX])
{
	size_t n = 0;

	for (; *word && n < WORD_MAX; word++)
		if (*word != '-' && *word != '_')
			out[n++] = (char)tolower((unsigned char)*word);
	return n;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, add, leave out or swap with the next (optimal string
 * alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1];
	size_t *now = rows[2], *spare;

	for (size_t k = 0; k <= m; k++)
		last[k] = k;
	for (size_t i = 1; i <= n; i++) {
		now[0] = i;
		for (size_t k = 1; k <= m; k++) {
			size_t cost = a[i - 1] != b[k - 1];

			now[k] = least(least(last[k], now[k - 1]) + 1,
				       last[k - 1] + cost);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				now[k] = least(now[k], before[k - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

const char *nearest(const char *word, const char *const *words)
{
	char a[WORD_MAX], b[WORD_MAX];
	size_t n = fold(word, a), best = n / 3 + 1;
	const char *found = NULL;

	for (; *words && n && n < WORD_MAX; words++) {
		size_t m = fold(*words, b), d;

		if (m == WORD_MAX)
			continue;
		d = distance(a, n, b, m);
		if (d < best) {
			best = d;
			found = *words;
		}
	}
	return found;
}
