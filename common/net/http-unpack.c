/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http-handle.h"

#include "base/wait.h"

#define REST_AT (1u << 20) /* unpacked bytes, until others may run */

void http_unpack_begin(struct handle *k, const struct http_head *head)
{
	struct span coding = http_field(head, "content-encoding");

	k->coding[0] = '\0';
	k->rested = 0;
	if (!coding.n || span_ieq(coding, "identity"))
		return;
	span_text(k->coding, sizeof(k->coding), coding);
}

/* A few bytes may stand for many: others get their turn meanwhile. */
static int hand_on(void *arg, struct span piece, struct err *e)
{
	struct handle *k = arg;
	struct http_call *c = k->call;

	if (c->enough)
		return 0;
	k->refused = c->on_body(c->arg, piece, e) != 0;
	if (k->refused)
		return -1;
	k->rested += piece.n;
	if (k->rested >= REST_AT) {
		k->rested = 0;
		wait_ms(0);
	}
	return 0;
}

/* unpack.h speaks of a client's body. */
static int bad_coding(const struct handle *k, struct err *e)
{
	if (e->code == ERR_MEMORY)
		return -1;
	if (e->code == ERR_ENCODING)
		return err_set(e, ERR_UPSTREAM,
			       "its answer has the content-encoding %s, which "
			       "was not asked for and is not known here",
			       k->coding);
	return err_set(e, ERR_UPSTREAM,
		       "its answer is not what its content-encoding says: it "
		       "is no whole %s text",
		       k->coding);
}

int http_unpack(struct handle *k, struct span in)
{
	struct err *e = k->err;

	k->refused = false;
	if (!k->unpack)
		k->unpack = unpack_new(k->coding, hand_on, k, e);
	if (k->unpack && unpack_feed(k->unpack, in, e) == 0)
		return 0;
	return k->refused ? -1 : bad_coding(k, e);
}

int http_unpack_end(struct handle *k, struct err *e)
{
	return k->unpack && unpack_end(k->unpack, e) ? bad_coding(k, e) : 0;
}

void http_unpack_release(struct handle *k)
{
	unpack_free(k->unpack);
	k->unpack = NULL;
}
