/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/unpack.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define GZIP_STATE (48u << 10) /* bytes of zlib's own: a window of 32 KiB */
#define GZIP_BITS (15 + 16)    /* that window, and gzip's header */
#define ZSTD_WINDOW_LOG 23

struct coding {
	const char *name, *alias;
	int (*begin)(struct unpack *u, struct err *e);
	int (*feed)(struct unpack *u, struct span in, struct err *e);
	void (*finish)(struct unpack *u);
};

struct unpack {
	const struct coding *coding;
	unpack_fn *fn;
	void *arg;
	void *state;   /* the library's */
	size_t held;   /* bytes that are counted for it */
	bool in_frame; /* more has to come */
	char piece[UNPACK_PIECE];
};

/* What its state has grown to. */
static int count(struct unpack *u, size_t n, struct err *e)
{
	if (n > u->held && !memory_hold(n - u->held))
		return err_memory(e);
	if (n < u->held)
		memory_let_go(u->held - n);
	u->held = n;
	return 0;
}

static int damaged(const struct unpack *u, struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "the body is not what its content-encoding says: it is "
		       "no whole %s text",
		       u->coding->name);
}

static int hand_over(struct unpack *u, size_t n, struct err *e)
{
	return n ? u->fn(u->arg, (struct span){ u->piece, n }, e) : 0;
}

#ifdef HAVE_ZLIB
static int gzip_begin(struct unpack *u, struct err *e)
{
	z_stream *z;

	if (count(u, GZIP_STATE, e))
		return -1;
	z = xcalloc(1, sizeof(*z));
	u->state = z;
	return inflateInit2(z, GZIP_BITS) == Z_OK ? 0 : err_memory(e);
}

/* Several members one after the other are one text. */
static int gzip_feed(struct unpack *u, struct span in, struct err *e)
{
	z_stream *z = u->state;
	int rc = Z_OK;

	z->next_in = (Bytef *)(uintptr_t)in.p;
	z->avail_in = (uInt)in.n;
	do {
		if (!u->in_frame && z->avail_in) {
			inflateReset(z);
			u->in_frame = true;
		}
		z->next_out = (Bytef *)u->piece;
		z->avail_out = UNPACK_PIECE;
		rc = u->in_frame ? inflate(z, Z_NO_FLUSH) : Z_BUF_ERROR;
		if (rc == Z_MEM_ERROR)
			return err_memory(e);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return damaged(u, e);
		u->in_frame = u->in_frame && rc != Z_STREAM_END;
		if (hand_over(u, UNPACK_PIECE - z->avail_out, e))
			return -1;
	} while (rc != Z_BUF_ERROR && (z->avail_in || !z->avail_out));
	return 0;
}

static void gzip_finish(struct unpack *u)
{
	inflateEnd(u->state);
	free(u->state);
}
#endif

#ifdef HAVE_ZSTD
static int zstd_begin(struct unpack *u, struct err *e)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	u->state = z;
	if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax,
						      ZSTD_WINDOW_LOG)))
		return err_memory(e);
	return count(u, ZSTD_sizeof_DCtx(z), e);
}

static int zstd_feed(struct unpack *u, struct span in, struct err *e)
{
	ZSTD_inBuffer from = { in.p, in.n, 0 };
	ZSTD_outBuffer to;
	size_t rc;

	do {
		to = (ZSTD_outBuffer){ u->piece, UNPACK_PIECE, 0 };
		rc = ZSTD_decompressStream(u->state, &to, &from);
		if (ZSTD_isError(rc))
			return damaged(u, e);
		u->in_frame = rc != 0;
		if (count(u, ZSTD_sizeof_DCtx(u->state), e) ||
		    hand_over(u, to.pos, e))
			return -1;
	} while (from.pos < from.size || (rc && to.pos == to.size));
	return 0;
}

static void zstd_finish(struct unpack *u)
{
	ZSTD_freeDCtx(u->state);
}
#endif

static const struct coding codings[] = {
#ifdef HAVE_ZLIB
	{ "gzip", "x-gzip", gzip_begin, gzip_feed, gzip_finish },
#endif
#ifdef HAVE_ZSTD
	{ "zstd", "zstd", zstd_begin, zstd_feed, zstd_finish },
#endif
	{ NULL, NULL, NULL, NULL, NULL },
};

/* The codings that are known, as a list for people: "gzip, zstd", or "". */
static const char *known_codings(void)
{
	return ""
#ifdef HAVE_ZLIB
	       "gzip"
#endif
#if defined(HAVE_ZLIB) && defined(HAVE_ZSTD)
	       ", "
#endif
#ifdef HAVE_ZSTD
	       "zstd"
#endif
		;
}

static int unknown(const char *coding, struct err *e)
{
	const char *known = known_codings();

	return err_set(e, ERR_ENCODING,
		       "content-encoding %.40s is not supported: send the "
		       "body uncompressed%s%s",
		       coding, *known ? ", or as one of " : "", known);
}

static const struct coding *find(const char *name)
{
	const struct coding *c = codings;

	while (c->name && strcasecmp(name, c->name) &&
	       strcasecmp(name, c->alias))
		c++;
	return c->name ? c : NULL;
}

bool unpack_knows(const char *coding)
{
	return find(coding);
}

struct unpack *unpack_new(const char *coding, unpack_fn *fn, void *arg,
			  struct err *e)
{
	const struct coding *c = find(coding);
	struct unpack *u;

	if (!c) {
		unknown(coding, e);
		return NULL;
	}
	u = memory_grow(NULL, 0, sizeof(*u));
	if (!u) {
		err_memory(e);
		return NULL;
	}
	memset(u, 0, offsetof(struct unpack, piece));
	u->coding = c;
	u->fn = fn;
	u->arg = arg;
	if (c->begin(u, e)) {
		unpack_free(u);
		return NULL;
	}
	return u;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	if (u->state)
		u->coding->finish(u);
	memory_let_go(u->held);
	memory_free(u, sizeof(*u));
}

int unpack_feed(struct unpack *u, struct span in, struct err *e)
{
	return in.n ? u->coding->feed(u, in, e) : 0;
}

int unpack_end(struct unpack *u, struct err *e)
{
	return u->in_frame ? damaged(u, e) : 0;
}
