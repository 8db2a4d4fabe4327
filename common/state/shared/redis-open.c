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

static redisContext *connect_to(const char *host, int port, long ms,
				struct err *e)
{
	redisContext *c = redisConnectWithTimeout(host, port, time_of(ms));

	if (!c || c->err)
		return refuse(c, host, e);
	redisSetTimeout(c, time_of(ms));
	return c;
}

/* The address that the connection has come to, in numbers: loops must not ask
 * for names. */
static void note_peer(redisContext *c, struct redis_place *out)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char port[8];

	*out->path = '\0';
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

static int introduce(redisContext *c, const struct redis_setup *s,
		     struct redis_place *out, struct err *e)
{
	const struct redis_url *u = &s->url;
	long ms = s->connect_ms;
	redisReply *r;

	if (*u->user &&
	    expect(redis_call(c, ms, "AUTH %s %s", u->user, u->password), c,
		   "user and password", e))
		return -1;
	if (!*u->user && *u->password &&
	    expect(redis_call(c, ms, "AUTH %s", u->password), c, "password", e))
		return -1;
	if (u->db &&
	    expect(redis_call(c, ms, "SELECT %ld", u->db), c, "database", e))
		return -1;
	if (expect_master(c, ms, e))
		return -1;
	r = redis_call(c, ms, "SCRIPT LOAD %s", redis_script);
	if (r && r->type == REDIS_REPLY_STRING &&
	    (size_t)r->len < sizeof(out->sha))
		snprintf(out->sha, sizeof(out->sha), "%s", r->str);
	return expect(r, c, "script", e);
}

/* Of the sentinels the first that knows the master. */
static redisContext *ask_sentinels(const struct redis_setup *s, struct err *e)
{
	redisContext *c = NULL;

	for (size_t i = 0; i < s->url.n_hosts && !c; i++) {
		redisContext *one = connect_to(s->url.hosts[i].name,
					       s->url.hosts[i].port,
					       s->connect_ms, e);
		redisReply *r;

		if (!one)
			continue;
		r = redis_call(one, s->connect_ms,
			       "SENTINEL get-master-addr-by-name %s",
			       s->url.master);
		if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
		    r->element[0]->type == REDIS_REPLY_STRING &&
		    r->element[1]->type == REDIS_REPLY_STRING)
			c = connect_to(r->element[0]->str,
				       atoi(r->element[1]->str), s->connect_ms,
				       e);
		else
			err_set(e, ERR_INTERNAL,
				"the sentinel %s does not know the master %s",
				s->url.hosts[i].name, s->url.master);
		if (r)
			freeReplyObject(r);
		redisFree(one);
	}
	return c;
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
	redisContext *c;

	if (*s->url.path)
		c = connect_unix(s, &place, e);
	else if (*s->url.master)
		c = ask_sentinels(s, e);
	else
		c = connect_to(s->url.hosts[0].name, s->url.hosts[0].port,
			       s->connect_ms, e);
	if (!c)
		return NULL;
	if (!*place.path)
		note_peer(c, &place);
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

void redis_open_loop(redisAsyncContext *ac, const struct redis_url *u)
{
	if (*u->user)
		redisAsyncCommand(ac, ignore, NULL, "AUTH %s %s", u->user,
				  u->password);
	else if (*u->password)
		redisAsyncCommand(ac, ignore, NULL, "AUTH %s", u->password);
	if (u->db)
		redisAsyncCommand(ac, ignore, NULL, "SELECT %ld", u->db);
	redis_load_script(ac);
}
