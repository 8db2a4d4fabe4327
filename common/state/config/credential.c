/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/credential.h"

#include "base/embed.h"
#include "base/log.h"
#include "base/wait.h"
#include "state/shared/vault.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK_VERSION "storeVersion"
#define MARK_TOKEN "storeToken"
#define DOUBT_MAX_MS 3600000 /* then a host will not come back */
#define GIVE_TRIES 10        /* to tell the store, while others wait */
#define GIVE_STEP_MS 100

static const char *const token_keys[] = { "accessToken", "refreshToken",
					  "expiresAt", "scopes" };
#define TOKEN_KEYS (sizeof(token_keys) / sizeof(token_keys[0]))

/* One account: its file, and what that says of the store. */
struct both {
	const char *home, *file;
	struct json_object *o;
	int64_t version;  /* 0: not shared */
	const char *base; /* storeToken, or "*": a log-in */
	char token[VAULT_TOKEN_CHARS + 1];
	struct vault_thing there;
	bool renewed; /* out: the file has other tokens now */
};

bool credential_is_shared(struct json_object *file)
{
	return json_count(file, MARK_VERSION, 0) > 0;
}

static struct json_object *inside(struct json_object *file)
{
	struct json_object *o = json_get(file, ACCOUNT_OAUTH);

	return o ? o : file;
}

static int load(struct both *b, const char *home, const char *file,
		struct err *e)
{
	int rc;

	memset(b, 0, sizeof(*b));
	b->home = home;
	b->file = file;
	rc = json_load(home, file, &b->o, e);
	if (rc > 0)
		return err_set(e, ERR_CONFIG, "%s is gone", file);
	if (rc < 0)
		return -1;
	b->version = json_count(b->o, MARK_VERSION, 0);
	b->base = json_cstr(b->o, MARK_TOKEN);
	if (!b->base)
		b->base = VAULT_ANY_TOKEN;
	vault_token(json_str(inside(b->o), "refreshToken"), b->token);
	return 0;
}

static void release(struct both *b)
{
	json_object_put(b->o);
	vault_release(&b->there);
}

static bool has_changed(const struct both *b)
{
	return strcmp(b->base, b->token) != 0;
}

static int save(struct both *b, struct err *e)
{
	return store_replace(b->home, b->file, span_of(json_pretty(b->o)), e);
}

/* Both have this now. */
static int mark(struct both *b, int64_t version, struct err *e)
{
	if (version == b->version && !has_changed(b))
		return 0;
	json_object_object_add(b->o, MARK_VERSION,
			       json_object_new_int64(version));
	json_set_str(b->o, MARK_TOKEN, b->token);
	b->version = version;
	b->base = b->token;
	return save(b, e);
}

/* --- from one place to the other ----------------------------------------- */

/* What goes there is the file without its marks. */
static int text_of(const struct both *b, struct buf *out, struct err *e)
{
	struct json_object *o = json_copy(b->o);
	struct span text;

	if (!o)
		return err_memory(e);
	json_object_object_del(o, MARK_VERSION);
	json_object_object_del(o, MARK_TOKEN);
	text = json_text(o);
	buf_span(out, text);
	json_object_put(o);
	return text.n && !out->full ? 0 : err_memory(e);
}

/* 0, 1 the store has got another one meanwhile, -1. */
static int put(struct both *b, int64_t version, const struct vault_base *base,
	       struct err *e)
{
	struct vault_thing to = { .version = version };
	struct buf text;
	int rc;

	if (!*b->token)
		return err_set(e, ERR_CONFIG,
			       "%s has no refresh token: it is shared with the "
			       "configuration",
			       b->file);
	snprintf(to.token, sizeof(to.token), "%s", b->token);
	buf_init(&text, STORE_FILE_MAX);
	rc = text_of(b, &text, e);
	if (rc == 0)
		rc = vault_put(b->file, &to, base, buf_get(&text), e);
	buf_release(&text);
	return rc ? rc : mark(b, version, e);
}

/* The tokens that the store has, into the file. */
static int adopt(struct both *b, struct err *e)
{
	struct json_object *theirs, *from, *to = inside(b->o);

	vault_release(&b->there);
	if (vault_get(b->file, &b->there, e))
		return -1;
	theirs = json_read(buf_get(&b->there.text), e);
	if (!theirs)
		return err_add(e, b->file);
	from = inside(theirs);
	for (size_t i = 0; i < TOKEN_KEYS; i++) {
		struct json_object *v = json_get(from, token_keys[i]);

		if (v)
			json_object_object_add(to, token_keys[i],
					       json_object_get(v));
	}
	json_object_put(theirs);
	vault_token(json_str(to, "refreshToken"), b->token);
	if (strcmp(b->token, b->there.token))
		return err_set(e, ERR_CONFIG,
			       "%s: what the store has is not what it says",
			       b->file);
	json_object_object_del(b->o, MARK_TOKEN);
	b->base = "";
	b->renewed = true;
	return mark(b, b->there.version, e);
}

/* The store has something else than the file, which has changed since both had
 * the same. */
static int put_change(struct both *b, struct err *e)
{
	struct vault_base base = { VAULT_ANY_VERSION, b->base };

	return put(b,
		   vault_next(b->there.version > b->version ? b->there.version
							    : b->version),
		   &base, e);
}

/* It has none, or an older one than this host knows: it has lost something. */
static int put_again(struct both *b, struct err *e)
{
	struct vault_base any = { VAULT_ANY_VERSION, VAULT_ANY_TOKEN };

	return put(b, has_changed(b) ? vault_next(b->version) : b->version,
		   &any, e);
}

/* The store says the same token in another version, which anybody can write
 * there: it is so when the text opens, for what is sealed names both. 1: it has
 * another token by now. */
static int confirm(struct both *b, struct err *e)
{
	vault_release(&b->there);
	if (vault_get(b->file, &b->there, e))
		return -1;
	if (!b->there.version || strcmp(b->there.token, b->token))
		return 1;
	return mark(b, b->there.version, e);
}

/* One step; 1: it was refused, the store has something new. */
static int bring_together(struct both *b, struct err *e)
{
	const struct vault_thing *t = &b->there;
	int rc;

	vault_release(&b->there);
	if (vault_look(b->file, &b->there, e))
		return -1;
	if (t->version < b->version || !t->version)
		return put_again(b, e);
	if (strcmp(t->token, b->token) == 0)
		return t->version == b->version ? mark(b, t->version, e)
						: confirm(b, e);
	if (!has_changed(b))
		return t->version > b->version
			     ? adopt(b, e)
			     : err_set(e, ERR_CONFIG,
				       "%s: the store has another token of the "
				       "same version: run dario store push "
				       "where it is right",
				       b->file);
	rc = put_change(b, e);
	if (rc <= 0)
		return rc;
	log_msg("%s: another host has put other tokens into the store "
		"meanwhile: these are used",
		b->file);
	return adopt(b, e);
}

static int sync_both(struct both *b, struct err *e)
{
	int rc = 1;

	for (int i = 0; rc > 0 && i < 3; i++)
		rc = bring_together(b, e);
	return rc <= 0 ? rc
		       : err_set(e, ERR_INTERNAL,
				 "%s: others change it all the time", b->file);
}

/* Shared, and there is no store here: who knows what the others do. */
static int check_store(const struct both *b, struct err *e)
{
	if (vault_exists())
		return 0;
	return err_set(e, ERR_CONFIG,
		       "%s is shared with other hosts, and here is no store or "
		       "no key file: see dario store status, or run dario "
		       "store leave %s when no other host uses it",
		       b->file, b->file);
}

/* Both are read, and brought together when they are shared. */
static int meet(struct both *b, const char *home, const char *file,
		struct err *e)
{
	if (load(b, home, file, e))
		return -1;
	if (!b->version)
		return 0;
	return check_store(b, e) || sync_both(b, e) ? -1 : 0;
}

int credential_sync(const char *home, const char *file, struct err *e)
{
	struct both b;
	int rc = meet(&b, home, file, e);

	release(&b);
	return rc;
}

/* --- turns --------------------------------------------------------------- */

/* Tests cannot wait that long. */
static int64_t turn_ms(void)
{
	const char *text = embed_getenv("DARIO_REFRESH_TURN_MS");
	long ms = text ? strtol(text, NULL, 10) : 0;

	return ms > 0 && ms < CREDENTIAL_TURN_MS ? ms : CREDENTIAL_TURN_MS;
}

int credential_look(const char *home, const char *file,
		    enum credential_turn *turn, struct err *e)
{
	struct both b;
	int rc = meet(&b, home, file, e);

	*turn = b.renewed        ? CREDENTIAL_RENEWED
	      : b.there.busy > 0 ? CREDENTIAL_THEIRS
				 : CREDENTIAL_OURS;
	release(&b);
	return rc;
}

static int take(struct both *b, enum credential_turn *turn, bool *doubt,
		struct err *e)
{
	enum vault_turn whose = VAULT_CHANGED;
	int64_t since = -1;

	for (int i = 0; whose == VAULT_CHANGED && i < 3; i++) {
		if (sync_both(b, e))
			return -1;
		if (b->renewed) {
			*turn = CREDENTIAL_RENEWED;
			return 0;
		}
		if (vault_turn(b->file, b->version, turn_ms(), &whose, &since,
			       e))
			return -1;
	}
	*turn = whose == VAULT_OURS ? CREDENTIAL_OURS : CREDENTIAL_THEIRS;
	*doubt = since >= 0 && since < DOUBT_MAX_MS;
	return 0;
}

int credential_take(const char *home, const char *file,
		    enum credential_turn *turn, bool *doubt, struct err *e)
{
	struct both b;
	int rc = load(&b, home, file, e);

	*turn = CREDENTIAL_OURS;
	*doubt = false;
	if (rc == 0 && b.version) {
		rc = check_store(&b, e);
		if (rc == 0)
			rc = take(&b, turn, doubt, e);
	}
	release(&b);
	return rc;
}

int credential_give(const char *home, const char *file, struct err *e)
{
	struct both b;
	int rc = load(&b, home, file, e);

	if (rc == 0 && b.version && vault_exists()) {
		rc = sync_both(&b, e);
		for (int i = 0; rc && i < GIVE_TRIES; i++) {
			wait_ms(GIVE_STEP_MS);
			rc = sync_both(&b, e);
		}
		vault_free(file);
	}
	release(&b);
	return rc;
}

/* --- for people ---------------------------------------------------------- */

/* A file that was not shared yet. */
static int put_first(struct both *b, bool force, struct err *e)
{
	if (vault_look(b->file, &b->there, e))
		return -1;
	if (b->there.version && strcmp(b->there.token, b->token) == 0)
		return confirm(b, e);
	if (b->there.version && !force)
		return err_set(e, ERR_CONFIG,
			       "%s: the store has another log-in of that name: "
			       "dario store pull --force takes it, dario store "
			       "push --force replaces it",
			       b->file);
	b->version = b->there.version;
	return put_again(b, e);
}

/* What else is in the file, sealed with the key that is the newest now. */
static int put_all(struct both *b, struct err *e)
{
	struct vault_base base = { VAULT_ANY_VERSION, b->token };

	return put(b, vault_next(b->version), &base, e);
}

int credential_share(const char *home, const char *file, bool force,
		     struct err *e)
{
	struct both b;
	int rc = load(&b, home, file, e);

	if (rc == 0 && !b.version)
		rc = put_first(&b, force, e);
	else if (rc == 0)
		rc = sync_both(&b, e);
	if (rc == 0)
		rc = put_all(&b, e);
	release(&b);
	return rc > 0 ? err_set(e, ERR_INTERNAL,
				"%s: another host has changed it just now: run "
				"it again",
				file)
		      : rc;
}

void credential_new_login(struct json_object *file)
{
	json_object_object_del(file, MARK_TOKEN);
}

int credential_leave(const char *home, const char *file, struct err *e)
{
	struct both b;
	int rc = load(&b, home, file, e);

	if (rc == 0 && b.version) {
		json_object_object_del(b.o, MARK_VERSION);
		json_object_object_del(b.o, MARK_TOKEN);
		rc = save(&b, e);
	}
	release(&b);
	return rc;
}

int credential_fetch(const char *home, const char *file, struct err *e)
{
	struct both b = { .home = home, .file = file, .base = "" };
	int rc = vault_get(file, &b.there, e);

	if (rc == 0 && !b.there.version)
		rc = err_set(e, ERR_CONFIG, "%s is not in the store", file);
	if (rc == 0 && !(b.o = json_read(buf_get(&b.there.text), e)))
		rc = err_add(e, file);
	if (rc == 0) {
		snprintf(b.token, sizeof(b.token), "%s", b.there.token);
		rc = mark(&b, b.there.version, e);
	}
	release(&b);
	return rc;
}

int64_t credential_version(const char *home, const char *file, bool *ahead)
{
	struct both b;
	struct err unused;
	int64_t version = 0;

	*ahead = false;
	if (load(&b, home, file, &unused) == 0) {
		version = b.version;
		*ahead = version && has_changed(&b);
	}
	release(&b);
	return version;
}

static void each(const char *home, const char *file, credential_fn *fn,
		 void *arg)
{
	struct json_object *o = NULL;
	struct err unused;
	bool any;

	json_load(home, file, &o, &unused);
	any = json_str(inside(o), "refreshToken").n;
	json_object_put(o);
	if (any)
		fn(arg, file);
}

void credential_each(const char *home, credential_fn *fn, void *arg)
{
	char path[PATH_MAX], file[300];
	struct dirent *d;
	DIR *dir;

	each(home, ACCOUNT_LOGIN_FILE, fn, arg);
	snprintf(path, sizeof(path), "%s/accounts", home);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		size_t n = strlen(d->d_name);

		if (n <= 5 || strcmp(d->d_name + n - 5, ".json") ||
		    !store_good_name((struct span){ d->d_name, n - 5 }))
			continue;
		snprintf(file, sizeof(file), "accounts/%s", d->d_name);
		each(home, file, fn, arg);
	}
	if (dir)
		closedir(dir);
}
