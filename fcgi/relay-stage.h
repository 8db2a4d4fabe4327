/* SPDX-License-Identifier: MIT */
/*
 * relay-stage: what becomes of an upstream's answer on its way through the
 * relay. relay.c owns the transfer and its clocks; a stage gets the bytes:
 * relay-pass.c hands them on as they are, relay-translate.c makes another
 * dialect's answer of them. Private to relay*.c.
 */
#ifndef DARIO_RELAY_STAGE_H
#define DARIO_RELAY_STAGE_H

#include "fcgi/relay-client.h"

#define RELAY_LINGER_MS 200 /* for a connection, to be of use again */
/* After an error that may not be the last event. */
#define RELAY_ERROR_LINGER_MS 5000

struct relay_stage {
	void (*init)(struct relay *y);    /* for a call that begins */
	void (*release)(struct relay *y); /* or NULL: nothing to release */
	/* Header fields of the upstream's answer for the client. */
	void (*fields)(struct relay *y, const struct http_head *head);
	/* Bytes of the stream, and its end. */
	int (*bytes)(struct relay *y, struct span in, struct err *e);
	int (*end)(struct relay *y, struct err *e);
	/* How long the connection may stay, as far as this stream goes; -1:
	 * more has to come. */
	long (*linger)(const struct relay *y);
	/* The body in `held` is too large to hold on. */
	int (*overflow)(struct relay *y, struct err *e);
	/* The whole body of a good answer is in `held`. */
	int (*whole)(struct relay *y, struct err *e);
	/* The stream breaks off: what was still held goes to the client. */
	void (*cut)(struct relay *y);
	/* The upstream's own error, kept back until now, to the client; -1: *e
	 * is to be told instead. */
	int (*refuse)(struct relay *y, struct err *e);
};

extern const struct relay_stage relay_pass, relay_translate;

#endif
