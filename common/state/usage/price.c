/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/price.h"

#include "base/arena.h"
#include "base/glob.h"
#include "base/install-path.h"
#include "base/json.h"
#include "base/log.h"
#include "state/config/backend.h"
#include "state/config/member.h"
#include "state/keys/quota.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1e6
#define HOUR_MS 3600000
#define HOUR_SECONDS 3600
#define KEPT 64 /* names of models that a thread has looked up last */

struct row {
	struct globs match;
	const char **at; /* names of providers */
	size_t n_at;
	int64_t from; /* ms since 1970 */
	struct price price;
};

/* The rows of one file. */
struct table {
	struct arena arena; /* of names: the file as it is read goes */
	struct row *rows;
	size_t n;
};

struct prices {
	struct table own, ours;
	/* Ours are many, and most commands ask for no price: they are read when
	 * the first one is asked for. */
	pthread_mutex_t lock;
	atomic_bool has_ours;
	struct price unknown;
	uint64_t number; /* of this loading */
};

#define TOKENS_MAX 1000000000
#define SEARCH 0.01 /* Anthropic's and OpenAI's, for one */
#define CALL 0.03   /* of the dearest tool of OpenAI's */
#define BATCH 0.5   /* of them, of Google, Groq, Mistral, Together, xAI */

static const struct price large = {
	.usual = { 5 / MILLION, 25 / MILLION, 0.5 / MILLION, 6.25 / MILLION,
		   10 / MILLION, 25 / MILLION },
	.batch = BATCH,
	.search = SEARCH,
	.call = CALL,
	.second = 0.36 / HOUR_SECONDS,
	.character = 15 / MILLION,
};

/* A number that stands there, or `preset`. */
static int up_to(double most, const char *what, struct json_object *o,
		 const char *key, double preset, double *out, struct err *e)
{
	*out = json_get(o, key) ? json_number(o, key, -1) : preset;
	if (*out >= 0 && *out <= most)
		return 0;
	return err_set(e, ERR_CONFIG, "%s must be %s from 0 to %.0f", key, what,
		       most);
}

static int amount(struct json_object *o, const char *key, double preset,
		  double *out, struct err *e)
{
	return up_to(MILLION, "dollars", o, key, preset, out, e);
}

static int read_rates(struct price_rates *r, struct json_object *o,
		      struct err *e)
{
	double *const to[] = { &r->input,   &r->output,  &r->read,
			       &r->write5m, &r->write1h, &r->reasoning };
	static const char *const keys[] = { "input",   "output",  "read",
					    "write5m", "write1h", "reasoning" };

	if (!json_get(o, "input") || !json_get(o, "output"))
		return err_set(e, ERR_CONFIG,
			       "a price needs input and output, in dollars for "
			       "a million tokens");
	for (int i = 0; i < 6; i++) {
		double preset = i < 2  ? 0
			      : i == 5 ? r->output * MILLION
				       : r->input * MILLION;

		if (amount(o, keys[i], preset, to[i], e))
			return -1;
		*to[i] /= MILLION;
	}
	return 0;
}

/* The first day of a row, as a moment; without one it always holds. */
static int read_from(struct json_object *row, int64_t *out, struct err *e)
{
	const char *text = json_cstr(row, "from");

	*out = 0;
	if (!text)
		return 0;
	return quota_read_date(text, out, e) ? err_add(e, "from") : 0;
}

/* Beyond what text costs. */
static int read_media(struct price_media *m, const struct price_rates *text,
		      struct json_object *row, const char *key, struct err *e)
{
	struct json_object *o = json_get(row, key);
	double *const to[] = { &m->input, &m->read, &m->output };
	const double usual[] = { text->input, text->read, text->output };
	static const char *const keys[] = { "input", "read", "output" };

	if (o && member_check(o, price_members, e))
		return err_add(e, key);
	for (int i = 0; i < 3; i++) {
		if (amount(o, keys[i], usual[i] * MILLION, to[i], e))
			return err_add(e, key);
		*to[i] = *to[i] / MILLION - usual[i];
	}
	return 0;
}

/* What it does not say of sound stays as it was. */
static int read_price(struct price *p, struct json_object *o, struct err *e)
{
	struct json_object *far = json_get(o, "long");
	long over = 0;

	if (member_check(o, price_members, e) || read_rates(&p->usual, o, e) ||
	    (far && (member_check(far, price_members, e) ||
		     member_number(far, "over", 1, TOKENS_MAX, 0, &over, e) ||
		     read_rates(&p->far, far, e))) ||
	    read_media(&p->image, &p->usual, o, "image", e) ||
	    read_media(&p->audio, &p->usual, o, "audio", e) ||
	    amount(o, "hour", p->second * HOUR_SECONDS, &p->second, e) ||
	    amount(o, "characters", p->character * MILLION, &p->character, e) ||
	    up_to(1, "a share", o, "batch", BATCH, &p->batch, e) ||
	    amount(o, "search", SEARCH, &p->search, e) ||
	    amount(o, "call", p->call, &p->call, e))
		return -1;
	p->over = over;
	p->second /= HOUR_SECONDS;
	p->character /= MILLION;
	return 0;
}

static bool are_names(struct json_object *list)
{
	size_t n = json_length(list);

	if (!json_object_is_type(list, json_type_array) || !n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!json_span(json_at(list, i)).n)
			return false;
	return true;
}

/* From here on without the file. */
static void keep_names(struct row *row, struct arena *a, struct json_object *at)
{
	for (size_t i = 0; i < row->match.n; i++) {
		const char **pattern = &row->match.list[i].pattern;

		*pattern = arena_str(a, span_of(*pattern));
	}
	row->n_at = json_length(at);
	row->at = arena_take(a, (row->n_at + 1) * sizeof(*row->at));
	for (size_t i = 0; i < row->n_at; i++)
		row->at[i] = arena_str(a, json_span(json_at(at, i)));
}

static int read_names(struct row *row, struct arena *a, struct json_object *o,
		      struct err *e)
{
	struct json_object *match = json_get(o, "match");
	struct json_object *at = json_get(o, "at");

	if (!are_names(match))
		return err_set(e, ERR_CONFIG,
			       "match must be a list of names of "
			       "models, such as [\"my-model*\"]");
	if (at && !are_names(at))
		return err_set(e, ERR_CONFIG,
			       "at must be a list of providers or backends, "
			       "such as [\"groq\"]");
	globs_read(&row->match, match);
	keep_names(row, a, at);
	return 0;
}

static int read_images(struct price *p, struct arena *a, struct json_object *o,
		       struct err *e)
{
	struct json_object *list = json_get(o, "images");
	size_t n = json_length(list);
	struct price_image *to = arena_take(a, (n + 1) * sizeof(*to));

	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_at(list, i);

		if (member_check(one, image_members, e) ||
		    amount(one, "price", -1, &to[i].price, e))
			return err_add(e, "images");
		to[i].size = arena_str(a, json_str(one, "size"));
		to[i].quality = arena_str(a, json_str(one, "quality"));
	}
	p->images = to;
	p->n_images = n;
	return 0;
}

static int read_rows(struct table *t, struct json_object *file, struct err *e)
{
	struct json_object *list = json_get(file, "prices");

	if (list && !json_object_is_type(list, json_type_array))
		return err_set(e, ERR_CONFIG, "prices must be a list");
	t->rows = xcalloc(json_length(list) + 1, sizeof(*t->rows));
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);
		struct row *row = &t->rows[t->n++];

		if (read_names(row, &t->arena, o, e) ||
		    read_from(o, &row->from, e) ||
		    read_price(&row->price, o, e) ||
		    read_images(&row->price, &t->arena, o, e))
			return -1;
	}
	return t->arena.full ? err_memory(e) : 0;
}

static int read_own(struct prices *p, const char *home, struct err *e)
{
	struct json_object *file = NULL, *unknown;
	int rc;

	if (!home || json_load(home, PRICES_FILE, &file, e) > 0)
		return 0;
	if (!file)
		return -1;
	unknown = json_get(file, "defaultPrice");
	rc = unknown ? read_price(&p->unknown, unknown, e) : 0;
	if (rc == 0)
		rc = read_rows(&p->own, file, e);
	json_object_put(file);
	return rc ? err_add(e, PRICES_FILE) : 0;
}

static void release(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		globs_release(&t->rows[i].match);
	arena_release(&t->arena);
	free(t->rows);
	*t = (struct table){ .n = 0 };
	arena_init(&t->arena);
}

/* Without them no price of a model is known, and that is said. */
static int read_ours(struct prices *p, struct err *e)
{
	struct json_object *file = install_path_json("share/prices.json", e);
	int rc = file ? read_rows(&p->ours, file, e) : -1;

	if (rc) {
		release(&p->ours);
		log_msg("no prices are known: %s", e->msg);
	}
	json_object_put(file);
	return rc;
}

int prices_ready(const struct prices *known, struct err *e)
{
	struct prices *p = (struct prices *)known;
	int rc = 0;

	if (atomic_load_explicit(&p->has_ours, memory_order_acquire))
		return 0;
	pthread_mutex_lock(&p->lock);
	if (!atomic_load(&p->has_ours)) {
		/* There may be memory for the next one who asks. */
		rc = read_ours(p, e) && e->code == ERR_MEMORY ? -1 : 0;
		atomic_store_explicit(&p->has_ours, rc == 0,
				      memory_order_release);
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static const struct table *ours(const struct prices *p)
{
	static const struct table none;
	struct err unused;

	return prices_ready(p, &unused) ? &none : &p->ours;
}

struct prices *prices_load(const char *home, struct err *e)
{
	static atomic_uint_least64_t numbers;
	struct prices *p = xcalloc(1, sizeof(*p));

	p->unknown = large;
	p->number = atomic_fetch_add(&numbers, 1) + 1;
	pthread_mutex_init(&p->lock, NULL);
	arena_init(&p->own.arena);
	arena_init(&p->ours.arena);
	if (read_own(p, home, e) == 0)
		return p;
	prices_free(p);
	return NULL;
}

const struct price *prices_default(const struct prices *p)
{
	return &p->unknown;
}

void prices_free(struct prices *p)
{
	if (!p)
		return;
	release(&p->own);
	release(&p->ours);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* --- looking up ---------------------------------------------------------- */

static bool is_at(const struct row *r, const struct backend *b)
{
	for (size_t i = 0; b && i < r->n_at; i++)
		if (strcmp(r->at[i], b->provider) == 0 ||
		    strcmp(r->at[i], b->name) == 0)
			return true;
	return false;
}

/* The first row that matches names the model; an older row with another date
 * stands behind it under the same name. */
static const struct price *find_in(const struct table *t,
				   const struct backend *b, bool at,
				   struct glob_name model, int64_t when)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct row *r = &t->rows[i];

		if (r->from <= when && (at ? is_at(r, b) : !r->n_at) &&
		    globs_match(&r->match, model, 0))
			return &r->price;
	}
	return NULL;
}

static const struct price *find_at(const struct table *t,
				   const struct backend *b,
				   struct glob_name model, int64_t when)
{
	const struct price *found = find_in(t, b, true, model, when);

	return found ? found : find_in(t, b, false, model, when);
}

/* The home's rows before ours, those of the place before all others. */
static const struct price *find(const struct prices *p, const struct backend *b,
				const char *model, int64_t when)
{
	struct glob_name name = glob_name(model);
	const struct price *found = find_at(&p->own, b, name, when);

	return found ? found : find_at(ours(p), b, name, when);
}

static unsigned hash_in(unsigned h, const char *s)
{
	while (*s)
		h = h * 31 + (unsigned char)*s++;
	return h * 31;
}

const struct price *prices_find(const struct prices *p, const struct backend *b,
				const char *model, int64_t when)
{
	static _Thread_local struct {
		uint64_t number;
		int64_t hour; /* prices change at midnight */
		char model[64], backend[72], provider[BACKEND_PROVIDER_MAX + 1];
		const struct price *price;
	} kept[KEPT];
	const char *name = b ? b->name : "", *provider = b ? b->provider : "";
	unsigned h = hash_in(hash_in(0, name), model) % KEPT;

	if (strlen(model) >= sizeof(kept->model) ||
	    strlen(name) >= sizeof(kept->backend))
		return find(p, b, model, when);
	if (kept[h].number != p->number || kept[h].hour != when / HOUR_MS ||
	    strcmp(kept[h].model, model) || strcmp(kept[h].backend, name) ||
	    strcmp(kept[h].provider, provider)) {
		kept[h].price = find(p, b, model, when);
		kept[h].number = p->number;
		kept[h].hour = when / HOUR_MS;
		strcpy(kept[h].model, model);
		strcpy(kept[h].backend, name);
		strcpy(kept[h].provider, provider);
	}
	return kept[h].price;
}

static double media_cost(const struct price_media *p,
			 const struct usage_media *u)
{
	return (double)u->input * p->input + (double)u->read * p->read +
	       (double)u->output * p->output;
}

/* Of what tokens cost. */
static double tier_factor(unsigned tier)
{
	double factor = tier & USAGE_FAST     ? PRICE_FAST
		      : tier & USAGE_PRIORITY ? PRICE_PRIORITY
		      : tier & USAGE_FLEX     ? PRICE_FLEX
					      : 1;

	return tier & USAGE_US ? factor * PRICE_US : factor;
}

double price_cost(const struct price *p, const struct usage *u)
{
	int64_t prompt = u->input + u->cache_read + u->cache_write;
	int64_t thought = u->reasoning < u->output ? u->reasoning : u->output;
	const struct price_rates *r = p->over && prompt > p->over ? &p->far
								  : &p->usual;

	double tokens =
		(double)u->input * r->input + (double)u->cache_read * r->read +
		(double)(u->cache_write - u->cache_write_1h) * r->write5m +
		(double)u->cache_write_1h * r->write1h +
		(double)(u->output - thought) * r->output +
		(double)thought * r->reasoning +
		media_cost(&p->image, &u->image) +
		media_cost(&p->audio, &u->audio);

	return tokens * tier_factor(u->tier) + (double)u->seconds * p->second +
	       (double)u->searches * p->search;
}

static bool fits(const char *wanted, struct span asked)
{
	return !*wanted || span_is(asked, wanted);
}

double price_image_cost(const struct price *p, struct span size,
			struct span quality)
{
	for (size_t i = 0; i < p->n_images; i++)
		if (fits(p->images[i].size, size) &&
		    fits(p->images[i].quality, quality))
			return p->images[i].price;
	return -1;
}

double price_times(const struct price *p, const struct usage *u, double factor)
{
	double fees = (double)u->searches * p->search;

	return (price_cost(p, u) - fees) * factor + fees;
}

double price_batch_cost(const struct price *p, const struct usage *u)
{
	return price_times(p, u, p->batch);
}

double prices_cost(const struct prices *p, const struct backend *b,
		   const char *model, int64_t when, const struct usage *u)
{
	const struct price *price = prices_find(p, b, model, when);

	return price ? price_cost(price, u) : -1;
}
