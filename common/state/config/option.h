/* SPDX-License-Identifier: MIT */
/*
 * option: the settings, one row each.
 *
 * The same table makes `dario proxy` flags, the environment variables, the
 * keys of config.json, --help, the manual page and `dario config`. A flag
 * beats the environment, the environment beats the file, the file beats the
 * default.
 */
#ifndef DARIO_OPTION_H
#define DARIO_OPTION_H

#include "base/err.h"
#include "base/json.h"
#include "state/config/note.h"

#include <stddef.h>

enum option_type {
	OPTION_BOOL,
	OPTION_INT,
	OPTION_STRING,
	OPTION_SECRET,  /* never printed, no flag */
	OPTION_CHOICE,  /* one of the words of metavar, separated by "|" */
	OPTION_ORIGINS, /* web origins, separated by commas */
	OPTION_HOSTS,   /* host names, separated by commas */
	OPTION_URL,     /* https; http on this machine */
	OPTION_STORE,   /* redis-url.h; shown without its password */
};

enum option_source {
	SOURCE_DEFAULT,
	SOURCE_FILE,
	SOURCE_ENV,
	SOURCE_FLAG,
};

struct option_row {
	const char *key; /* in config.json */
	const char *env;
	const char *flag;  /* of dario proxy, without dashes; or NULL */
	const char *alias; /* second spelling of the flag, or NULL */
	enum option_type type;
	size_t at; /* offset in struct settings */
	long min, max;
	const char *preset; /* default, as text */
	const char *metavar;
	const char *help;
	const char *example; /* where the default is none; or NULL */
};

#define OPTIONS_MAX 64

struct settings {
	char *host;
	long port;
	char *api_key;
	char *cors_origin;   /* origins, comma-separated */
	char *allowed_hosts; /* names, comma-separated */
	char *prefix;        /* path in front of every route, or "" */
	bool verbose, demo;
	long workers, threads;
	long memory; /* MiB */
	long keepalive_ms, connect_ms, first_byte_ms, idle_ms, drain_ms;
	/* of the Claude pool */
	char *anthropic_url;
	char *model;      /* in place of the client's; "" none */
	bool passthrough; /* swap the credential, nothing else */
	bool preserve_tools, hybrid_tools;
	char *template; /* path of the request template; "" the usual one */
	long min_interval_ms, queue_ms;
	long breaker_failures, breaker_open_ms;
	char *overage; /* halt, warn, off */
	/* of people's keys */
	char *preflight; /* allow, refuse */
	char *on_error;  /* allow, refuse */
	char *otlp_url;  /* where their programs' reports go; "" nowhere */
	char *strategy;  /* headroom, fill-first, soonest-reset */
	/* of several hosts */
	char *store, *store_password_file, *store_prefix, *store_key_file;
	char *store_ca_file, *store_cert_file, *store_cert_key_file;
	bool store_config; /* comes from there, too */
	long store_timeout_ms, store_connect_ms;
	char *cc_path; /* Claude Code's program; "" look for it */
	bool no_bun;   /* accepted, no effect */
	enum option_source source[OPTIONS_MAX]; /* by row of `options` */
};

extern const struct option_row options[]; /* ends with key == NULL */

const struct option_row *option_find(const char *key); /* or NULL */

void settings_init(struct settings *s); /* the defaults */
void settings_release(struct settings *s);
/* One value from text; the error names the spelling in `where`. */
int settings_set(struct settings *s, const struct option_row *o,
		 const char *value, enum option_source from, const char *where,
		 struct err *e);
int settings_from_file(struct settings *s, struct json_object *file,
		       struct err *e);
int settings_from_env(struct settings *s, struct err *e);
/* Keys of config.json that are none of ours. */
void settings_unknown(struct notes *n, struct json_object *file);
/* Has the router a key, but one that can be guessed? */
#define SETTINGS_KEY_MIN 16 /* characters */
#define SETTINGS_KEY_FIX \
	"make a longer one, such as openssl rand -hex 24 prints, and give it " \
	"to your tools"
bool settings_key_is_short(const struct settings *s);
/* Where a setting is changed: "config.json: port" or "DARIO_PORT". */
const char *settings_place(const struct settings *s, const char *key, char *out,
			   size_t n);

/* The value as text: "true", "3456"; a secret is "set" or "". */
void settings_show(const struct settings *s, const struct option_row *o,
		   struct buf *out);
const char *option_source_name(enum option_source from);

#endif
