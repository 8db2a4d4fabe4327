/* SPDX-License-Identifier: MIT */
/* host: is a host name or address this machine itself? */
#ifndef DARIO_HOST_H
#define DARIO_HOST_H

#include "base/buf.h"

/* localhost and what ends in .localhost, 127.0.0.0/8, ::1 (with or without
 * brackets). No name is looked up: 127.example.org is not loopback. */
bool host_is_loopback(struct span host);

/* "[::1]:3456" and "localhost:3456" without the port. */
struct span host_part(struct span host);

#endif
