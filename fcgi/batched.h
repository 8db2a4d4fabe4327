/* SPDX-License-Identifier: MIT */
/*
 * batched: the models of a batch of Anthropic's API, one in the `params` of
 * each of its `requests`.
 *
 * A batch is made at one backend. So all its models have to lead to the same
 * one, each as it would by itself; what a model has in front of it for the
 * router, and a name that only the router knows, do not go along.
 */
#ifndef DARIO_BATCHED_H
#define DARIO_BATCHED_H

#include "fcgi/request.h"
#include "state/config/route.h"

/* Is r a batch that is to be made? */
bool batched_is(const struct request *r);
/* Where r->body leads, whose JSON was checked: one target in *plan, or none
 * when it names no model that leads anywhere. r->model becomes the first of
 * them. -1: they lead to several places, or one of them to none. */
int batched_pick(struct request *r, struct plan *plan, struct err *e);
/* Write each model into r->body as its backend has it. */
int batched_rename(struct request *r, struct err *e);

#endif
