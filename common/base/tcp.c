/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#ifdef HAVE_STRUCT_TCP_INFO_TCPI_BYTES_SENT
#include <linux/tcp.h>

#define TRIP_MAX_US 60000000u

/* <netinet/tcp.h> names them, and does not go with <linux/tcp.h>. */
enum {
	TCP_STATE_CLOSE = 7,
	TCP_STATE_CLOSE_WAIT = 8,
};

/* Its FIN was here. When what we sent then meets a socket that is closed, the
 * reset that follows is a broken pipe; without a FIN it is no such thing. */
static bool has_ended(int fd, const struct tcp_info *i)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (i->tcpi_state != TCP_STATE_CLOSE)
		return i->tcpi_state == TCP_STATE_CLOSE_WAIT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 &&
	       error == EPIPE;
}

void tcp_look(int fd, struct tcp_end *out)
{
	struct tcp_info i;
	socklen_t n = sizeof(i);

	memset(&i, 0, sizeof(i));
	*out = (struct tcp_end){ 0 };
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n) ||
	    n < offsetof(struct tcp_info, tcpi_bytes_retrans) +
			    sizeof(i.tcpi_bytes_retrans))
		return;
	out->known = true;
	out->closed = i.tcpi_state == TCP_STATE_CLOSE_WAIT ||
		      i.tcpi_state == TCP_STATE_CLOSE;
	if (i.tcpi_min_rtt < TRIP_MAX_US) /* else none was measured */
		out->trip = (i.tcpi_min_rtt + 999) / 1000;
	/* A FIN says what was there by then. The first byte that is
	 * acknowledged is that of the connection itself. */
	out->unread = has_ended(fd, &i) &&
		      (i.tcpi_notsent_bytes ||
		       i.tcpi_bytes_sent - i.tcpi_bytes_retrans + 1 >
			       i.tcpi_bytes_acked);
}
#else
void tcp_look(int fd, struct tcp_end *out)
{
	(void)fd;
	*out = (struct tcp_end){ 0 };
}
#endif
