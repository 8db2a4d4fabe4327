/* SPDX-License-Identifier: MIT */
/*
 * account: one account of a provider, as it stands in its file.
 *
 *	credentials.json      {"claudeAiOauth":{"accessToken":"...",
 *	                       "refreshToken":"...","expiresAt":1764000000000,
 *	                       "scopes":["user:inference"]}}
 *	accounts/ALIAS.json   {"alias":"...","accessToken":"...",...} with the
 *	                      same keys, or {"alias":"...","apiKey":"..."}
 *
 * and backends/NAME/ALIAS.json {"alias":"...","apiKey":"..."} for further keys
 * of another backend. Also: reserve, priority, paused, proxy, caFile.
 *
 * The log-in of credentials.json is the account "login". When there is no
 * account of our own, Claude Code's log-in is used ("claude-code"): only read,
 * never refreshed, for its refresh token is good for one use and is Claude
 * Code's. Unknown keys stay in the files. A file that cannot be used makes an
 * account with a `problem` that names it, and is not touched. Accounts are
 * immutable once loaded; times are milliseconds since 1970.
 */
#ifndef DARIO_ACCOUNT_H
#define DARIO_ACCOUNT_H

#include "base/err.h"
#include "base/json.h"
#include "base/store.h"
#include "state/config/note.h"

#define ACCOUNT_ALIAS_MAX 64
#define ACCOUNT_TOKEN_MAX 8192 /* bytes of a token or key */
#define ACCOUNTS_MAX 256
#define ACCOUNT_REFRESH_AHEAD_MS (30 * 60 * 1000)

#define ACCOUNT_SIGN_BYTES 17
/* What is paid anyway goes before what is paid by use. */
#define ACCOUNT_PRIORITY_PLAN 10
#define ACCOUNT_PRIORITY_KEY 20
#define ACCOUNT_PRIORITY_MAX 1000

#define ACCOUNT_LOGIN "login"
#define ACCOUNT_LOGIN_FILE "credentials.json"
#define ACCOUNT_OAUTH "claudeAiOauth" /* where credentials.json has it */
#define ACCOUNT_CLAUDE_CODE "claude-code"

struct standing;

struct account {
	char alias[ACCOUNT_ALIAS_MAX + 1];
	char file[2 * ACCOUNT_ALIAS_MAX + 32]; /* below the home; "" borrowed */
	char *api_key;                         /* or NULL: a subscription */
	char *access_token, *refresh_token;    /* may be NULL */
	int64_t expires_at;                    /* 0: unknown */
	long reserve;  /* percent of its limit that is left alone */
	long priority; /* smaller ones are used first */
	bool paused;   /* by a person */
	bool borrowed; /* Claude Code's */
	bool shared;   /* with other hosts (credential.h) */
	char *proxy;   /* on the way, or NULL: as the backend has it */
	char *ca_file; /* of certificates to trust, or NULL: the same */
	char *problem; /* why it cannot be used, or NULL */
	/* Once it is loaded: */
	char name[2 * ACCOUNT_ALIAS_MAX + 2]; /* unique among all pools */
	char sign[ACCOUNT_SIGN_BYTES];        /* see account_sign */
	uint64_t serial;                      /* of this loading */
	struct standing *standing;
};

/* The pool of one backend. */
struct accounts {
	struct account *list;
	size_t n;
	int64_t ask_again; /* clock_ms when a key store is to be asked; or 0 */
	bool others;       /* of a backend that is not Claude */
	char backend[ACCOUNT_ALIAS_MAX + 1];
};

/* What loading has looked at, so that a change is noticed: below `root`. Where
 * one is asked for it may be NULL. */
typedef void account_watch_fn(void *arg, const char *root, const char *name);

int accounts_load(struct accounts *out, const char *home,
		  account_watch_fn *watch, void *arg, struct err *e);
/* The keys of another backend: its own, which may be NULL, as the account that
 * has the backend's name, and those of backends/NAME/. `file` is the
 * backend's. */
int accounts_load_keys(struct accounts *out, const char *home, const char *name,
		       struct json_object *file, account_watch_fn *watch,
		       void *arg, struct err *e);
void accounts_release(struct accounts *a);
/* Those of our files that cannot be used. */
void accounts_note(struct notes *n, const struct accounts *a);
/* Keys of the pool's files that are none of ours: they may be another
 * program's, so no note is grave. */
void accounts_unknown(struct notes *n, const char *home,
		      const struct accounts *a);
const struct account *accounts_find(const struct accounts *a,
				    const char *alias);

/* Is the access token good for another `ahead_ms`? An API key always is. */
bool account_fresh(const struct account *a, int64_t ahead_ms);
/* Can dario get it a new token? */
bool account_refreshable(const struct account *a);

/* The header field with the credential. A subscription's token needs the
 * beta field as well. */
#define ACCOUNT_BETA "oauth-2025-04-20"
#define ACCOUNT_BETA_FIELD "anthropic-beta: " ACCOUNT_BETA
void account_credential(const struct account *a, struct buf *out);

/* A short hash of the credential: tells a new log-in from the old one. */
void account_sign(const struct account *a, char *out, size_t n);

/* "accounts/ALIAS.json", or of a backend: "backends/NAME/ALIAS.json" */
void account_file(const char *alias, char *out, size_t n);
void account_key_file(const char *backend, const char *alias, char *out,
		      size_t n);
/* Its name among all pools, as what is known of it is called. */
const char *account_name(const struct account *a);
const char *account_kind(const struct account *a); /* "api-key" */
/* One account anew from its file: 0, 1 it is gone, -1. Release it. */
int account_read(const char *home, const char *file, struct account *out,
		 struct err *e);
void account_release(struct account *a);
int account_copy(struct account *to, const struct account *from); /* always 0 */

/* Fresh tokens, as an authorization server gave them. */
struct tokens {
	char access[ACCOUNT_TOKEN_MAX], refresh[ACCOUNT_TOKEN_MAX];
	int64_t expires_at;
	char scopes[1024]; /* separated by blanks; "" not said */
};

/* The file's text with these tokens in it, all other keys kept; NULL with an
 * error. `file` is "credentials.json" or below accounts/. json_object_put. */
struct json_object *account_with_tokens(const char *home, const char *file,
					const struct tokens *t, struct err *e);

#endif
