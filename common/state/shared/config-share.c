/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/config-share.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/log.h"
#include "base/store.h"
#include "state/config/account.h"
#include "state/shared/vault.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE "store-config.json" /* which version this host has */
#define FILES_MAX 2048
#define SUM_CHARS 32 /* of a digest, hexadecimal */

static const char *const singles[] = { "routes.json", "prices.json",
				       "tools.json", "template.json",
				       "managed-settings.json" };
static const char *const folders[] = { "accounts", "backends", "keys" };
#define SINGLES (sizeof(singles) / sizeof(singles[0]))
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* --- which files --------------------------------------------------------- */

/* "NAME.json", and what NAME is. */
static bool is_json(struct span s, struct span *name)
{
	static const char ending[] = ".json";
	size_t n = sizeof(ending) - 1;

	if (s.n <= n || memcmp(s.p + s.n - n, ending, n) != 0)
		return false;
	*name = (struct span){ s.p, s.n - n };
	return store_good_name(*name);
}

/* One that may come from the store: no path leads elsewhere. */
static bool is_ours(const char *file)
{
	struct span rest = span_of(file), name, folder;

	for (size_t i = 0; i < SINGLES; i++)
		if (strcmp(file, singles[i]) == 0)
			return true;
	folder = span_cut(&rest, '/');
	for (size_t i = 0; i < FOLDERS; i++)
		if (span_is(folder, folders[i]) && is_json(rest, &name))
			return true;
	return span_is(folder, "backends") &&
	       store_good_name(span_cut(&rest, '/')) && is_json(rest, &name);
}

/* An account whose tokens change by themselves. */
static bool has_tokens(const char *home, const char *file)
{
	struct account a;
	struct err unused;
	bool any;

	if (strncmp(file, "accounts/", 9))
		return false;
	any = account_read(home, file, &a, &unused) == 0 && a.refresh_token;
	account_release(&a);
	return any;
}

static int add_file(struct json_object *files, const char *home,
		    const char *file, struct err *e)
{
	struct buf text;
	int rc;

	if (!is_ours(file) || has_tokens(home, file))
		return 0;
	buf_init(&text, STORE_FILE_MAX);
	rc = store_read(home, file, &text, e);
	if (rc == 0)
		json_object_object_add(files, file,
				       json_object_new_string_len(
					       buf_cstr(&text), (int)text.n));
	buf_release(&text);
	return rc < 0 ? -1 : 0;
}

static int add_folder(struct json_object *files, const char *home,
		      const char *folder, bool deep, struct err *e)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/%s", home, folder);
	dir = opendir(path);
	while (dir && rc == 0 && (d = readdir(dir))) {
		struct span name = span_of(d->d_name), unused;

		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (is_json(name, &unused))
			rc = add_file(files, home, path, e);
		else if (deep && store_good_name(name))
			rc = add_folder(files, home, path, false, e);
	}
	if (dir)
		closedir(dir);
	if (rc == 0 && json_object_object_length(files) > FILES_MAX)
		rc = err_set(e, ERR_TOO_BIG, "more than %d files to share",
			     FILES_MAX);
	return rc;
}

static int add_all(struct json_object *files, const char *home, struct err *e)
{
	for (size_t i = 0; i < SINGLES; i++)
		if (add_file(files, home, singles[i], e))
			return -1;
	for (size_t i = 0; i < FOLDERS; i++)
		if (add_folder(files, home, folders[i],
			       strcmp(folders[i], "backends") == 0, e))
			return -1;
	return 0;
}

/* --- what this host has -------------------------------------------------- */

int64_t config_version(const char *home)
{
	struct json_object *o = NULL;
	struct err unused;
	int64_t version;

	json_load(home, NOTE, &o, &unused);
	version = json_count(o, "version", 0);
	json_object_put(o);
	return version;
}

/* With the lock. */
static int note(const char *home, int64_t version, struct json_object *files,
		struct err *e)
{
	struct json_object *o = json_object_new_object();
	struct json_object *known = json_object_new_object();
	char sum[SUM_CHARS + 1];
	int rc;

	json_object_object_add(o, "version", json_object_new_int64(version));
	json_object_object_foreach(files, name, text)
	{
		digest_hex(json_span(text), sum, sizeof(sum));
		json_set_str(known, name, sum);
	}
	json_object_object_add(o, "files", known);
	rc = store_replace(home, NOTE, span_of(json_pretty(o)), e);
	json_object_put(o);
	return rc;
}

/* --- push ---------------------------------------------------------------- */

/* With the lock. */
static int push(const char *home, bool force, struct json_object *files,
		struct err *e)
{
	struct vault_base base = { force ? VAULT_ANY_VERSION
					 : config_version(home),
				   VAULT_ANY_TOKEN };
	struct vault_thing was, to = { .version = 0 };
	int rc = vault_look(CONFIG_THING, &was, e);

	to.version = vault_next(was.version > base.version ? was.version
							   : base.version);
	vault_release(&was);
	if (rc == 0)
		rc = vault_put(CONFIG_THING, &to, &base, json_text(files), e);
	if (rc > 0)
		return err_set(e, ERR_CONFIG,
			       "another host has pushed its configuration: "
			       "dario store pull takes it in the place of what "
			       "is here, dario store push --force replaces it");
	return rc ? -1 : note(home, to.version, files, e);
}

int config_push(const char *home, bool force, size_t *n, struct err *e)
{
	struct json_object *files = json_object_new_object();
	int lock = store_lock(home, NOTE, e), rc = -1;

	if (lock >= 0 && add_all(files, home, e) == 0)
		rc = push(home, force, files, e);
	*n = (size_t)json_object_object_length(files);
	store_unlock(lock);
	json_object_put(files);
	return rc;
}

/* --- pull ---------------------------------------------------------------- */

static int check_files(struct json_object *files, struct err *e)
{
	if (!json_object_is_type(files, json_type_object) ||
	    json_object_object_length(files) > FILES_MAX)
		return err_set(e, ERR_CONFIG,
			       "the configuration in the store cannot be read");
	json_object_object_foreach(files, name, text)
	{
		struct span s = json_span(text);

		if (!is_ours(name) || !s.n || s.n > STORE_FILE_MAX)
			return err_set(e, ERR_CONFIG,
				       "the configuration in the store has a "
				       "file that is none: %.80s",
				       name);
	}
	return 0;
}

static int make_folders(const char *home, const char *file, struct err *e)
{
	char path[VAULT_NAME_MAX];

	snprintf(path, sizeof(path), "%s", file);
	for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (store_folder(home, path, e))
			return -1;
		*p = '/';
	}
	return 0;
}

/* Nothing else takes the lock of the note, so that a file's lock may be taken
 * within it. */
static int write_file(const char *home, const char *file, struct span text,
		      struct err *e)
{
	struct buf was;
	int lock, rc;

	if (make_folders(home, file, e))
		return -1;
	lock = store_lock(home, file, e);
	if (lock < 0)
		return -1;
	buf_init(&was, STORE_FILE_MAX);
	rc = store_read(home, file, &was, e);
	if (rc == 0 && has_tokens(home, file))
		log_msg("%s: it has tokens of this host, what the store has "
			"for it is left out",
			file);
	else if (rc > 0 || (rc == 0 && !span_eq(buf_get(&was), text)))
		rc = store_replace(home, file, text, e);
	buf_release(&was);
	store_unlock(lock);
	return rc;
}

static int remove_file(const char *home, const char *file, struct err *e)
{
	int lock, rc = 0;

	if (!is_ours(file) || !store_exists(home, file) ||
	    has_tokens(home, file))
		return 0;
	lock = store_lock(home, file, e);
	if (lock < 0)
		return -1;
	rc = store_remove(home, file, e);
	store_unlock(lock);
	return rc;
}

/* Those that were from the store and are there no more. */
static int remove_others(const char *home, struct json_object *known,
			 struct json_object *files, struct err *e)
{
	json_object_object_foreach(known, name, unused)
	{
		(void)unused;
		if (!json_get(files, name) && remove_file(home, name, e))
			return -1;
	}
	return 0;
}

/* Was it changed here since it came from the store? What is there now would go
 * over it, and bring back a key that was disabled or removed here. */
static bool changed_here(const char *home, const char *file,
			 struct json_object *known, struct json_object *files)
{
	const char *had = json_cstr(known, file);
	struct span text = json_str(files, file);
	char sum[SUM_CHARS + 1] = "";
	struct err unused;
	struct buf here;
	bool same;
	int rc;

	if (!had || has_tokens(home, file))
		return false;
	buf_init(&here, STORE_FILE_MAX);
	rc = store_read(home, file, &here, &unused);
	if (rc == 0)
		digest_hex(buf_get(&here), sum, sizeof(sum));
	same = rc ? !text.n : span_eq(buf_get(&here), text);
	buf_release(&here);
	return !same && strcmp(had, sum) != 0;
}

static int check_unchanged(const char *home, struct json_object *known,
			   struct json_object *files, struct err *e)
{
	json_object_object_foreach(known, name, unused)
	{
		(void)unused;
		if (is_ours(name) && changed_here(home, name, known, files))
			return err_set(
				e, ERR_CONFIG,
				"%s was changed on this host, and another "
				"has pushed meanwhile: dario store push "
				"--force puts what is here there, dario "
				"store pull --force takes that",
				name);
	}
	return 0;
}

/* The note of what came from the store: its files, or NULL. */
static struct json_object *known_of(struct json_object *note)
{
	struct json_object *known = json_get(note, "files");

	return json_object_is_type(known, json_type_object) ? known : NULL;
}

static int write_all(const char *home, struct json_object *was,
		     struct json_object *files, struct err *e)
{
	int rc = 0;

	json_object_object_foreach(files, name, text)
	{
		if (rc == 0)
			rc = write_file(home, name, json_span(text), e);
	}
	if (rc == 0 && known_of(was))
		rc = remove_others(home, known_of(was), files, e);
	return rc;
}

/* May it take the place of what is here? */
static int may_take(const char *home, const struct vault_thing *t,
		    struct json_object *was, struct json_object *files,
		    struct err *e)
{
	if (t->version < json_count(was, "version", 0))
		return err_set(
			e, ERR_CONFIG,
			"the store has an older configuration than this "
			"host: dario store push puts this one there, dario "
			"store pull --force takes that");
	return known_of(was) ? check_unchanged(home, known_of(was), files, e)
			     : 0;
}

/* What the store has, beside what this host has of it by its note, `was`:
 * *files is NULL when there is nothing to do. */
static int fetch(const char *home, bool force, struct json_object *was,
		 struct vault_thing *t, struct json_object **files,
		 struct err *e)
{
	*files = NULL;
	if (vault_get(CONFIG_THING, t, e))
		return -1;
	if (!t->version ||
	    (t->version == json_count(was, "version", 0) && !force))
		return 0;
	*files = json_read(buf_get(&t->text), e);
	if (!*files || check_files(*files, e))
		return -1;
	return force ? 0 : may_take(home, t, was, *files, e);
}

/* With the lock. */
static int pull(const char *home, bool force, size_t *n, struct err *e)
{
	struct json_object *files, *was = NULL;
	struct vault_thing t;
	int rc;

	if (json_load(home, NOTE, &was, e) < 0)
		return -1;
	rc = fetch(home, force, was, &t, &files, e);
	if (rc == 0 && files)
		rc = write_all(home, was, files, e);
	if (rc == 0 && files)
		rc = note(home, t.version, files, e);
	if (rc == 0 && files)
		*n = (size_t)json_object_object_length(files);
	json_object_put(files);
	json_object_put(was);
	vault_release(&t);
	return rc;
}

int config_check(const char *home, struct err *e)
{
	struct json_object *files, *was = NULL;
	struct vault_thing t;
	int rc;

	if (json_load(home, NOTE, &was, e) < 0)
		return -1;
	rc = fetch(home, false, was, &t, &files, e);
	json_object_put(files);
	json_object_put(was);
	vault_release(&t);
	return rc;
}

int config_pull(const char *home, bool force, size_t *n, struct err *e)
{
	int lock = store_lock(home, NOTE, e), rc;

	*n = 0;
	rc = lock < 0 ? -1 : pull(home, force, n, e);
	store_unlock(lock);
	return rc;
}
