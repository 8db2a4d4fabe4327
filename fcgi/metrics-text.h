/* SPDX-License-Identifier: MIT */
/*
 * metrics-text: the text that Prometheus reads, in both of its forms: 0.0.4,
 * and OpenMetrics 1.0, which differs in the names of families and in its end.
 *
 * A family first, then all of its samples: a sample is its name, its labels and
 * its value. Begin with metrics_init. Overflow shows as out->full.
 */
#ifndef DARIO_METRICS_TEXT_H
#define DARIO_METRICS_TEXT_H

#include "base/buf.h"

#include <stdint.h>

struct metrics {
	struct buf *out;
	bool open; /* OpenMetrics */
	const char *family;
	const char *suffix; /* of its samples: "_total" of a counter */
	unsigned labels;    /* of the sample so far */
};

enum metrics_type {
	METRICS_COUNTER, /* its name is without "_total" */
	METRICS_GAUGE,
	METRICS_HISTOGRAM
};

void metrics_init(struct metrics *m, struct buf *out, bool open);
const char *metrics_content_type(const struct metrics *m);
void metrics_family(struct metrics *m, enum metrics_type type, const char *name,
		    const char *help);
void metrics_sample(struct metrics *m);
/* "_bucket" and such in the place of the family's own suffix. */
void metrics_sample_of(struct metrics *m, const char *suffix);
void metrics_label(struct metrics *m, const char *name, const char *value);
void metrics_int(struct metrics *m, int64_t value);
void metrics_double(struct metrics *m, double value);
void metrics_end(struct metrics *m);

#endif
