/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/fnv.h"
#include "base/unpack.h"
#include "base/wait.h"
#include "fcgi/request.h"
#include "fcgi/spool.h"
#include "fcgi/transport.h"
#include "fcgi/unpacked.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define READ_STEP (64u << 10)
#define ANNOUNCED_MAX (1LL << 40) /* bytes of one body that are counted */
#define REST_AT (1u << 20)        /* unpacked bytes, until others may run */

/* A body on its way in. */
struct intake {
	struct request *r;
	body_fn *fn;
	void *arg;
	size_t rested; /* bytes of the body at the last pause */
};

static int too_large(const struct request *r, struct err *e)
{
	return err_set(e, ERR_TOO_BIG,
		       "the request body is larger than %u MiB%s: send a file "
		       "in parts, where its provider has /v1/uploads",
		       REQUEST_BODY_MAX >> 20,
		       r->packed ? " without its content-encoding" : "");
}

static bool plain_encoding(const char *encoding)
{
	return !encoding || !*encoding || strcasecmp(encoding, "identity") == 0;
}

int64_t request_announced(const struct request *r)
{
	const char *s = r->vars.content_length;

	return s && *s ? (int64_t)(strtoul(s, NULL, 10) & INT64_MAX) : -1;
}

/* The announced length, or 0 when there is none (chunked requests). */
static size_t announced(const struct request *r)
{
	int64_t n = request_announced(r);

	return n > 0 ? (size_t)n : 0;
}

/* The end of the body, which a web server may send by itself. */
static int expect_end(struct request *r, struct err *e)
{
	char extra;

	if (r->gw->ops->read(r->gw, &extra, 1) == 0)
		return 0;
	return too_large(r, e);
}

/* What the gateway says of some bytes, as they were sent; 0: the end. */
static long took(struct request *r, long n, struct err *e)
{
	if (n == GATEWAY_LATER)
		return HTTP_LATER;
	if (n < 0 && atomic_load(&r->app->cut))
		return err_set(e, ERR_SHUTDOWN,
			       "the router is stopping: try again");
	if (n < 0 || (n == 0 && r->bytes_in < announced(r)))
		return err_set(e, ERR_GONE, "the body ended after %llu bytes",
			       (unsigned long long)r->bytes_in);
	r->bytes_in += (uint64_t)n;
	if (r->unread_by) {
		unread_took(r->unread_by, n);
		r->unread -= n;
	}
	return n;
}

static long read_some(struct request *r, char *to, size_t room, struct err *e)
{
	return took(r, r->gw->ops->read(r->gw, to, room), e);
}

/* --- as it is ------------------------------------------------------------ */

static int read_plain(struct intake *in, size_t limit, struct err *e)
{
	struct request *r = in->r;

	while (r->body.n < limit) {
		size_t left = limit - r->body.n;
		size_t room = left < READ_STEP ? left : READ_STEP;
		char *to = buf_room(&r->body, room);
		long n;

		if (!to)
			return err_memory(e);
		n = read_some(r, to, room, e);
		if (n <= 0)
			return (int)n;
		buf_took(&r->body, (size_t)n);
		if (in->fn &&
		    in->fn(in->arg, (struct span){ to, (size_t)n }, e))
			return -1;
	}
	return expect_end(r, e);
}

/* --- without its coding -------------------------------------------------- */

static int take_unpacked(void *arg, struct span piece, struct err *e)
{
	struct intake *in = arg;
	struct request *r = in->r;

	buf_span(&r->body, piece);
	if (r->body.full)
		return r->body.starved ? err_memory(e) : too_large(r, e);
	/* A few bytes may stand for many: others get their turn meanwhile. */
	if (r->body.n - in->rested >= REST_AT) {
		in->rested = r->body.n;
		wait_ms(0);
	}
	return in->fn ? in->fn(in->arg, piece, e) : 0;
}

static int unpack_all(struct intake *in, struct unpack *u, char *scrap,
		      size_t limit, struct err *e)
{
	struct request *r = in->r;

	while (r->bytes_in < limit) {
		size_t left = limit - (size_t)r->bytes_in;
		long n = read_some(r, scrap,
				   left < READ_STEP ? left : READ_STEP, e);

		if (n < 0)
			return -1;
		if (n == 0)
			return unpack_end(u, e);
		if (unpack_feed(u, (struct span){ scrap, (size_t)n }, e))
			return -1;
	}
	return expect_end(r, e) ? -1 : unpack_end(u, e);
}

/* From here on the body is a plain one. */
static int read_packed(struct intake *in, size_t limit, struct err *e)
{
	struct request *r = in->r;
	struct unpack *u = unpack_new(r->vars.content_encoding, take_unpacked,
				      in, e);
	char *scrap;
	int rc = -1;

	if (!u)
		return -1;
	r->packed = true;
	scrap = memory_grow(NULL, 0, READ_STEP);
	if (!scrap)
		err_memory(e);
	else
		rc = unpack_all(in, u, scrap, limit, e);
	if (scrap)
		memory_free(scrap, READ_STEP);
	unpack_free(u);
	r->vars.content_encoding = NULL;
	return rc;
}

int request_read_body(struct request *r, body_fn *fn, void *arg, struct err *e)
{
	struct intake in = { .r = r, .fn = fn, .arg = arg };
	size_t expect = announced(r);
	size_t limit = expect ? expect : REQUEST_BODY_MAX;

	if (expect > REQUEST_BODY_MAX)
		return too_large(r, e);
	return plain_encoding(r->vars.content_encoding)
		     ? read_plain(&in, limit, e)
		     : read_packed(&in, limit, e);
}

/* --- held in part -------------------------------------------------------- */

static long raw_some(void *arg, char *p, size_t n, struct err *e)
{
	struct request *r = arg;
	size_t expect = announced(r);

	return expect && r->bytes_in >= expect ? 0 : read_some(r, p, n, e);
}

static long raw_now(void *arg, char *p, size_t n, struct err *e)
{
	struct request *r = arg;
	size_t expect = announced(r);

	if (expect && r->bytes_in >= expect)
		return 0;
	return took(r, r->gw->ops->read_now(r->gw, p, n), e);
}

int request_unpack(struct request *r, struct err *e)
{
	r->unpacked = unpacked_new(r->vars.content_encoding, e);
	if (!r->unpacked)
		return -1;
	r->packed = true;
	r->vars.content_encoding = NULL;
	return 0;
}

/* All that was announced is there? */
static bool has_all(const struct request *r)
{
	size_t expect = announced(r);

	return expect && r->bytes_in >= expect && !r->unpacked;
}

int request_hold_body(struct request *r, size_t most, bool *whole,
		      struct err *e)
{
	*whole = false;
	while (r->body.n < most && !*whole) {
		char *to = buf_room(&r->body, READ_STEP);
		long n;

		if (!to)
			return err_memory(e);
		n = r->unpacked ? unpacked_read(r->unpacked, raw_some, r, to,
						READ_STEP, e)
				: read_some(r, to, READ_STEP, e);
		if (n < 0)
			return -1;
		buf_took(&r->body, (size_t)n);
		*whole = n == 0 || has_all(r);
	}
	r->body_ended = *whole;
	return 0;
}

/* Whose body it is: the person's, or whoever is at that address. */
static uint64_t caller_of(const struct request *r)
{
	const struct key *k = r->key && r->key->person ? r->key->person
						       : r->key;
	const char *name = k ? k->name : transport_from(r).name;

	return fnv(fnv_byte(FNV_START, k != NULL), span_of(name ? name : ""));
}

int request_may_stream(struct request *r, struct err *e)
{
	int64_t n = request_announced(r) - (int64_t)r->bytes_in;

	if (n <= 0 || !gateway_spools(r->gw))
		return 0;
	if (n > ANNOUNCED_MAX) /* sums of them stay in range */
		n = ANNOUNCED_MAX;
	r->unread_by = unread_begin(&r->app->unread, caller_of(r), n, e);
	r->unread = n;
	return r->unread_by ? 0 : -1;
}

long request_rest_of_body(struct request *r, char *p, size_t n, struct err *e)
{
	if (spool_left(r->spool))
		return spool_read(r->spool, p, n, e);
	if (r->body_ended)
		return 0;
	return r->unpacked ? unpacked_read(r->unpacked, raw_now, r, p, n, e)
			   : raw_now(r, p, n, e);
}
