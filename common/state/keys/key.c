/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/key.h"

#include "base/store.h"
#include "state/config/member.h"
#include "state/config/model-name.h"
#include "state/config/rule.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_FORM "sha256:"
#define HEX_CHARS (2 * DIGEST_SHA256_BYTES)
#define ENDING ".json"
#define PICKED "claude-at-" /* before NAME:model, in Claude Code's list */

/* --- one file ------------------------------------------------------------ */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hash(struct key *k, const char *text, struct err *e)
{
	const size_t form = strlen(HASH_FORM);
	bool ok = text && strncmp(text, HASH_FORM, form) == 0 &&
		  strlen(text) == form + HEX_CHARS;

	for (size_t i = 0; ok && i < DIGEST_SHA256_BYTES; i++) {
		int high = hex_digit(text[form + 2 * i]);
		int low = hex_digit(text[form + 2 * i + 1]);

		ok = high >= 0 && low >= 0;
		k->hash[i] = (unsigned char)(ok ? high << 4 | low : 0);
	}
	return ok ? 0
		  : err_set(e, ERR_CONFIG,
			    "hash must be \"" HASH_FORM
			    "\" and %d hexadecimal digits",
			    HEX_CHARS);
}

static int read_models(struct key *k, struct json_object *list, struct err *e)
{
	size_t n = json_length(list);

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array) || !n ||
	    n > KEY_MODELS_MAX)
		return err_set(e, ERR_CONFIG,
			       "models must be a list of 1 to %d patterns",
			       KEY_MODELS_MAX);
	k->models = xcalloc(n, sizeof(*k->models));
	for (size_t i = 0; i < n; i++) {
		struct span s = json_span(json_at(list, i));

		if (!s.n || !span_visible(s))
			return err_set(e, ERR_CONFIG,
				       "models must be a list of patterns such "
				       "as \"claude-*\"");
		k->models[k->n_models++] = xstrndup(s.p, s.n);
	}
	return 0;
}

static int read_quota(struct quota *q, struct json_object *file, struct err *e)
{
	const struct {
		const char *member;
		struct quota_window *w;
	} windows[] = { { "rate", &q->rate }, { "tokens", &q->tokens } };
	const char *text = json_cstr(file, "spend");
	long parallel;

	if (text && quota_read_spend(q, text, e))
		return -1;
	for (size_t i = 0; i < 2; i++) {
		text = json_cstr(file, windows[i].member);
		if (text && quota_read_window(windows[i].w, text, e))
			return err_add(e, windows[i].member);
	}
	if (member_number(file, "parallel", 1, KEY_PARALLEL_MAX, 0, &parallel,
			  e))
		return -1;
	q->parallel = parallel;
	return 0;
}

/* A period that has a limit has it. */
static int read_unlimited(struct key *k, struct json_object *list,
			  struct err *e)
{
	for (size_t i = 0; i < json_length(list); i++) {
		int p = quota_period_named(json_span(json_at(list, i)));

		if (p < 0)
			return err_set(e, ERR_CONFIG,
				       "unlimited must be a list of day, week "
				       "or month");
		k->unlimited[p] = k->quota.spend[p] < 0;
	}
	return 0;
}

static int read_date(struct json_object *file, const char *member, int64_t *out,
		     struct err *e)
{
	const char *text = json_cstr(file, member);

	if (text && quota_read_date(text, out, e))
		return err_add(e, member);
	return 0;
}

int key_read(struct key *out, struct json_object *file, struct err *e)
{
	quota_init(&out->quota);
	if (member_check(file, key_members, e) ||
	    read_hash(out, json_cstr(file, "hash"), e) ||
	    read_models(out, json_get(file, "models"), e) ||
	    read_quota(&out->quota, file, e) ||
	    read_unlimited(out, json_get(file, "unlimited"), e) ||
	    member_number(file, "priority", 0, KEY_PRIORITY_MAX, -1,
			  &out->priority, e) ||
	    read_date(file, "created", &out->created, e) ||
	    read_date(file, "expires", &out->expires, e))
		return -1;
	out->disabled = json_flag(file, "disabled", false);
	out->to = json_flag(file, "to", false);
	return 0;
}

void key_release(struct key *k)
{
	for (size_t i = 0; i < k->n_models; i++)
		free(k->models[i]);
	free(k->models);
	k->models = NULL;
	k->n_models = 0;
}

bool key_good_name(const char *name)
{
	struct span device = span_of(name), person = span_cut(&device, '/');

	/* In sums of usage that name is for whoever has none of his own. */
	return store_good_name(person) && !span_is(person, "other") &&
	       (strchr(name, '/') ? store_good_name(device) : true);
}

void key_file(const char *name, char out[KEY_FILE_BYTES])
{
	snprintf(out, KEY_FILE_BYTES, KEYS_FOLDER "/%.*s" ENDING, KEY_NAME_MAX,
		 name);
}

void key_make(char text[KEY_TEXT_BYTES], char hash[KEY_HASH_TEXT_BYTES])
{
	char random[DIGEST_URL_BYTES];

	digest_random_url(random);
	snprintf(text, KEY_TEXT_BYTES, KEY_PREFIX "%s", random);
	memcpy(hash, HASH_FORM, strlen(HASH_FORM));
	digest_hex(span_of(text), hash + strlen(HASH_FORM), HEX_CHARS + 1);
}

/* --- all of them --------------------------------------------------------- */

struct loading {
	struct keys *keys;
	const char *home;
	key_watch_fn *watch;
	void *arg;
	struct notes *notes;
	size_t room;
};

static void look_at(const struct loading *l, const char *name)
{
	if (l->watch)
		l->watch(l->arg, l->home, name);
}

/* 0 when it is closed: then the note says why. */
static void close_key(struct loading *l, struct key *k, const char *file,
		      const struct err *e)
{
	key_release(k);
	k->wrong = true;
	notes_add(l->notes, true,
		  "%s: %s: this key is refused until that is mended", file,
		  e->msg);
}

static int add(struct loading *l, const char *name, struct err *e)
{
	struct keys *all = l->keys;
	char file[KEY_FILE_BYTES];
	struct json_object *json = NULL;
	struct err fault = { 0 };
	struct key *k;
	int rc;

	key_file(name, file);
	look_at(l, file);
	if (all->n == KEYS_MAX)
		return err_set(e, ERR_CONFIG,
			       "more than %d keys: remove some with dario key "
			       "remove",
			       KEYS_MAX);
	if (all->n == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		all->list = xrealloc(all->list, l->room * sizeof(*all->list));
	}
	rc = json_load(l->home, file, &json, &fault);
	if (rc > 0)
		return 0; /* it was removed just now */
	if (rc < 0 && fault.code == ERR_BUSY) {
		*e = fault;
		return -1;
	}
	k = &all->list[all->n++];
	all->any = true;
	memset(k, 0, sizeof(*k));
	snprintf(k->name, sizeof(k->name), "%s", name);
	if (rc < 0 || key_read(k, json, &fault))
		close_key(l, k, file, &fault);
	else
		member_unknown(l->notes, false, file, json, key_members);
	json_object_put(json);
	return 0;
}

/* The name without the ending, of a file; the whole name, of a folder. */
static int is_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name), end = strlen(ENDING);

	return n > end && strcmp(d->d_name + n - end, ENDING) == 0 &&
	       store_good_name((struct span){ d->d_name, n - end });
}

static int is_person(const struct dirent *d)
{
	return is_file(d) || store_good_name(span_of(d->d_name));
}

static int list(const struct loading *l, const char *folder,
		int (*filter)(const struct dirent *d), struct dirent ***out,
		struct err *e)
{
	char path[PATH_MAX];
	int n;

	*out = NULL;
	snprintf(path, sizeof(path), "%s/%s", l->home, folder);
	n = scandir(path, out, filter, alphasort);
	return n < 0 ? err_sys(e, "list", folder) : n;
}

static void free_list(struct dirent **names, int n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

static int add_devices(struct loading *l, const char *person, struct err *e)
{
	char folder[KEY_FILE_BYTES], name[KEY_NAME_MAX + 1];
	struct dirent **names;
	int n, rc = 0;

	snprintf(folder, sizeof(folder), KEYS_FOLDER "/%.64s", person);
	look_at(l, folder);
	n = store_folder(l->home, folder, e)
		  ? -1
		  : list(l, folder, is_file, &names, e);
	if (n < 0 && e->code == ERR_BUSY)
		return -1;
	if (n < 0) {
		l->keys->any = true;
		notes_add(l->notes, true,
			  "%s: the folder cannot be used: the keys in it are "
			  "refused until that is mended",
			  folder);
		return 0;
	}
	for (int i = 0; i < n && rc == 0; i++) {
		snprintf(name, sizeof(name), "%.64s/%.*s", person,
			 (int)(strlen(names[i]->d_name) - strlen(ENDING)),
			 names[i]->d_name);
		rc = add(l, name, e);
	}
	free_list(names, n);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->name,
		      ((const struct key *)b)->name);
}

const struct key *keys_named(const struct keys *k, const char *name)
{
	struct key want;

	if (strlen(name) > KEY_NAME_MAX)
		return NULL;
	snprintf(want.name, sizeof(want.name), "%s", name);
	return k->n ? bsearch(&want, k->list, k->n, sizeof(want), by_name)
		    : NULL;
}

static void find_persons(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		char person[KEY_NAME_MAX + 1];
		const char *slash = strchr(k->list[i].name, '/');

		if (!slash)
			continue;
		snprintf(person, sizeof(person), "%.*s",
			 (int)(slash - k->list[i].name), k->list[i].name);
		k->list[i].person = keys_named(k, person);
	}
}

/* --- the table ----------------------------------------------------------- */

static size_t place_of(const struct keys *k, const unsigned char *hash)
{
	uint64_t h;

	memcpy(&h, hash, sizeof(h));
	return (size_t)h & k->mask;
}

static const struct key *look_up(const struct keys *k,
				 const unsigned char *hash)
{
	static const unsigned char nobody[DIGEST_SHA256_BYTES];
	const struct key *found = NULL;
	size_t at = place_of(k, hash), tried = 0;

	for (; k->table && k->table[at]; at = (at + 1) & k->mask, tried++) {
		const struct key *one = &k->list[k->table[at] - 1];

		if (digest_same(hash, one->hash, sizeof(one->hash)))
			found = one;
		if (found)
			break;
	}
	if (!tried && !found) /* as long as with somebody there */
		digest_same(hash, nobody, sizeof(nobody));
	return found;
}

/* Two files with one hash: whose key it is cannot be told. */
static void fill_table(struct loading *l)
{
	struct keys *k = l->keys;
	size_t room = 16;

	while (room < 4 * k->n)
		room *= 2;
	k->table = xcalloc(room, sizeof(*k->table));
	k->mask = room - 1;
	for (size_t i = 0; i < k->n; i++) {
		struct key *one = &k->list[i];
		const struct key *other = one->wrong ? NULL
						     : look_up(k, one->hash);
		char file[KEY_FILE_BYTES];
		struct err e;
		size_t at;

		if (other) {
			key_file(one->name, file);
			err_set(&e, ERR_CONFIG, "its key is that of %s",
				other->name);
			close_key(l, one, file, &e);
		}
		if (one->wrong)
			continue;
		at = place_of(k, one->hash);
		while (k->table[at])
			at = (at + 1) & k->mask;
		k->table[at] = (uint32_t)i + 1;
	}
}

static void make_own(struct keys *k)
{
	struct buf all;
	bool good = false;

	buf_init(&all, 64 + KEYS_MAX * sizeof(k->list->hash));
	buf_str(&all, "dario to itself");
	for (size_t i = 0; i < k->n; i++) {
		buf_add(&all, k->list[i].hash, sizeof(k->list[i].hash));
		good |= !k->list[i].wrong;
	}
	if (good)
		digest_hex(buf_get(&all), k->own, sizeof(k->own));
	buf_release(&all);
}

const struct key *keys_find(const struct keys *k, struct span sent)
{
	unsigned char hash[DIGEST_SHA256_BYTES];

	digest_sha256(sent, hash);
	return look_up(k, hash);
}

int keys_load(struct keys *out, const char *home, key_watch_fn *watch,
	      void *arg, struct notes *notes, struct err *e)
{
	struct loading l = { out, home, watch, arg, notes, 0 };
	struct dirent **names;
	int n, rc = 0;

	look_at(&l, KEYS_FOLDER);
	n = list(&l, KEYS_FOLDER, is_person, &names, e);
	if (n < 0)
		return -1;
	for (int i = 0; i < n && rc == 0; i++) {
		char name[KEY_NAME_MAX + 1];
		size_t len = strlen(names[i]->d_name);

		if (!is_file(names[i])) {
			rc = add_devices(&l, names[i]->d_name, e);
			continue;
		}
		snprintf(name, sizeof(name), "%.*s",
			 (int)(len - strlen(ENDING)), names[i]->d_name);
		rc = add(&l, name, e);
	}
	free_list(names, n);
	if (rc == 0 && out->n) {
		qsort(out->list, out->n, sizeof(*out->list), by_name);
		find_persons(out);
		fill_table(&l);
		make_own(out);
	}
	return rc;
}

void keys_release(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		key_release(&k->list[i]);
	free(k->list);
	free(k->table);
	memset(k, 0, sizeof(*k));
}

/* --- what a key may ------------------------------------------------------ */

static const char *refusal(const struct key *k, int64_t now, char mem[80])
{
	char date[24];

	if (k->wrong)
		return "the file of this key is wrong";
	if (k->disabled)
		return "this key is disabled";
	if (!k->expires || now < k->expires)
		return NULL;
	quota_write_date(k->expires, date);
	snprintf(mem, 80, "this key has expired on %.10s", date);
	return mem;
}

const char *key_refusal(const struct key *k, int64_t now, char mem[80])
{
	const char *why = refusal(k, now, mem);

	return why || !k->person ? why : refusal(k->person, now, mem);
}

static bool allows(const struct key *k, const char *model)
{
	for (size_t i = 0; i < k->n_models; i++)
		if (glob_match(k->models[i], model))
			return true;
	return !k->n_models;
}

/* What names of all backends begin with for Claude Code says nothing of whose
 * model it is; nor does the long context. */
bool key_allows(const struct key *k, const char *model)
{
	size_t n = strlen(PICKED);
	struct model_name plain;

	if (strncmp(model, PICKED, n) == 0)
		model += n;
	if (model_name_million(model, &plain))
		model = plain.text;
	return allows(k, model) && (!k->person || allows(k->person, model));
}

void key_models(const struct key *k, struct buf *out)
{
	if (!k->n_models && k->person)
		k = k->person;
	for (size_t i = 0; i < k->n_models; i++)
		buf_fmt(out, "%s%s", i ? ", " : "", k->models[i]);
}

bool key_is_limited(const struct key *k)
{
	return quota_limits(&k->quota) ||
	       (k->person && quota_limits(&k->person->quota));
}

bool key_is_restricted(const struct key *k)
{
	return key_is_limited(k) || k->n_models ||
	       (k->person && k->person->n_models);
}

bool key_may_to(const struct key *k)
{
	return k->to && (!k->person || k->person->to);
}

unsigned key_priority(const struct key *k)
{
	if (k && k->priority < 0)
		k = k->person;
	return k && k->priority >= 0 ? (unsigned)k->priority
				     : KEY_PRIORITY_USUAL;
}
