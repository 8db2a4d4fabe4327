/* SPDX-License-Identifier: MIT */
/*
 * quirks: what a provider refuses or needs, as switches.
 *
 * One table has a row for each: its key in backends/NAME.json and in
 * share/providers.json, and its explanation for the manual. What a file says
 * goes over what is known of the provider: quirks_fill adds only what was not
 * said. Plain data.
 */
#ifndef DARIO_QUIRKS_H
#define DARIO_QUIRKS_H

#include "base/json.h"

struct quirks {
	bool max_completion_tokens; /* name of the field for the limit */
	bool reasoning;  /* takes reasoning_effort whatever the model */
	bool no_usage;   /* refuses stream_options */
	bool ask_usage;  /* a stream asks for its usage, whether or not the
			 * client does */
	bool tells_cost; /* in its usage, and in dollars: see usage.c */
	bool developer;  /* knows role developer, and wants it */
	bool nine_ids;   /* tool call ids of exactly 9 letters and digits */
	bool unique_ids;
	bool reasoning_content;  /* wants thinking back in history */
	bool reasoning_optional; /* ... and none where there was none */
	bool reasoning_details;  /* the same with signatures */
	bool thinking_parts;     /* knows thinking as a part of content */
	bool thought_signatures; /* Google's, on tool calls */
	bool top_k;              /* takes the extension */
	bool search;             /* takes web_search_options */
	bool custom_tools;       /* and tools of type custom, in Chat */
	bool no_custom;          /* is known to refuse them */
	bool no_strict;          /* refuses `strict` in tools */
	bool no_named_tool;      /* ignores a tool that is forced by name */
	bool format_by_chat;     /* no output_config.format in Messages */
	bool functions_only;     /* no other tools in Responses */
	bool one_system;         /* one system message, the first */
	bool system_first;       /* none after assistant or tool */
	bool alternate;          /* user and assistant take turns */
	bool user_last;          /* the last message is a user's or a result */
	bool no_images;
	bool empty_content;   /* "" where null is refused */
	bool no_empty;        /* refuses an assistant that says nothing */
	bool no_foreign;      /* refuses what others add to messages */
	bool no_extra;        /* refuses all fields that it does not know */
	bool paired;          /* refuses a call without result, and a result
			     * without call */
	bool json_arguments;  /* refuses arguments that are no JSON object */
	bool strict_messages; /* as Anthropic checks them */
	bool keys_apart;      /* each key takes its own opaque values alone */
	bool no_mend;         /* nothing is mended in the same dialect */
	bool normalize;       /* its answers are read and written anew */
	bool no_version;      /* no /v1 behind a host alone */
	int64_t id_max;       /* bytes of a call id in Chat; 0: 64 */
	int64_t max_tokens;   /* its limit; 0: unknown */
	int64_t min_tokens;   /* of an answer's limit */
	uint64_t fields;      /* of Chat that it takes, as bits; 0: all */
	uint64_t given;       /* rows that were said, as bits */
};

enum quirk_kind {
	QUIRK_FLAG,
	QUIRK_OFF, /* a flag that is true unless it is said not to be */
	QUIRK_NUMBER,
	QUIRK_FIELDS, /* a list of names of Chat's fields */
};

struct quirk_row {
	const char *key;
	enum quirk_kind kind;
	size_t at;   /* in struct quirks */
	int64_t min; /* of a number that is not 0 */
	const char *help;
};

extern const struct quirk_row quirk_rows[]; /* ends with key == NULL */

/* The switches among the members of `file`, all others off. */
int quirks_parse(struct quirks *q, struct json_object *file, struct err *e);
/* What `q` does not say, from `more`. */
void quirks_fill(struct quirks *q, const struct quirks *more);
/* Their names: puts at most `max` and gives how many. */
size_t quirks_keys(const char **out, size_t max);

/* Is it known not to take tools of type custom? Where nothing is known they
 * stay what they are in their own dialect. */
bool quirks_lack_custom(const struct quirks *q);

/* May a field stand at the top of a Chat request? */
bool quirks_take_field(const struct quirks *q, struct span name);

#endif
