/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-open.h"

#include "state/shared/redis-call.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct timeval time_of(long ms)
{
	return (struct timeval){ .tv_sec = ms / 1000,
				 .tv_usec = ms % 1000 * 1000 };
}

static redisContext *refuse(redisContext *c, const char *what, struct err *e)
{
	err_set(e, ERR_INTERNAL, "%s: %s", what,
		c ? c->errstr : "no memory for a connection");
	if (c)
		redisFree(c);
	return NULL;
}

static redisContext *connect_to(const struct redis_host *h,
				const struct redis_setup *s, struct err *e)
{
	struct timeval most = time_of(s->connect_ms);
	redisContext *c = redisConnectWithTimeout(h->name, h->port, most);

	if (!c || c->err)
		return refuse(c, h->name, e);
	redisSetTimeout(c, most);
	if (!s->tls || !redis_tls_begin(s->tls, c, h->name, e))
		return c;
	redisFree(c);
	return NULL;
}

/* The address that the connection has come to, in numbers: loops must not ask
 * for names. Its certificate is for the name. */
static void note_peer(redisContext *c, const char *name,
		      struct redis_place *out)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char port[8];

	snprintf(out->name, sizeof(out->name), "%s", name);
	if (getpeername(c->fd, (struct sockaddr *)&a, &n) ||
	    getnameinfo((struct sockaddr *)&a, n, out->host, sizeof(out->host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	out->port = atoi(port);
}

/* 0, or -1 with what the server says. */
static int expect(redisReply *r, redisContext *c, const char *what,
		  struct err *e)
{
	int rc = 0;

	if (!r)
		return err_set(e, ERR_INTERNAL, "%s: %s", what, c->errstr);
	if (r->type == REDIS_REPLY_ERROR)
		rc = err_set(e, ERR_CONFIG, "%s: it says %.*s", what,
			     r->len < 200 ? (int)r->len : 200, r->str);
	freeReplyObject(r);
	return rc;
}

/* Sentinels may not know yet that it is the master no more. Some servers do not
 * say what they are. */
static int expect_master(redisContext *c, long ms, struct err *e)
{
	redisReply *r = redis_call(c, ms, "ROLE");
	bool replica = r && r->type == REDIS_REPLY_ARRAY && r->elements &&
		       r->element[0]->type == REDIS_REPLY_STRING &&
		       strcmp(r->element[0]->str, "slave") == 0;

	if (!r)
		return expect(r, c, "role", e);
	freeReplyObject(r);
	return replica ? err_set(e, ERR_CONFIG,
				 "it is a replica, which takes no changes: "
				 "give the address of its master, or of the "
				 "sentinels")
		       : 0;
}

static int log_in(redisContext *c, const struct redis_setup *s, struct err *e)
{
	const struct redis_url *u = &s->url;
	long ms = s->connect_ms;

	if (*u->user)
		return expect(
			redis_call(c, ms, "AUTH %s %s", u->user, u->password),
			c, "user and password", e);
	if (*u->password)
		return expect(redis_call(c, ms, "AUTH %s", u->password), c,
			      "password", e);
	return 0;
}

static int introduce(redisContext *c, const struct redis_setup *s,
		     struct redis_place *out, struct err *e)
{
	long ms = s->connect_ms, db = s->url.db;
	redisReply *r;

	if (log_in(c, s, e))
		return -1;
	if (db && expect(redis_call(c, ms, "SELECT %ld", db), c, "database", e))
		return -1;
	if (expect_master(c, ms, e))
		return -1;
	r = redis_call(c, ms, "SCRIPT LOAD %s", redis_script);
	if (r && r->type == REDIS_REPLY_STRING &&
	    (size_t)r->len < sizeof(out->sha))
		snprintf(out->sha, sizeof(out->sha), "%s", r->str);
	return expect(r, c, "script", e);
}

static bool wants_login(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_ERROR &&
	       (strncmp(r->str, "NOAUTH", 6) == 0 ||
		strncmp(r->str, "NOPERM", 6) == 0);
}

static redisReply *call_sentinel(redisContext *c, const struct redis_setup *s)
{
	return redis_call(c, s->connect_ms,
			  "SENTINEL get-master-addr-by-name %s", s->url.master);
}

/* Where the master is, in `out`. A sentinel that wants to know who asks has the
 * same users as the server. */
static int ask_sentinel(redisContext *c, const struct redis_setup *s,
			const char *name, struct redis_host *out, struct err *e)
{
	redisReply *r = call_sentinel(c, s);
	int rc = -1;

	if (wants_login(r)) {
		freeReplyObject(r);
		if (log_in(c, s, e))
			return err_add(e, name);
		r = call_sentinel(c, s);
	}
	if (!r)
		err_set(e, ERR_INTERNAL, "the sentinel %s: %s", name,
			redis_why(c));
	else if (r->type == REDIS_REPLY_ERROR)
		err_set(e, ERR_CONFIG, "the sentinel %s says %.*s", name,
			r->len < 200 ? (int)r->len : 200, r->str);
	else if (r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
		 r->element[0]->type == REDIS_REPLY_STRING &&
		 r->element[1]->type == REDIS_REPLY_STRING)
		rc = 0;
	else
		err_set(e, ERR_CONFIG,
			"the sentinel %s does not know the master %s", name,
			s->url.master);
	if (rc == 0) {
		snprintf(out->name, sizeof(out->name), "%s",
			 r->element[0]->str);
		out->port = atoi(r->element[1]->str);
	}
	if (r)
		freeReplyObject(r);
	return rc;
}

/* Of the sentinels the first that knows the master. */
static redisContext *connect_master(const struct redis_setup *s,
				    struct redis_host *at, struct err *e)
{
	redisContext *c = NULL;

	for (size_t i = 0; i < s->url.n_hosts && !c; i++) {
		const struct redis_host *h = &s->url.hosts[i];
		redisContext *one = connect_to(h, s, e);

		if (!one)
			continue;
		if (!ask_sentinel(one, s, h->name, at, e))
			c = connect_to(at, s, e);
		redisFree(one);
	}
	return c;
}

int redis_find_master(const struct redis_setup *s, struct redis_host *out,
		      struct err *e)
{
	int rc = -1;

	for (size_t i = 0; i < s->url.n_hosts && rc; i++) {
		const struct redis_host *h = &s->url.hosts[i];
		redisContext *one = connect_to(h, s, e);

		if (!one)
			continue;
		rc = ask_sentinel(one, s, h->name, out, e);
		redisFree(one);
	}
	return rc;
}

static redisContext *connect_unix(const struct redis_setup *s,
				  struct redis_place *out, struct err *e)
{
	redisContext *c = redisConnectUnixWithTimeout(s->url.path,
						      time_of(s->connect_ms));

	if (!c || c->err)
		return refuse(c, s->url.path, e);
	redisSetTimeout(c, time_of(s->connect_ms));
	snprintf(out->path, sizeof(out->path), "%s", s->url.path);
	return c;
}

redisContext *redis_open(const struct redis_setup *s, struct redis_place *out,
			 struct err *e)
{
	struct redis_place place = { .port = 0 };
	struct redis_host at = s->url.hosts[0];
	redisContext *c;

	if (*s->url.path)
		c = connect_unix(s, &place, e);
	else if (*s->url.master)
		c = connect_master(s, &at, e);
	else
		c = connect_to(&at, s, e);
	if (!c)
		return NULL;
	if (!*place.path)
		note_peer(c, at.name, &place);
	if (introduce(c, s, &place, e)) {
		redisFree(c);
		return NULL;
	}
	redisSetTimeout(c, time_of(s->answer_ms));
	*out = place;
	return c;
}

static void ignore(redisAsyncContext *ac, void *reply, void *arg)
{
	(void)ac;
	(void)reply;
	(void)arg;
}

void redis_load_script(redisAsyncContext *ac)
{
	redisAsyncCommand(ac, ignore, NULL, "SCRIPT LOAD %s", redis_script);
}

int redis_open_loop(redisAsyncContext *ac, const struct redis_setup *s,
		    const struct redis_place *place, struct err *e)
{
	const struct redis_url *u = &s->url;

	if (s->tls && redis_tls_begin(s->tls, &ac->c, place->name, e))
		return -1;
	if (*u->user)
		redisAsyncCommand(ac, ignore, NULL, "AUTH %s %s", u->user,
				  u->password);
	else if (*u->password)
		redisAsyncCommand(ac, ignore, NULL, "AUTH %s", u->password);
	if (u->db)
		redisAsyncCommand(ac, ignore, NULL, "SELECT %ld", u->db);
	redis_load_script(ac);
	return 0;
}
