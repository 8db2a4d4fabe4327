/* SPDX-License-Identifier: MIT */
/*
 * serve: the handlers of routes.c, one file each (serve-*.c).
 *
 * A handler answers the request or returns -1 with an error that routes turns
 * into an answer in the caller's dialect.
 */
#ifndef DARIO_SERVE_H
#define DARIO_SERVE_H

#include "fcgi/target.h"

typedef int serve_fn(struct request *r, struct err *e);

serve_fn serve_forward; /* a model's API, to the backend for the model */
serve_fn serve_demo;    /* the built-in provider */
serve_fn serve_demo_models;
serve_fn serve_health;
serve_fn serve_status;   /* log-ins: valid, how long */
serve_fn serve_accounts; /* the pool */
serve_fn serve_analytics;
serve_fn serve_metrics;
serve_fn serve_requests; /* the last ones */
serve_fn serve_callback; /* where a log-in in the browser ends */
serve_fn serve_models;   /* /models and /models/ID */
serve_fn serve_device;   /* the page on which a program is signed in */
serve_fn serve_device_authorization;
serve_fn serve_usage;            /* of the person's money */
serve_fn serve_managed_settings; /* of Claude Code, by the owner */
serve_fn serve_spend_limits;     /* the Admin API */
serve_fn serve_spend_limit, serve_spend_effective, serve_spend_audit;
serve_fn serve_otlp; /* what clients report */
serve_fn serve_oauth_metadata, serve_oauth_token, serve_oauth_revoke;
serve_fn serve_root;
serve_fn serve_session; /* who is logged in to the page */
serve_fn serve_login, serve_logout;
serve_fn serve_action; /* something that the owner changes there */
serve_fn serve_setup;  /* rules, people's keys, known providers */
bool serve_wants_page(const struct request *r); /* does a browser ask? */

serve_fn serve_pass; /* another endpoint of a provider, literally */
serve_fn serve_to;   /* any path of a named backend */

/* Ask the targets of the plan, one after the other, until one has answered; an
 * error in `e` has been told. */
void serve_targets(struct target *t, struct err *e);

/* Parts of serve_forward; the body has been read and checked. */
int serve_pool(struct target *t, enum target_end *end, struct err *e);
serve_fn serve_token_estimate;

#endif
