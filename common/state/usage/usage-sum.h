/* SPDX-License-Identifier: MIT */
/*
 * usage-sum: requests, tokens, cost and times added up.
 *
 * Token classes are disjoint in what is shown; what a model costs may be
 * unknown, and is counted as such. A sum is plain data without pointers: it
 * stands in files (usage-file.h) as it is. Files can be edited, so no counter
 * is trusted and none overflows.
 */
#ifndef DARIO_USAGE_SUM_H
#define DARIO_USAGE_SUM_H

#include "base/json.h"
#include "base/jw.h"
#include "state/usage/history.h"

/* By what sums are kept apart. */
enum usage_dim {
	USAGE_KEY, /* name of a person's key; "": the owner's */
	USAGE_MODEL,
	USAGE_BACKEND,
	USAGE_ACCOUNT, /* a backend's own key has the backend's name */
	/* from here on only in the sums of hours and days */
	USAGE_SESSION,
	USAGE_AGENT,
	USAGE_USER, /* hashed */
	USAGE_DIMS
};
#define USAGE_LASTING USAGE_SESSION /* how many are in the sums of all time */

extern const char *const usage_dim_names[USAGE_DIMS];
extern const char usage_other[]; /* what is beyond a cap */

/* Everything in thousandths: milliseconds, a thousandth of a token. */
enum usage_hist_kind {
	USAGE_DURATION,   /* of the request, in seconds */
	USAGE_FIRST_BYTE, /* until the answer's first byte, in seconds */
	USAGE_RATE,       /* tokens of output a second */
	USAGE_HISTS
};

#define USAGE_BOUNDS 16
struct usage_hist {
	int64_t sum;
	uint32_t n[USAGE_BOUNDS + 2]; /* not beyond bounds[i]; then the rest */
};

struct usage_hist_form {
	const char *name; /* in JSON */
	size_t n;
	int64_t bounds[USAGE_BOUNDS];
};
extern const struct usage_hist_form usage_hist_forms[USAGE_HISTS];

/* What of struct usage is kept: it stands in files. */
struct usage_kept {
	int64_t input, cache_read, cache_write, output, reasoning;
	int64_t cache_write_1h, searches;
};

struct usage_sum {
	int64_t requests;
	int64_t status[6]; /* by the first digit; 0: there was no answer */
	int64_t partial, fallbacks;
	int64_t unpriced; /* requests whose cost is not known */
	int64_t unknown;  /* requests whose usage is not known */
	struct usage_kept usage;
	int64_t cost; /* billionths of a dollar, of the others */
	struct usage_hist hists[USAGE_HISTS];
	int64_t estimated; /* requests whose usage is, by their text */
};

/* That stays in range, whatever is added. */
void usage_sum_plus(int64_t *to, int64_t n);
void usage_sum_add(struct usage_sum *s, const struct history_record *r);
void usage_sum_merge(struct usage_sum *s, const struct usage_sum *more);

int64_t usage_sum_errors(const struct usage_sum *s);
double usage_sum_dollars(const struct usage_sum *s);
/* Is there more than the cost says? */
bool usage_sum_cost_unknown(const struct usage_sum *s);
int64_t usage_hist_count(const struct usage_hist *h);
/* Where that share (0 to 1) of the values lies below; there must be some. */
double usage_hist_quantile(const struct usage_hist *h,
			   enum usage_hist_kind kind, double share);

/* As members "counts" and "hists" of JSON, and back: what a newer version has
 * beyond these stands behind them. */
void usage_sum_write(struct jw *w, const struct usage_sum *s);
void usage_sum_read(struct json_object *o, struct usage_sum *out);

/* The members of its JSON form, that /analytics shows. */
void usage_sum_put(struct jw *w, const struct usage_sum *s);

#endif
