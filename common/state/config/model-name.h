/* SPDX-License-Identifier: MIT */
/*
 * model-name: what people write for a model, and whose it may be. Pure.
 */
#ifndef DARIO_MODEL_NAME_H
#define DARIO_MODEL_NAME_H

#include "base/buf.h"
#include "base/glob.h"
#include "dialect/peek.h"

#define MODEL_MILLION "[1m]" /* behind a name: with the long context */

struct model_name {
	char text[PEEK_MODEL_MAX + 1];
};

/* Without MODEL_MILLION, in *out; false when it does not end so. */
bool model_name_million(const char *name, struct model_name *out);
/* Without a date (-20250929, -2024-08-06, @20250929), -latest or :latest; NULL
 * when it has none. Else in *out. */
const char *model_name_undated(const char *name, struct model_name *out);
/* What follows models/, anthropic/ or openai/, written with a slash or a colon;
 * NULL when it does not begin so. */
const char *model_name_bare(const char *name);
/* A family of Claude's or a model, in any case: opus, sonnet1m, haiku-4.5,
 * claude-opus-latest, Claude-x. */
bool model_name_is_claude(const char *name);
/* "opus" of "opus", "opus1m", "claude-opus", "opus-latest" and the like, or
 * NULL. *million: the long context is asked for. */
const char *model_name_family(const char *name, bool *million);
/* In small letters; false when it is, or is too long. */
bool model_name_small(const char *name, struct model_name *out);
/* As Anthropic writes it, where others have capitals, a dot or an @:
 * Claude-Opus-4.5, claude-opus-4-5@20251101. False: it is, or it is none that
 * begins with claude-. */
bool model_name_as_claude(const char *name, struct model_name *out);
/* Another provider's, as far as a name can tell? */
bool model_name_is_foreign(const char *name);
/* The same but for what model_name_undated leaves out? Two dates are not; the
 * latest is of any. */
bool model_name_same(const char *a, const char *b);

/* A pattern for names, of many: what most names lack is seen without a look at
 * either text. */
struct model_pattern {
	char *text;     /* as fnmatch takes it */
	uint64_t needs; /* see glob.h; of what model_name_undated leaves */
};

void model_pattern_init(struct model_pattern *p, struct span text);
void model_pattern_release(struct model_pattern *p);

/* A name that is asked for, and what patterns see of it. */
struct asked_name {
	const char *model;
	const char *undated; /* see model_name_undated; or NULL */
	uint64_t has;
	struct model_name text;
};

void asked_name_init(struct asked_name *a, const char *model);
/* Is the name meant? A pattern that is a name may have a date as well. */
bool model_pattern_matches(const struct model_pattern *p,
			   const struct asked_name *a);

#endif
