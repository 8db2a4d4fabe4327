/* SPDX-License-Identifier: MIT */
/*
 * backend: one provider, as it stands in backends/NAME.json.
 *
 *	{"provider":"openai","name":"groq","apiKey":"k",
 *	 "baseUrl":"https://api.groq.com/openai/v1",
 *	 "protocol":"openai","models":["llama-*"]}
 *
 * In the place of apiKey: keyEnv, the name of a variable of the worker's
 * environment, read when the file is loaded; or keyCommand, a program that
 * prints the key, which is good for keyTtl seconds (key-command.h).
 *
 * Also: proxy (URL), caFile (path), headers ({"Name":"value"}), forward
 * (["Name"]), organization, project, connectTimeoutMs, firstByteTimeoutMs,
 * idleTimeoutMs, and switches for what the provider refuses or needs
 * (dialect/quirks.h). A header field with {key} in its value, or one called
 * Authorization or x-api-key, takes the place of the credential that the
 * dialect has. The base URL may end in a query, which each call gets.
 * modelsPath is where the list of models is, if it is not below the base URL:
 * "/catalog/models" on the same host.
 *
 * `protocol` names the dialects that the provider speaks, the preferred one
 * first: "openai" (Chat Completions), "responses", "anthropic", or several
 * separated by commas. Keys that we do not know are kept when a file is
 * rewritten. A backend is immutable once loaded.
 */
#ifndef DARIO_BACKEND_H
#define DARIO_BACKEND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "dialect/chat.h"
#include "state/config/account.h"
#include "state/config/key-command.h"
#include "state/config/model-name.h"
#include "state/config/note.h"
#include "state/pool/refusal.h"

#define BACKEND_DEFAULT_URL "https://api.openai.com/v1"
#define BACKEND_MODELS_MAX 256
#define BACKEND_FIELDS_MAX 16
#define BACKEND_PROVIDER_MAX 31
#define BACKEND_FIELD_MAX 4096 /* bytes of one */

struct backend {
	char *name;
	char *base_url;    /* without a slash at the end, or query */
	char *query;       /* of each call's URL, or NULL */
	char *models_path; /* of its list of models, on that host; or NULL */
	char *api_key;     /* or NULL */
	char *key_env;     /* the variable that it is from, or NULL */
	char *key_problem; /* why there is none, or NULL */
	struct key_command *key_command; /* that prints it, or NULL */
	enum dialect_id protocol;        /* the preferred one */
	bool speaks[DIALECTS];
	struct model_pattern *models;
	size_t n_models;
	struct quirks quirks;
	struct seal_origin origin; /* of what it seals */
	bool first_hand;           /* the base URL tells whose models answer */
	char provider[BACKEND_PROVIDER_MAX + 1]; /* its id, or "" */
	bool known, router; /* the provider is; it has those of others */
	bool local;         /* it is a program of the user's own */
	char *proxy;   /* on the way there, or NULL: as the environment says */
	char *ca_file; /* of certificates to trust, or NULL */
	char **fields; /* further header fields, "Name: value" */
	size_t n_fields;
	char *credential; /* the same with {key}, for the usual one; or NULL */
	char **forward;   /* names of clients' fields, to any dialect */
	size_t n_forward;
	long connect_ms, first_byte_ms, idle_ms; /* 0: as the settings say */
	bool demo;                               /* the built-in one */
	bool claude; /* not a file: the pool of accounts answers */
	/* Two or more: they are a pool. Else empty, and api_key is all. */
	struct accounts keys;
};

int backend_parse(struct backend *out, const char *name,
		  struct json_object *file, struct err *e);
void backend_release(struct backend *b);
/* Keys of its file that are none of ours. `where` names the file. */
void backend_unknown(struct notes *n, const char *where,
		     struct json_object *file);

/* The built-in demo provider of a router at host:port. */
void backend_demo(struct backend *out, const char *host, long port,
		  const char *api_key);

/* Anthropic's API for the Claude accounts. */
int backend_claude(struct backend *out, const char *base_url, struct err *e);

/* The dialects that it speaks, the preferred one first: "openai,responses". */
void backend_protocols(const struct backend *b, struct buf *out);

/* baseUrl and the API path below it, such as "/chat/completions", which may
 * have a query. */
void backend_url(const struct backend *b, enum dialect_id dialect,
		 const char *path, struct buf *out);

/* Where its list of models is. */
void backend_models_url(const struct backend *b, struct buf *out);

/* baseUrl with any path behind it, the query that it may have after that. A
 * version that both have stands there once. */
void backend_path_url(const struct backend *b, const char *path,
		      struct buf *out);

/* Its key, or "", which may have to be asked for (key-command.h): it may
 * wait. */
int backend_key(const struct backend *b, const char *home, struct buf *out,
		struct err *e);
/* Has it a key, or is one to be had? */
bool backend_has_key(const struct backend *b);
/* The header field that carries the key; empty without one. */
int backend_credential(const struct backend *b, const char *home,
		       enum dialect_id dialect, struct buf *out, struct err *e);

/* The same of one of its keys, or of none. */
void backend_key_credential(const struct backend *b, const char *api_key,
			    enum dialect_id dialect, struct buf *out);
/* Is the name in a list of them, or of fields? */
bool backend_lists(char *const *list, size_t n, struct span name);

/* The certificates that SSL_CERT_FILE names for all that say no others; NULL:
 * the system's. */
const char *backend_usual_ca(void);

/* Do several accounts serve it? */
bool backend_is_pool(const struct backend *b);
/* In whose words it refuses. */
enum provider_kind backend_kind(const struct backend *b);
/* Its further keys, from backends/NAME/; `file` is the backend's. */
int backend_load_keys(struct backend *b, const char *home,
		      struct json_object *file, account_watch_fn *watch,
		      void *arg, struct err *e);

/* "backends/NAME.json" */
void backend_file(const char *name, char *out, size_t n);

#endif
