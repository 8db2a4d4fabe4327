/* SPDX-License-Identifier: MIT */
/*
 * setup: what dario setup finds on this machine, and what would become of it.
 *
 * The finders (setup-*.c) read and ask; they change nothing. Each tells the
 * plan what it has found, with its source, through setup_offer and the like,
 * which leave out what is there already. setup_apply then adds what is left, by
 * the functions of the commands. Keys are in the plan, and are never shown. All
 * texts live in its arena.
 */
#ifndef DARIO_SETUP_H
#define DARIO_SETUP_H

#include "base/arena.h"
#include "base/json.h"
#include "state/config/snapshot.h"

#define SETUP_MAX 512 /* things; what comes behind them is counted */

enum setup_kind {
	SETUP_BACKEND,
	SETUP_ACCOUNT,
	SETUP_ROUTE,
	SETUP_OTHER, /* what dario has no place for, or adds by itself */
};

enum setup_state {
	SETUP_ADD,
	SETUP_THERE,
	SETUP_LEFT, /* `note` says why */
	SETUP_ADDED,
	SETUP_FAILED, /* the same */
};

struct setup_item {
	enum setup_kind kind;
	enum setup_state state;
	const char *name, *source;
	const char *url, *protocol, *models; /* of a backend, or NULL */
	const char *pool;                    /* an account's; NULL: Claude's */
	const char *target, *fallback;       /* of a rule; or NULL */
	const char *key, *env; /* one of them, or none; never shown */
	const char *key_from; /* the variable that it is copied from; or NULL */
	const char *note;
};

struct setup {
	const char *home;
	const struct snapshot *config;
	bool no_copy; /* keys stay in the environment */
	struct arena arena;
	struct json_object *rows; /* of share/providers.json */
	struct setup_item items[SETUP_MAX];
	size_t n, cut;
};

/* --- for finders ---------------------------------------------------------- */

/* A place where models are, as somebody else has it. */
struct setup_offer {
	const char *source;
	const char *provider; /* an id of share/providers.json, or NULL */
	const char *name;     /* as it is called there; NULL: by its address */
	const char *url;      /* NULL: that of the provider */
	const char *key;      /* or NULL */
	const char *env;      /* the variable that has it, or NULL */
	const char *protocol, *models; /* or NULL */
};

/* The backend that it is or becomes, "claude" for the accounts; NULL when it
 * cannot be added: the plan says why. */
const char *setup_offer(struct setup *s, const struct setup_offer *o);
void setup_rule(struct setup *s, const char *match, const char *target,
		const char *fallback, const char *source);
/* What is there, or is left where it is. */
void setup_other(struct setup *s, enum setup_state state, const char *name,
		 const char *source, const char *note);

/* The row of that id, or of that name at LiteLLM; or NULL. Borrowed. */
struct json_object *setup_row(const struct setup *s, const char *id);
/* Below $HOME, from the arena. */
const char *setup_home_path(struct setup *s, const char *name);
/* As people are shown it: "~/x". */
const char *setup_shown_path(struct setup *s, const char *path);

void setup_find_environment(struct setup *s);
void setup_find_local(struct setup *s); /* servers that answer */
void setup_find_login(struct setup *s); /* Claude Code's */
/* `path` NULL: where it usually is. A named file that cannot be read is an
 * error. */
void setup_find_dario(struct setup *s);
int setup_find_ccr(struct setup *s, const char *path, struct err *e);
int setup_find_litellm(struct setup *s, const char *path, struct err *e);

/* --- for the command ------------------------------------------------------ */

size_t setup_count(const struct setup *s, enum setup_state state);
void setup_show(const struct setup *s); /* on standard output */
void setup_show_json(const struct setup *s);
/* -1 when one of them could not be added. */
int setup_apply(struct setup *s, struct err *e);

#endif
