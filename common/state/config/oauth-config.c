/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/oauth-config.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/embed.h"
#include "base/file.h"
#include "base/host.h"
#include "base/json.h"
#include "base/port.h"
#include "base/store.h"
#include "state/config/backend.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OVERRIDE "oauth-config.override.json"
#define CACHE "cc-oauth-cache-v3.json"
#define HEAD_BYTES 65536 /* of the program, for its fingerprint */
#define PROGRAM_MAX (1L << 30)
#define SCAN_BYTES (64u << 10)
#define BLOCK_BYTES 4096 /* behind the anchor */
#define HASH_BYTES 17

static const struct {
	const char *key, *env, *built_in;
	const char *in_program; /* what Claude Code calls it */
} values[OAUTH_VALUES] = {
	[OAUTH_CLIENT_ID] = { "clientId", "DARIO_OAUTH_CLIENT_ID",
			      "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
			      "CLIENT_ID" },
	[OAUTH_AUTHORIZE_URL] = { "authorizeUrl", "DARIO_OAUTH_AUTHORIZE_URL",
				  "https://claude.com/cai/oauth/authorize",
				  "CLAUDE_AI_AUTHORIZE_URL" },
	[OAUTH_TOKEN_URL] = { "tokenUrl", "DARIO_OAUTH_TOKEN_URL",
			      "https://platform.claude.com/v1/oauth/token",
			      "TOKEN_URL" },
	/* Claude Code puts its scopes together as it runs: they cannot be
	 * read from its file. */
	[OAUTH_SCOPES] = { "scopes", "DARIO_OAUTH_SCOPES",
			   "org:create_api_key user:profile user:inference "
			   "user:sessions:claude_code user:mcp_servers "
			   "user:file_upload",
			   NULL },
};

const char *oauth_config_name(enum oauth_value v)
{
	return values[v].key;
}

const char *oauth_config_env(enum oauth_value v)
{
	return values[v].env;
}

static bool is_url(enum oauth_value v)
{
	return v == OAUTH_AUTHORIZE_URL || v == OAUTH_TOKEN_URL;
}

/* Printable ASCII, and a URL where one belongs. */
static bool good_value(enum oauth_value v, const char *text)
{
	const char *host = strstr(text, "://");
	struct span name;

	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~' || strchr("\"\\<>", *p) ||
		    (*p == ' ' && v != OAUTH_SCOPES))
			return false;
	if (!*text ||
	    strlen(text) >= sizeof(((struct oauth_config *)0)->value[0]))
		return false;
	if (!is_url(v))
		return true;
	if (strncmp(text, "https://", 8) == 0)
		return text[8] && !strpbrk(text, "@#");
	if (strncmp(text, "http://", 7))
		return false;
	name = span_of(host + 3);
	name.n = strcspn(name.p, "/?");
	return host_is_loopback(host_part(name)) && !strpbrk(text, "@#");
}

static void set(struct oauth_config *g, enum oauth_value v, const char *text,
		const char *source)
{
	snprintf(g->value[v], sizeof(g->value[v]), "%s", text);
	g->source[v] = source;
}

static int set_checked(struct oauth_config *g, enum oauth_value v,
		       const char *text, const char *source, const char *where,
		       struct err *e)
{
	if (!good_value(v, text))
		return err_set(e, ERR_CONFIG, "%s must be %s", where,
			       is_url(v) ? "an https URL"
					 : "plain text without quotes");
	set(g, v, text, source);
	return 0;
}

/* --- the installed Claude Code ------------------------------------------- */

/* One of the usual places, or "". */
static void find_program(char out[PATH_MAX], const char *given)
{
	static const char *const places[] = {
		"~/.local/bin/claude",
		"/usr/local/bin/claude",
		"/usr/bin/claude",
		"/opt/homebrew/bin/claude",
		"/usr/local/lib/node_modules/@anthropic-ai/claude-code/cli.js",
		"/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js",
		"~/.claude/local/node_modules/@anthropic-ai/claude-code/cli.js",
	};
	const char *home = embed_getenv("HOME");
	struct stat st;

	snprintf(out, PATH_MAX, "%s", given);
	for (size_t i = 0; !*given && i < sizeof(places) / sizeof(places[0]);
	     i++) {
		bool own = places[i][0] == '~';

		snprintf(out, PATH_MAX, "%s%s", own && home ? home : "",
			 places[i] + own);
		if (stat(out, &st) == 0 && S_ISREG(st.st_mode))
			return;
	}
	if (!*given)
		*out = '\0';
}

/* Of its beginning, size and time: programs of this kind are large. */
static int fingerprint(FILE *f, char out[HASH_BYTES])
{
	struct stat st;
	struct buf b;
	size_t n;
	char *room;

	if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode))
		return -1;
	buf_init(&b, HEAD_BYTES + 100);
	room = buf_room(&b, HEAD_BYTES);
	n = fread(room, 1, HEAD_BYTES, f);
	buf_took(&b, n);
	buf_fmt(&b, "%lld.%lld.%ld", (long long)st.st_size,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	digest_hex(buf_get(&b), out, HASH_BYTES);
	buf_release(&b);
	return ferror(f) ? -1 : 0;
}

/* `NAME:"value"` in a block of a program's text. */
static void take_value(struct oauth_config *g, enum oauth_value v,
		       struct span block)
{
	char pattern[64], text[1024];
	const char *at = block.p, *end;
	size_t n, left = block.n;

	snprintf(pattern, sizeof(pattern), "%s:\"", values[v].in_program);
	n = strlen(pattern);
	while ((at = memmem(at, left, pattern, n))) {
		bool whole = at == block.p || strchr(",{ ;", at[-1]);

		at += n;
		left = block.n - (size_t)(at - block.p);
		end = memchr(at, '"', left);
		if (!end || !whole || (size_t)(end - at) >= sizeof(text))
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)(end - at), at);
		if (good_value(v, text))
			set(g, v, text, "Claude Code");
		return;
	}
}

/* Through the file in pieces that overlap by a block. */
static void scan(struct oauth_config *g, FILE *f)
{
	static const char anchor[] =
		"BASE_API_URL:\"https://api.anthropic.com\"";
	char *mem = xmalloc(SCAN_BYTES + BLOCK_BYTES);
	size_t have = 0, n;

	rewind(f);
	while (ftell(f) < PROGRAM_MAX &&
	       (n = fread(mem + have, 1, SCAN_BYTES + BLOCK_BYTES - have, f)) >
		       0) {
		const char *at;

		have += n;
		at = memmem(mem, have, anchor, sizeof(anchor) - 1);
		if (at &&
		    (have - (size_t)(at - mem) >= BLOCK_BYTES || feof(f))) {
			struct span block = { at, have - (size_t)(at - mem) };

			if (block.n > BLOCK_BYTES)
				block.n = BLOCK_BYTES;
			for (int v = 0; v < OAUTH_VALUES; v++)
				if (values[v].in_program)
					take_value(g, (enum oauth_value)v,
						   block);
			break;
		}
		if (have > BLOCK_BYTES) {
			memmove(mem, mem + have - BLOCK_BYTES, BLOCK_BYTES);
			have = BLOCK_BYTES;
		}
	}
	free(mem);
}

static bool from_cache(struct oauth_config *g, const char *home,
		       const char *hash)
{
	struct json_object *file, *config;
	struct err unused;
	bool hit;

	json_load(home, CACHE, &file, &unused);
	hit = span_is(json_str(file, "hash"), hash);
	config = json_get(file, "config");
	for (int v = 0; hit && v < OAUTH_VALUES; v++) {
		const char *text = json_cstr(config, values[v].key);

		if (text && values[v].in_program &&
		    good_value((enum oauth_value)v, text))
			set(g, (enum oauth_value)v, text, "Claude Code");
	}
	json_object_put(file);
	return hit;
}

static void keep(const struct oauth_config *g, const char *home,
		 const char *hash)
{
	struct json_object *file = json_object_new_object();
	struct json_object *config = json_object_new_object();
	struct err unused;
	int lock;

	for (int v = 0; v < OAUTH_VALUES; v++)
		json_set_str(config, values[v].key, g->value[v]);
	json_set_str(file, "hash", hash);
	json_object_object_add(file, "config", config);
	json_object_object_add(file, "savedAt",
			       json_object_new_int64(clock_wall_ms()));
	lock = store_folder(home, NULL, &unused)
		     ? -1
		     : store_lock(home, CACHE, &unused);
	if (lock >= 0)
		store_put(home, CACHE, span_of(json_pretty(file)), &unused);
	store_unlock(lock);
	json_object_put(file);
}

static int from_program(struct oauth_config *g, const char *home,
			const char *cc_path, struct err *e)
{
	char path[PATH_MAX], hash[HASH_BYTES];
	FILE *f;
	int fd;

	find_program(path, cc_path);
	if (!*path)
		return 0;
	fd = file_open(path, e);
	if (fd < 0)
		return *cc_path ? err_add(e, "DARIO_CC_PATH") : 0;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return err_sys(e, "open", path);
	}
	if (fingerprint(f, hash) == 0 && !from_cache(g, home, hash)) {
		scan(g, f);
		keep(g, home, hash);
	}
	fclose(f);
	return 0;
}

/* --- the order ----------------------------------------------------------- */

static int from_override(struct oauth_config *g, const char *home,
			 struct err *e)
{
	struct json_object *file;
	int rc = json_load(home, OVERRIDE, &file, e);

	for (int v = 0; rc == 0 && v < OAUTH_VALUES; v++) {
		struct json_object *o = json_get(file, values[v].key);

		if (!o)
			continue;
		rc = set_checked(g, (enum oauth_value)v, json_span(o).p,
				 OVERRIDE, values[v].key, e);
		if (rc)
			err_add(e, OVERRIDE);
	}
	json_object_put(file);
	return rc < 0 ? -1 : 0;
}

int oauth_config_check(const char *home, struct notes *n, struct err *e)
{
	const char *keys[OAUTH_VALUES + 1] = { NULL };
	struct oauth_config unused;
	struct json_object *file;

	for (int v = 0; v < OAUTH_VALUES; v++)
		keys[v] = values[v].key;
	if (from_override(&unused, home, e) ||
	    json_load(home, OVERRIDE, &file, e) < 0)
		return -1;
	notes_unknown(n, true, OVERRIDE, file, keys);
	json_object_put(file);
	return 0;
}

int oauth_config_load(struct oauth_config *g, const char *home,
		      const char *cc_path, struct err *e)
{
	g->proxy = NULL;
	g->ca_file = backend_usual_ca();
	for (int v = 0; v < OAUTH_VALUES; v++)
		set(g, (enum oauth_value)v, values[v].built_in, "built in");
	if (from_program(g, home, cc_path, e) || from_override(g, home, e))
		return -1;
	for (int v = 0; v < OAUTH_VALUES; v++) {
		const char *text = embed_getenv(values[v].env);

		if (text && *text &&
		    set_checked(g, (enum oauth_value)v, text, "environment",
				values[v].env, e))
			return -1;
	}
	return 0;
}
