/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/metrics-text.h"

#include "base/jw.h"
#include "base/utf8.h"

#include <string.h>

#define LABEL_MAX 512

void metrics_init(struct metrics *m, struct buf *out, bool open)
{
	*m = (struct metrics){ .out = out, .open = open };
}

const char *metrics_content_type(const struct metrics *m)
{
	return m->open ? "application/openmetrics-text; version=1.0.0; "
			 "charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

void metrics_family(struct metrics *m, enum metrics_type type, const char *name,
		    const char *help)
{
	static const char *const types[] = {
		[METRICS_COUNTER] = "counter",
		[METRICS_GAUGE] = "gauge",
		[METRICS_HISTOGRAM] = "histogram",
	};
	const char *end;

	m->family = name;
	m->suffix = type == METRICS_COUNTER ? "_total" : "";
	end = m->open ? "" : m->suffix;
	buf_fmt(m->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, end, help,
		name, end, types[type]);
}

void metrics_sample_of(struct metrics *m, const char *suffix)
{
	buf_str(m->out, m->family);
	buf_str(m->out, suffix);
	m->labels = 0;
}

void metrics_sample(struct metrics *m)
{
	metrics_sample_of(m, m->suffix);
}

/* Names come from outside. */
static void put_text(struct buf *out, const char *s)
{
	struct span text = utf8_fit(span_of(s), LABEL_MAX);
	char clean[LABEL_MAX];
	size_t n = text.n;

	memcpy(clean, text.p, n);
	n = utf8_clean(clean, n);
	for (size_t i = 0; i < n; i++) {
		if (clean[i] == '"' || clean[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, clean[i]);
	}
}

void metrics_label(struct metrics *m, const char *name, const char *value)
{
	buf_byte(m->out, m->labels++ ? ',' : '{');
	buf_fmt(m->out, "%s=\"", name);
	put_text(m->out, value);
	buf_byte(m->out, '"');
}

static void end_labels(struct metrics *m)
{
	buf_str(m->out, m->labels ? "} " : " ");
}

void metrics_int(struct metrics *m, int64_t value)
{
	end_labels(m);
	buf_int(m->out, value);
	buf_byte(m->out, '\n');
}

void metrics_double(struct metrics *m, double value)
{
	struct jw w = jw_to(m->out);

	end_labels(m);
	jw_double(&w, value);
	buf_byte(m->out, '\n');
}

void metrics_end(struct metrics *m)
{
	if (m->open)
		buf_str(m->out, "# EOF\n");
}
