/* SPDX-License-Identifier: MIT */
/*
 * host: hosts and web origins, read strictly, and which are this machine.
 *
 * What a browser sends is short and regular; whatever is not exactly that is
 * nobody's host. No name is looked up. Letter case does not count. The results
 * borrow from the text.
 */
#ifndef DARIO_HOST_H
#define DARIO_HOST_H

#include "base/buf.h"

/* localhost and what ends in .localhost, which browsers keep on this machine;
 * 127.0.0.0/8 in four numbers, ::1 (with or without brackets). A full stop at
 * the end, short and hexadecimal forms (127.1, 0x7f.1) are none of these. */
bool host_is_loopback(struct span host);

/* "[::1]:3456" and "localhost:3456" without the port; nothing is checked. */
struct span host_part(struct span host);

#define HOST_SEPARATORS ", \t"
/* Is the host among names with commas or blanks between them? "*.my.box" is
 * each name below my.box. */
bool host_listed(struct span host, const char *names);

/* HOST or HOST:PORT: a name of letters, digits, "-", "_" and full stops between
 * them, or an IPv6 address in brackets; a port from 1 to 65535. The host keeps
 * its brackets; *port is 0 where none is said. */
bool host_parse(struct span text, struct span *host, long *port);

/* SCHEME://HOST[:PORT] and nothing else, as in the header field Origin. The
 * port is that of the scheme where none is said. */
struct origin {
	struct span scheme, host;
	long port;
};
bool origin_parse(struct span text, struct origin *out);
bool origin_same(const struct origin *a, const struct origin *b);
/* http or https: what a page in a browser can have. */
bool origin_is_web(const struct origin *o);

#endif
