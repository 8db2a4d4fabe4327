/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/transport.h"

#include "base/host.h"

#include <string.h>
#include <strings.h>

bool transport_is_local(const struct request *r)
{
	const char *addr = r->vars.remote;

	if (!addr)
		return false;
	if (strncasecmp(addr, "::ffff:", 7) == 0)
		addr += 7;
	return strcmp(addr, "unix:") == 0 || host_is_loopback(span_of(addr));
}

bool transport_is_tls(const struct request *r)
{
	const char *https = r->vars.https, *proto = r->vars.forwarded_proto;

	if (https && *https && strcasecmp(https, "off"))
		return true;
	return proto && strcasecmp(proto, "https") == 0 &&
	       transport_is_local(r);
}

/* The last address is the one that the proxy itself has seen. Any program here
 * can say so, too: see device.h. */
struct device_from transport_from(const struct request *r)
{
	struct span list = span_of(r->vars.forwarded_for), last = SPAN("");

	if (!transport_is_local(r) || !list.n)
		return (struct device_from){ r->vars.remote, NULL };
	while (list.n)
		last = span_trim(span_cut(&list, ','));
	return (struct device_from){ arena_str(r->arena, last),
				     r->vars.remote };
}

/* A proxy on this machine is local, too, whoever its client is: the name that
 * the client has used tells. */
bool transport_is_private(const struct request *r)
{
	struct span name;
	long port;

	return transport_is_tls(r) ||
	       (transport_is_local(r) &&
		host_parse(span_of(r->vars.host), &name, &port) &&
		host_is_loopback(name));
}

int transport_check(const struct request *r, struct err *e)
{
	if (transport_is_private(r))
		return 0;
	return err_set(e, ERR_FORBIDDEN,
		       "signing in is for https and for this machine alone: "
		       "use an https address of this router (its web server "
		       "must pass HTTPS on, a proxy in front of it "
		       "X-Forwarded-Proto)");
}

/* Script name and path are the prefix and the path that was asked for; what is
 * missing at the end is the prefix. */
const char *transport_base(const struct request *r)
{
	const struct request_vars *v = &r->vars;
	const char *whole = arena_fmt(r->arena, "%s%s",
				      v->script_name ? v->script_name : "",
				      v->path_info ? v->path_info : "");
	size_t n = strlen(whole), end = strlen(r->asked_path);

	if (n >= end && strcmp(whole + n - end, r->asked_path) == 0)
		n -= end;
	return arena_fmt(r->arena, "%s://%s%.*s",
			 transport_is_tls(r) ? "https" : "http",
			 v->host ? v->host : "", (int)n, whole);
}

bool transport_is_own(const struct request *r, struct span origin)
{
	struct origin from, own;
	const char *here = arena_fmt(r->arena, "%s://%s",
				     transport_is_tls(r) ? "https" : "http",
				     r->vars.host ? r->vars.host : "");

	return origin_parse(origin, &from) &&
	       origin_parse(span_of(here), &own) && origin_same(&from, &own);
}
