/* SPDX-License-Identifier: MIT */
/*
 * record: what is kept of a request when it is over: a line in the log, and
 * one in the history when a backend was asked.
 */
#ifndef DARIO_RECORD_H
#define DARIO_RECORD_H

#include "fcgi/request.h"

/* Once, after the answer has gone out. */
void record_request(struct request *r);

#endif
