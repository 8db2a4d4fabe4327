/* SPDX-License-Identifier: MIT */
/*
 * tcp: what the kernel knows of a connection that has ended.
 */
#ifndef DARIO_TCP_H
#define DARIO_TCP_H

#include <stdbool.h>

struct tcp_end {
	bool known;  /* else the system does not say */
	bool closed; /* by the other side */
	/* The other side had ended before all that was sent was there: its
	 * program cannot have read all of it. */
	bool unread;
	long trip; /* there and back, ms: the shortest that was seen */
};

/* Of a socket that is still open here. An error that ended it is taken. */
void tcp_look(int fd, struct tcp_end *out);

#endif
