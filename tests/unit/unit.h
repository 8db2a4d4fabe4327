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

#include "base/buf.h"
#include "base/err.h"

static inline void assert_span(struct span s, const char *want)
{
	char *text = xstrndup(s.p, s.n);

	assert_string_equal(text, want);
	free(text);
}

#endif
