/* SPDX-License-Identifier: MIT */
/*
 * args: arguments of a call, as servers and clients get them wrong.
 *
 * An empty object before the real one (a start event's `input: {}` and the
 * deltas, joined), one object twice, null or an empty list for no arguments:
 * what is meant is one object. All else stays as it is, whatever it is.
 */
#ifndef DARIO_ARGS_H
#define DARIO_ARGS_H

#include "base/buf.h"

/* A part of `args`; empty: there are none. */
struct span args_meant(struct span args);
/* Nothing but {}, with or without blanks. */
bool args_are_empty(struct span args);

#endif
