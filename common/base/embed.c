/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/embed.h"

#include <stddef.h>
#include <stdlib.h>

static _Thread_local const struct embed *now;

void embed_use(const struct embed *x)
{
	now = x;
}

const struct embed *embed_now(void)
{
	return now;
}

const char *embed_getenv(const char *name)
{
	return now && !now->environment ? NULL : getenv(name);
}
