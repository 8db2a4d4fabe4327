/* SPDX-License-Identifier: MIT */
/* unit-limits: limits as the fields of an answer give them, and what they say
 * of a model. */
#ifndef DARIO_UNIT_LIMITS_H
#define DARIO_UNIT_LIMITS_H

#include "unit.h"

#include "base/clock.h"
#include "state/pool/limits-read.h"

#include <string.h>

#define MINUTE (60 * 1000)
#define HOUR (60 * MINUTE)

/* Header fields as "name: value" lines. */
static inline bool field(const void *arg, size_t *at, struct span *name,
			 struct span *value)
{
	const char *line = (const char *)arg + *at;
	size_t n = strcspn(line, "\n"), colon = strcspn(line, ":");

	if (!*line || colon > n)
		return false;
	*name = (struct span){ line, colon };
	*value = (struct span){ line + colon + 2, n - colon - 2 };
	*at += n + (line[n] == '\n');
	return true;
}

static struct limits_told said; /* by the last `taken` */

static inline struct asked of(const char *model)
{
	struct asked a;

	asked_claude(&a, model);
	return a;
}

static inline struct limits taken(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
static inline struct limits taken(const char *fmt, ...)
{
	struct asked a = of("claude-x");
	struct limits l = { 0 };
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	limits_take(&l, &a, field, text, &said);
	return l;
}

static inline double headroom(const struct limits *l, const char *model,
			      int64_t now)
{
	struct asked a = of(model);

	return limits_headroom(l, &a, now);
}

static inline enum limit_cause cause(const struct limits *l, const char *model,
				     int64_t now)
{
	struct asked a = of(model);

	return limits_cause(l, &a, now);
}

static inline int64_t until(const struct limits *l, const char *model,
			    int64_t now)
{
	struct asked a = of(model);

	return limits_until(l, &a, now);
}

static inline void use_window(struct limits *l, const char *name, double share,
			      int64_t reset)
{
	struct window w = { .used = share, .reset = reset };

	strcpy(w.name, name);
	limits_put_window(l, &w);
}

/* As it is, but for what is used. */
static inline void use_more(struct limits *l, const char *name, double share)
{
	use_window(l, name, share, limits_window_reset(l, name));
}

/* -1: there is none of that name. */
static inline double used(const struct limits *l, const char *name)
{
	const struct window *w = limits_known_window(l, name);

	return w ? w->used : -1;
}

#define U "anthropic-ratelimit-unified-"

#endif
