/* SPDX-License-Identifier: MIT */
/*
 * doctor-router: a router of one's own for the checks of the path.
 *
 * It runs on a free loopback port in a home of its own, so that the checks
 * leave no trace in the user's: with the demo provider, and a random key that
 * all requests need. Stop it whether it started or not.
 */
#ifndef DARIO_DOCTOR_ROUTER_H
#define DARIO_DOCTOR_ROUTER_H

#include "cli/server.h"
#include "state/config/option.h"

#define ROUTER_KEY_MAX 64

struct doctor_router {
	char home[64]; /* "" none was made */
	char url[64];
	char key[ROUTER_KEY_MAX];
	struct settings settings;
	struct server server;
};

int doctor_router_start(struct doctor_router *r, struct err *e);
void doctor_router_stop(struct doctor_router *r);

#endif
