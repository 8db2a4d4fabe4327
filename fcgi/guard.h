/* SPDX-License-Identifier: MIT */
/*
 * guard: who may ask at all.
 *
 * A web page in the user's own browser can reach a router on loopback. It is
 * kept out by its Origin, by what the browser says of it in Sec-Fetch-Site
 * (images, forms and simple requests may have no Origin), and by Host when it
 * tricks the resolver into pointing a name of its own at 127.0.0.1. The key is
 * compared in constant time, from x-api-key or Authorization: Bearer; while
 * there is none, clients on other machines are refused. While people have keys
 * (state/keys/key.h) everybody needs one, also on this machine: the owner's is
 * DARIO_API_KEY, and without it nobody is the owner here. A token of a sign-in
 * (state/keys/grant.h) is the key that it stands for.
 *
 * The page logs in by a cookie and a token (state/keys/session.h), which are
 * good for what the page shows and does, not for a model's API. The token comes
 * in x-dario-token: only a page of this router can have read it. What changes
 * something comes from the page's own origin, and never without a key, for
 * other pages and people are on this machine, too.
 */
#ifndef DARIO_GUARD_H
#define DARIO_GUARD_H

#include "fcgi/request.h"

/* Host, Origin, Sec-Fetch-*, repeated fields; sets r->trusted by the key. */
int guard_request(struct request *r, struct err *e);
/* The key, for everything that is not open; sets r->key or r->own where it is
 * not the owner's. */
int guard_key(struct request *r, struct err *e);
/* The page's log-in, where there is a good one: sets r->session, and r->trusted
 * or r->key. */
bool guard_session(struct request *r);
/* May it change something, as the owner who was let in before? */
int guard_change(const struct request *r, struct err *e);
/* Does the page of this router ask, or no page? */
bool guard_is_same_origin(const struct request *r);
/* What the client has sent as keys of this router; empty while it has none. */
void guard_keys(const struct request *r, struct span out[2]);
/* A name, a path or a message without such a key, or one of a provider's form:
 * some put theirs where it does not belong. From the arena when it had one. */
const char *guard_safe(const struct request *r, const char *text);

#endif
