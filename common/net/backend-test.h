/* SPDX-License-Identifier: MIT */
/*
 * backend-test: asks a backend for its list of models, as a person does who
 * wants to know whether it works. It waits.
 */
#ifndef DARIO_BACKEND_TEST_H
#define DARIO_BACKEND_TEST_H

#include "state/config/backend.h"

struct backend_tested {
	int64_t ms; /* that it took */
	int models; /* in its list */
};

/* -1: it does not work, and what to do. */
int backend_test(const struct backend *b, const char *home, long timeout_ms,
		 struct backend_tested *out, struct err *e);

#endif
