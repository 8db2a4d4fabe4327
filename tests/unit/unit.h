/* SPDX-License-Identifier: MIT */
/* unit: what every unit test includes. */
#ifndef DARIO_UNIT_H
#define DARIO_UNIT_H

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#ifdef UNIT_STORE
#include "state/shared/shared-choose.h"

/* Of the store or of files alone? */
static inline bool unit_has_store(void)
{
	return getenv("DARIO_STORE");
}

/* Until what killed processes held is given back. */
static inline void unit_reap(void)
{
	usleep(unit_has_store() ? 5500000 : 250000);
}

static inline int unit_store(const char *prefix)
{
	struct err e;

	setenv("DARIO_STORE_PREFIX", prefix, 1);
	setenv("DARIO_STORE_TIMEOUT_MS", "10000", 1); /* a busy machine */
	if (shared_choose_for(prefix, &e) == 0)
		return 0;
	fprintf(stderr, "%s\n", e.msg);
	return -1;
}
#endif

static inline void assert_span(struct span s, const char *want)
{
	char *text = xstrndup(s.p, s.n);

	assert_string_equal(text, want);
	free(text);
}

/* A home of its own for each test, as *state. With DARIO_STORE what is shared
 * stands there, below the home's name. */
static inline int make_home(void **state)
{
	char path[] = "/tmp/dario-unit.XXXXXX";

	if (!mkdtemp(path))
		return -1;
	*state = xstrdup(path);
#ifdef UNIT_STORE
	return unit_store(path);
#else
	return 0;
#endif
}

static inline int drop_home(void **state)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command);
}

#define WITH_HOME(f) cmocka_unit_test_setup_teardown(f, make_home, drop_home)

#endif
