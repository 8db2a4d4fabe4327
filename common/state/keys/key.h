/* SPDX-License-Identifier: MIT */
/*
 * key: the keys of people, as they stand in keys/NAME.json.
 *
 *	{"hash":"sha256:…","created":"2026-11-26T10:00:00Z",
 *	 "models":["claude-*"],"spend":"20/month,5/day","rate":"60/min",
 *	 "tokens":"1M/day","parallel":4,"priority":10,
 *	 "expires":"2027-01-01T00:00:00Z","disabled":true,"to":true,
 *	 "unlimited":["week"]}
 *
 * Only the hash is required. A person with several devices has a key for each:
 * keys/NAME/DEVICE.json. What the person's own file says (if there is one)
 * holds for all of them together, beside what is said for each.
 *
 * A key is 256 random bits behind "sk-dario-", so nobody can try them out, and
 * a plain SHA-256 keeps it as well as a slow hash would: the hash can be taken
 * for each request. It is found through a table made at load, and compared in
 * constant time; a wrong key takes the steps of a right one.
 *
 * A file that is wrong closes its key, and those of the person's devices; it
 * is named in the notes. While there is any file, wrong or right, requests need
 * a key. Immutable once loaded.
 */
#ifndef DARIO_KEY_H
#define DARIO_KEY_H

#include "base/digest.h"
#include "base/json.h"
#include "state/config/note.h"
#include "state/keys/quota.h"

#define KEYS_FOLDER "keys"
#define KEY_PREFIX "sk-dario-"
#define KEY_TEXT_BYTES (sizeof(KEY_PREFIX) - 1 + DIGEST_URL_BYTES)
#define KEY_NAME_MAX 129 /* NAME/DEVICE */
#define KEY_FILE_BYTES (KEY_NAME_MAX + 16)
#define KEY_MODELS_MAX 64
#define KEY_PARALLEL_MAX 10000
#define KEY_PRIORITY_USUAL 100 /* of who has none, and of the owner */
#define KEY_PRIORITY_MAX 1000
#define KEYS_MAX 1000

struct key {
	char name[KEY_NAME_MAX + 1];
	const struct key *person; /* of a device, if it has a file; or NULL */
	unsigned char hash[DIGEST_SHA256_BYTES];
	char **models; /* globs; none: all */
	size_t n_models;
	struct quota quota;
	/* The Admin API was told so: it shows a limit that is none. */
	bool unlimited[QUOTA_PERIODS];
	long priority;   /* see key_priority; -1: not said */
	int64_t created; /* ms since 1970; 0: not said */
	int64_t expires; /* 0: never */
	bool disabled;
	bool to;    /* it may use /to/NAME/, any path of a backend */
	bool wrong; /* its file is: nobody has this key */
};

struct keys {
	struct key *list; /* by name, a person before the devices */
	size_t n;
	/* What the router sends to itself (the demo), which nobody has who
	 * cannot read the files; "" when there are none. The same in every
	 * process. */
	char own[65];
	bool any; /* files, if only such as cannot be read: a key is needed */
	bool unread; /* the machine had too little of something for that */
	/* private */
	uint32_t *table; /* by hash: a place in the list, from 1 */
	size_t mask;
};

typedef void key_watch_fn(void *arg, const char *root, const char *name);

/* `watch`, which may be NULL, is told every file and folder that this depends
 * on. */
int keys_load(struct keys *out, const char *home, key_watch_fn *watch,
	      void *arg, struct notes *notes, struct err *e);
void keys_release(struct keys *k);

/* The key that a client has sent, or NULL. */
const struct key *keys_find(const struct keys *k, struct span sent);
const struct key *keys_named(const struct keys *k, const char *name);

/* Why the key is refused though it is right, at `now`; NULL: it is not. */
const char *key_refusal(const struct key *k, int64_t now, char mem[80]);
bool key_allows(const struct key *k, const char *model);
/* The globs that it is held to, "a, b"; of the person's where it has none. */
void key_models(const struct key *k, struct buf *out);
/* Has it, or its person, any limit that needs counting? Or of models? */
bool key_is_limited(const struct key *k);
bool key_is_restricted(const struct key *k);
/* May it use /to/? The person must, too. */
bool key_may_to(const struct key *k);

/* NAME or NAME/DEVICE? */
bool key_good_name(const char *name);
void key_file(const char *name, char out[KEY_FILE_BYTES]);
/* What is said in a file; out->name stays. key_release after a failure too. */
int key_read(struct key *out, struct json_object *file, struct err *e);
void key_release(struct key *k);

/* A new key, and the value of "hash" for it. */
#define KEY_HASH_TEXT_BYTES (sizeof("sha256:") + 2 * DIGEST_SHA256_BYTES)
void key_make(char text[KEY_TEXT_BYTES], char hash[KEY_HASH_TEXT_BYTES]);

/* Where requests wait in line those with a smaller one go first. A device has
 * its person's, if it has none itself; NULL is the owner. */
unsigned key_priority(const struct key *k);

#endif
