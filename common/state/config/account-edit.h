/* SPDX-License-Identifier: MIT */
/*
 * account-edit: changes an account's file, for the commands and for the page:
 * what one of them refuses the other refuses, too. Errors name the flags of the
 * command.
 */
#ifndef DARIO_ACCOUNT_EDIT_H
#define DARIO_ACCOUNT_EDIT_H

#include "state/config/snapshot.h"

/* What is set beside the key. */
struct account_choices {
	long reserve, priority;      /* -1: left as it is */
	const char *proxy, *ca_file; /* NULL: left; "": taken out */
};

/* Checks all; `reserve` and `priority` as they were given, or NULL. */
int account_take_choices(struct account_choices *x, const char *reserve,
			 const char *priority, struct err *e);
bool account_any_choice(const struct account_choices *x);
/* Into the file; a key ("" none) takes the place of tokens. */
int account_change(const char *home, const char *alias, const char *file,
		   struct span key, const struct account_choices *x,
		   struct err *e);

/* The pools one after the other: Claude's, then those of the backends; NULL at
 * the end. */
const struct accounts *accounts_pool(const struct snapshot *cfg, size_t i);
const char *accounts_pool_name(const struct accounts *p);

/* One key twice in a pool would be one limit that is counted twice; one name
 * twice in it could not be told apart. */
int account_check_others(const struct snapshot *cfg, const char *alias,
			 const char *file, struct span key, struct err *e);

/* The alias of one that is added; errors call it so. */
#define ACCOUNT_ALIAS "an account's alias"
int account_check_alias(const char *alias, struct err *e);
/* The file of one with a key, of this backend (NULL: Claude's); its folder is
 * there then. */
int account_place(const struct snapshot *cfg, const char *home,
		  const char *alias, const char *backend, char *file, size_t n,
		  struct err *e);

/* Leave it alone, or use it again and forget what was learnt of it. */
int account_pause(const char *home, const struct account *a, bool paused,
		  struct err *e);

#endif
