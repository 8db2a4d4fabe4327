/* SPDX-License-Identifier: MIT */
/*
 * departure: clients that have closed their connection to the web server, as
 * the kernel of this host sees it.
 *
 * A web server often does not notice it while it waits for the answer, and then
 * neither do we. Its socket stands in CLOSE_WAIT by then, and once a second the
 * list of those is asked for (NETLINK_SOCK_DIAG), if any client is registered.
 * After a reset it is in no list: a socket that was seen in one, and of which
 * the kernel then knows nothing, is gone, too.
 *
 * A client whose socket was never in the list is not gone: it may be on another
 * host or in another network namespace, or behind a proxy whose address the web
 * server has replaced. A client that only closes its
 * sending half counts as gone: the kernel does not tell the two apart, and no
 * common HTTP client does that. Several requests of one connection (HTTP/2)
 * leave together.
 *
 * A struct departure_client belongs to the caller and stays where it is from
 * departure_add to departure_remove. All functions may be called by any thread;
 * of several that look, one does.
 */
#ifndef DARIO_DEPARTURE_H
#define DARIO_DEPARTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define DEPARTURE_LOOK_MS 1000

/* Called once, by the thread that looks: it must not wait nor call back. */
typedef void departure_fn(void *arg);

struct departure_client {
	atomic_bool gone;
	/* private */
	struct departure_client *next, **link;
	unsigned char peer[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t peer_port, own_port;
	unsigned seen; /* the round in which it was in the list; 0: never */
	struct departure_socket {
		unsigned char family;
		uint32_t id[12]; /* struct inet_diag_sockid */
	} socket;                /* as it was seen */
	departure_fn *fn;
	void *arg;
};

struct departure;

struct departure *departure_new(void); /* never NULL */
void departure_free(struct departure *d);

/* As the web server names them: REMOTE_ADDR, REMOTE_PORT and SERVER_PORT (NULL:
 * not known). What is no address is never gone. `fn` may be NULL. */
void departure_add(struct departure *d, struct departure_client *c,
		   const char *address, const char *port, const char *own_port,
		   departure_fn *fn, void *arg);
/* `fn` is not called any more when it returns. */
void departure_remove(struct departure *d, struct departure_client *c);

/* When departure_look is to be called (clock_ms); INT64_MAX: for nobody. */
int64_t departure_due(struct departure *d);
/* Asks if it is due, and takes in what is there of the answer; never waits. The
 * rest makes departure_fd (or -1) readable. */
void departure_look(struct departure *d);
int departure_fd(const struct departure *d);

#endif
