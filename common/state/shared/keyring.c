/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/keyring.h"

#include "base/digest.h"
#include "base/port.h"
#include "base/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define FORM "dario1" /* of what is sealed: this, the key's id, the rest */
#define HEAD (sizeof(FORM) - 1 + KEYRING_ID_CHARS)

/* --- the file ------------------------------------------------------------ */

static int take_line(struct keyring *k, struct span line, struct arena *a,
		     const char *path, struct err *e)
{
	struct keyring_key *to = &k->list[k->n];
	struct span key;

	if (k->n == KEYRING_MAX)
		return err_set(e, ERR_CONFIG,
			       "%s: more than %d keys: take out the oldest",
			       path, KEYRING_MAX);
	if (!digest_unbase64url(a, line, &key) || key.n != AEAD_KEY_BYTES)
		return err_set(
			e, ERR_CONFIG,
			"%s: line with key %zu is not one: make one with "
			"dario store key",
			path, k->n + 1);
	memcpy(to->key, key.p, key.n);
	digest_base62(key, to->id, sizeof(to->id));
	k->n++;
	return 0;
}

static int take_lines(struct keyring *k, struct span text, const char *path,
		      struct err *e)
{
	struct arena a;
	int rc = 0;

	arena_init(&a);
	while (text.n && rc == 0) {
		struct span line = span_trim(span_cut(&text, '\n'));

		if (line.n && line.p[0] != '#')
			rc = take_line(k, span_cut(&line, ' '), &a, path, e);
	}
	arena_release(&a);
	if (rc == 0 && !k->n)
		rc = err_set(e, ERR_CONFIG,
			     "%s: there is no key in it: make one with dario "
			     "store key",
			     path);
	return rc;
}

/* The folder and the name of it. */
static int split(const char *path, char folder[PATH_MAX], const char **name,
		 struct err *e)
{
	const char *slash = strrchr(path, '/');

	if (*path != '/' || strlen(path) >= PATH_MAX)
		return err_set(e, ERR_CONFIG, "%.80s must be an absolute path",
			       path);
	snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path);
	*name = slash + 1;
	return 0;
}

int keyring_load(struct keyring *k, const char *path, struct err *e)
{
	char folder[PATH_MAX];
	const char *name;
	struct buf text;
	int rc;

	memset(k, 0, sizeof(*k));
	if (split(path, folder, &name, e))
		return -1;
	buf_init(&text, 65536);
	rc = store_read(folder, name, &text, e);
	if (rc == 0 && take_lines(k, buf_get(&text), path, e)) {
		keyring_forget(k);
		rc = -1;
	}
	buf_release(&text);
	return rc;
}

static void put_key(struct buf *out, char *id)
{
	unsigned char key[AEAD_KEY_BYTES];
	struct span raw = { (const char *)key, sizeof(key) };
	struct arena a;

	arena_init(&a);
	aead_random_key(key);
	digest_base62(raw, id, KEYRING_ID_CHARS + 1);
	buf_span(out, digest_base64url(&a, raw));
	buf_fmt(out, " %s\n", id);
	arena_release(&a);
}

int keyring_add(const char *path, char id[KEYRING_ID_CHARS + 1], struct err *e)
{
	struct keyring was;
	char folder[PATH_MAX];
	const char *name;
	struct buf text;
	int lock = -1, rc = -1;

	buf_init(&text, 65536);
	if (split(path, folder, &name, e) == 0)
		lock = store_lock(folder, name, e);
	if (lock < 0 || keyring_load(&was, path, e) < 0 ||
	    store_read(folder, name, &text, e) < 0)
		goto out;
	if (was.n == KEYRING_MAX) {
		err_set(e, ERR_CONFIG,
			"%s: there are %d keys: take out the oldest", path,
			KEYRING_MAX);
		goto out;
	}
	if (text.n && text.p[text.n - 1] != '\n')
		buf_byte(&text, '\n');
	put_key(&text, id);
	rc = store_replace(folder, name, buf_get(&text), e);
out:
	store_unlock(lock);
	buf_release(&text);
	keyring_forget(&was);
	return rc;
}

void keyring_forget(struct keyring *k)
{
	port_wipe(k, sizeof(*k));
}

/* --- a text -------------------------------------------------------------- */

static void put_name(struct buf *out, const struct keyring_name *n)
{
	buf_fmt(out, FORM "\n%s\n%lld\n%s", n->name, (long long)n->version,
		n->token);
}

int keyring_seal(const struct keyring *k, const struct keyring_name *what,
		 struct span plain, struct buf *out, struct err *e)
{
	const struct keyring_key *by = &k->list[k->n - 1];
	struct buf aad;
	bool ok;

	buf_init(&aad, 1024);
	put_name(&aad, what);
	buf_str(out, FORM);
	buf_str(out, by->id);
	ok = !aad.full && aead_seal(by->key, buf_get(&aad), plain, out);
	buf_release(&aad);
	return ok ? 0
		  : err_full(e, out, ERR_TOO_BIG,
			     "%s is too large to be shared", what->name);
}

void keyring_id(struct span sealed, char id[KEYRING_ID_CHARS + 1])
{
	id[0] = '\0';
	if (!span_starts(sealed, FORM) || sealed.n < HEAD)
		return;
	memcpy(id, sealed.p + sizeof(FORM) - 1, KEYRING_ID_CHARS);
	id[KEYRING_ID_CHARS] = '\0';
}

static const struct keyring_key *find(const struct keyring *k, const char *id)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->list[i].id, id) == 0)
			return &k->list[i];
	return NULL;
}

int keyring_open(const struct keyring *k, const struct keyring_name *what,
		 struct span sealed, struct buf *out, struct err *e)
{
	char id[KEYRING_ID_CHARS + 1];
	const struct keyring_key *by;
	struct buf aad;
	bool ok;

	keyring_id(sealed, id);
	by = find(k, id);
	if (!by)
		return err_set(e, ERR_CONFIG,
			       "%s is sealed with a key that this host does "
			       "not have (%s): copy the key file of the host "
			       "that wrote it",
			       what->name,
			       span_visible(span_of(id)) ? id : "?");
	buf_init(&aad, 1024);
	put_name(&aad, what);
	ok = aead_open(by->key, buf_get(&aad), span_skip(sealed, HEAD), out);
	buf_release(&aad);
	return ok ? 0
		  : err_set(e, ERR_CONFIG,
			    "%s in the store is not what a host of yours has "
			    "sealed: somebody has changed it; run dario store "
			    "push where it is right",
			    what->name);
}
