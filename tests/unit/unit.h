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

static inline void assert_span(struct span s, const char *want)
{
	char *text = xstrndup(s.p, s.n);

	assert_string_equal(text, want);
	free(text);
}

/* A home of its own for each test, as *state. */
static inline int make_home(void **state)
{
	char path[] = "/tmp/dario-unit.XXXXXX";

	if (!mkdtemp(path))
		return -1;
	*state = xstrdup(path);
	return 0;
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
