/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/doctor-web.h"

#include <stddef.h>
#include <string.h>

/* lighttpd is the one that passes an empty name, when server.tag is empty. */
static const struct {
	const char *software; /* how its name begins; NULL: any other */
	const char *fix[NEEDS];
} servers[] = {
	{ "lighttpd",
	  { [NEED_WORKER] = "look at \"socket\" and \"bin-path\" in "
			    "fastcgi.server, and at lighttpd's error log",
	    [NEED_KEY] = "take \"Authorization\" out of what mod_setenv or "
			 "mod_auth handle for this path",
	    [NEED_METHODS] = "set \"check-local\" => \"disable\" in "
			     "fastcgi.server, and let no other module answer "
			     "for this path",
	    [NEED_BODY] = "set server.max-request-size = 524288",
	    [NEED_CHUNKED] = "set server.stream-request-body = 0",
	    [NEED_STREAM] = "set server.stream-response-body = 2, and leave "
			    "text/event-stream out of deflate.mimetypes",
	    [NEED_LEAVE] = "set server.stream-response-body = 2, and "
			   "\"tcp-fin-propagate\" => \"enable\" in "
			   "fastcgi.server",
	    [NEED_SILENCE] = "set \"tcp-fin-propagate\" => \"enable\" in "
			     "fastcgi.server" } },
	{ "nginx",
	  { [NEED_WORKER] = "look at fastcgi_pass and its fastcgi_param lines, "
			    "at the worker's service, and at nginx's error log",
	    [NEED_KEY] = "remove fastcgi_param HTTP_AUTHORIZATION and set "
			 "fastcgi_pass_request_headers on",
	    [NEED_METHODS] = "remove limit_except, and set fastcgi_param "
			     "REQUEST_METHOD $request_method",
	    [NEED_BODY] = "set client_max_body_size 0",
	    [NEED_CHUNKED] = "set fastcgi_param CONTENT_LENGTH "
			     "$content_length",
	    [NEED_STREAM] = "set fastcgi_keep_conn on (or fastcgi_buffering "
			    "off), and gzip off",
	    [NEED_LEAVE] = "set fastcgi_ignore_client_abort off",
	    [NEED_SILENCE] = "set fastcgi_ignore_client_abort off" } },
	{ "Apache",
	  { [NEED_WORKER] = "look at ProxyPass (mod_proxy_fcgi) or ScriptAlias "
			    "(mod_fcgid), and at Apache's error log",
	    [NEED_KEY] = "set CGIPassAuth On (mod_fcgid: FcgidPassHeader "
			 "Authorization)",
	    [NEED_METHODS] = "remove Limit, LimitExcept and AllowMethods for "
			     "this path",
	    [NEED_BODY] = "set LimitRequestBody 0 (mod_fcgid: "
			  "FcgidMaxRequestLen 268435456)",
	    [NEED_CHUNKED] = "set LimitRequestBody 0 (mod_fcgid: "
			     "FcgidMaxRequestLen 268435456)",
	    [NEED_STREAM] = "set flushpackets=on in ProxyPass (mod_fcgid: "
			    "FcgidOutputBufferSize 0), and SetEnv no-gzip 1",
	    [NEED_LEAVE] = "set flushpackets=on in ProxyPass (mod_fcgid: "
			   "FcgidOutputBufferSize 0)",
	    [NEED_SILENCE] = "nothing can be set for it in Apache: the next "
			     "keep-alive bytes show it, so lower "
			     "DARIO_KEEPALIVE_MS if that is too late" } },
	{ NULL,
	  { [NEED_WORKER] = "look at the web server's error log: does it reach "
			    "dario.fcgi?",
	    [NEED_KEY] = "let the web server pass the field Authorization as "
			 "HTTP_AUTHORIZATION",
	    [NEED_METHODS] = "let the web server pass every method on",
	    [NEED_BODY] = "raise the web server's limit for bodies",
	    [NEED_CHUNKED] = "let the web server pass on bodies without a "
			     "length, or collect them itself",
	    [NEED_STREAM] = "turn the web server's buffering and compression "
			    "of answers off",
	    [NEED_LEAVE] = "let the web server close the worker's connection "
			   "when a client leaves",
	    [NEED_SILENCE] = "let the web server close the worker's "
			     "connection when a client leaves" } },
};

/* Web servers hardly ever see it, the kernel does. */
#define WHOLE_FIX \
	"run the worker on the web server's host and in its network " \
	"namespace, without a proxy in front, or ask for streams: until " \
	"then such a request is worked on, and paid, to its end"

const char *doctor_directive(const char *software, enum doctor_need need)
{
	size_t i = 0;

	if (need == NEED_WHOLE)
		return WHOLE_FIX;
	while (servers[i].software &&
	       (!software || strncmp(software, servers[i].software,
				     strlen(servers[i].software))))
		i++;
	return servers[i].fix[need];
}
