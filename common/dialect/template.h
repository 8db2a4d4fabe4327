/* SPDX-License-Identifier: MIT */
/*
 * template: what is added to a request for an Anthropic backend.
 *
 * The client's own values always win: a field that it gave stays, its system
 * text follows ours unchanged, and when it set a cache breakpoint anywhere no
 * other is placed. Keys of the file, all optional:
 *
 *	system      text, or a list of texts, put before the client's
 *	max_tokens  number
 *	thinking    as in the API; left out where the client's own values
 *	            would make the API refuse it
 *	effort      low, medium, high, xhigh or max (output_config.effort)
 *	betas       list of names for the header anthropic-beta
 *	metadata    object; members that the client gave stay
 *	order       list of top-level fields, which then come first
 *	cache       false; or an object: tools, system (true or false), turns
 *	            (0 to 4: the last turns of the user), ttl ("5m" or "1h")
 *
 * Without a file only the cache breakpoints are placed: on the last tool, on
 * the system text and on the last two turns of the user. The API allows four.
 *
 * A template is immutable and may be shared by threads.
 * Sources: Anthropic Messages API reference; prompt caching; extended thinking.
 */
#ifndef DARIO_TEMPLATE_H
#define DARIO_TEMPLATE_H

#include "base/json.h"

#define TEMPLATE_SYSTEM_MAX 16 /* texts */
#define TEMPLATE_BETAS_MAX 32
#define TEMPLATE_ORDER_MAX 64
#define TEMPLATE_NAME_MAX 128  /* bytes of a beta's or a field's name */
#define TEMPLATE_BREAKPOINTS 4 /* that the API takes */

struct template;

/* `file` may be NULL: the shipped default. NULL with ERR_CONFIG that names the
 * key. `file` stays the caller's. */
struct template *template_parse(struct json_object *file, struct err *e);
void template_free(struct template *t); /* NULL is fine */
/* From a file, not the shipped default? */
bool template_is_given(const struct template *t);

struct template_use {
	bool count; /* for count_tokens: no max_tokens, no metadata */
	/* Of a request that came in another API: */
	bool max_tokens_ours; /* the client has set no limit */
	bool effort_given;    /* the client has said how much to think */
};

/* Put the defaults into `body`, after tools were mapped. */
void template_apply(const struct template *t, struct json_object *body,
		    const struct template_use *use);

/* To a list for the header anthropic-beta: ours that are not in it. */
void template_betas(const struct template *t, struct buf *list);

#endif
