/* SPDX-License-Identifier: MIT */
/*
 * member: what the files of the home may hold, a row for each member.
 *
 * One table for each kind of file: it says which members are known and of which
 * type they are, and makes doc/configuration.md. What a member means is read
 * where it is used; the ranges that stand here as text are held against that by
 * tests/sh/reference.t.
 * Settings (option.h) and switches of a backend (quirks.h) have tables of their
 * own. Plain data.
 */
#ifndef DARIO_MEMBER_H
#define DARIO_MEMBER_H

#include "state/config/note.h"

enum member_type {
	MEMBER_ANY, /* it is not ours */
	MEMBER_TEXT,
	MEMBER_FLAG,
	MEMBER_WHOLE,
	MEMBER_NUMBER,
	MEMBER_LIST,
	MEMBER_OBJECT,
};

struct member {
	const char *name;
	enum member_type type;
	const char *takes;   /* "0 to 3600000, in milliseconds" */
	const char *preset;  /* without it; "" nothing */
	const char *example; /* as JSON; "" never written by hand */
	const char *help;
};

/* Each ends with name == NULL. */
extern const struct member backend_members[]; /* and quirk_rows */
extern const struct member account_members[]; /* a backend's further keys too */
extern const struct member rule_members[];
extern const struct member key_members[];
extern const struct member price_members[];
extern const struct member image_members[];

/* Puts the names, NULL behind them: room for MEMBERS_MAX + 1 of them. */
#define MEMBERS_MAX 32
size_t member_names(const struct member *rows, const char **out);
/* A note for each member of `o` that is none of them: notes_unknown. */
void member_unknown(struct notes *n, bool grave, const char *where,
		    struct json_object *o, const struct member *rows);

/* Refuses by name what is of another type: it is never read as absent. null is
 * as good as nothing. ERR_CONFIG; "not a JSON object" when `o` is none. */
int member_check(struct json_object *o, const struct member *rows,
		 struct err *e);
/* The whole number of that name, `preset` without one. ERR_CONFIG when it is
 * none, or not from `least` to `most`. */
int member_number(struct json_object *o, const char *name, long least,
		  long most, long preset, long *out, struct err *e);
/* The members "proxy" and "caFile", borrowed from `o`; NULL: not there.
 * ERR_CONFIG when they cannot be what they are for. */
int member_way(struct json_object *o, const char **proxy, const char **ca,
	       struct err *e);

#endif
