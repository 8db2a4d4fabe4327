/* SPDX-License-Identifier: MIT */
/*
 * price: what an answer costs, by share/prices.json, and by prices.json of the
 * home, which goes before it:
 *
 *	{"defaultPrice":{"input":5,"output":25},
 *	 "prices":[{"match":["my-model*"],"at":["groq"],"input":1,"output":2,
 *		    "read":0.1,"write5m":1.25,"write1h":2,"reasoning":2,
 *		    "search":0.01,"from":"2026-01-01",
 *		    "image":{"input":8,"read":2,"output":32},
 *		    "images":[{"size":"1024x1024","quality":"hd","price":0.08},
 *			      {"price":0.04}],
 *		    "audio":{"input":32,"output":64},"hour":0.36,
 *		    "characters":15,"batch":0.5,
 *		    "long":{"over":200000,"input":2,"output":4}}]}
 *
 * US dollars for a million tokens; `search` for one search of the web that the
 * provider runs, `call` for one of its tool whose name stands in place of a
 * model's (file_search, code_interpreter: a gigabyte of its container), `hour`
 * of sound and a million `characters` of speech where these are billed, `batch`
 * the share of it all that the requests of a batch cost. What a row does not
 * say of a cache costs what input does, reasoning what other output, an image
 * or sound what text does. `at`: these providers alone (their id in
 * share/providers.json, or a backend's name); without it wherever a model of
 * that name answers and no other row is of the place. Each row of ours has its
 * source, and where it is known the date from which it holds; of the rows for a
 * model the first one that holds counts. A server of the user's own machine
 * costs nothing (cost.h). Ours are read when the first price is asked for;
 * without the file none is known. Thread-safe.
 */
#ifndef DARIO_PRICE_H
#define DARIO_PRICE_H

#include "base/err.h"
#include "dialect/event.h"

#define PRICES_FILE "prices.json" /* of the home */

struct prices;
/* An error names the home's file, when that is wrong. */
struct prices *prices_load(const char *home, struct err *e);
void prices_free(struct prices *p); /* NULL is fine */
/* Reads ours, unless they are: what looks a price up does it, too, but does not
 * tell that there was no memory for it (-1). */
int prices_ready(const struct prices *p, struct err *e);

/* US dollars for a token. */
struct price_rates {
	double input, output, read, write5m, write1h, reasoning;
};

/* How much more a token costs that is no text. */
struct price_media {
	double input, read, output;
};

/* One image, where no tokens are told of it; "" stands for any. */
struct price_image {
	const char *size, *quality;
	double price; /* US dollars */
};

/* Times so much: Anthropic's fast mode, its price in one country, OpenAI's
 * priority and flex. */
#define PRICE_FAST 6
#define PRICE_US 1.1
#define PRICE_PRIORITY 2
#define PRICE_FLEX 0.5

struct price {
	struct price_rates usual, far;
	struct price_media image, audio;
	double second;    /* of sound, US dollars */
	double character; /* of a text that is spoken */
	double batch;     /* share of its price that a batch costs */
	double search;    /* US dollars for one */
	double call;      /* of a provider's tool, that the row is for */
	const struct price_image *images;
	size_t n_images;
	int64_t over; /* tokens of the prompt, beyond which it is `far`; or 0 */
};

/* Of the model of that backend (NULL: it is not known) at `when` (ms since
 * 1970); NULL: not known. It lives as long as p. */
struct backend;
const struct price *prices_find(const struct prices *p, const struct backend *b,
				const char *model, int64_t when);
/* Where no price is known, for limits: defaultPrice, or what a large model
 * costs. */
const struct price *prices_default(const struct prices *p);

double price_cost(const struct price *p, const struct usage *u);
/* Of one image of that size and quality, by the first of `images` that fits, or
 * negative. */
double price_image_cost(const struct price *p, struct span size,
			struct span quality);
/* All of it but searches, times so much. */
double price_times(const struct price *p, const struct usage *u, double factor);
double price_batch_cost(const struct price *p, const struct usage *u);
/* In US dollars at `when`; negative: not known. */
double prices_cost(const struct prices *p, const struct backend *b,
		   const char *model, int64_t when, const struct usage *u);

#endif
