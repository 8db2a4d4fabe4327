/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/embed.h"

#include <stddef.h>
#include <stdlib.h>

static _Thread_local const struct embed *now;

const struct embed **embed_here(void)
{
	return &now;
}

const struct embed *embed_now(void)
{
	return now;
}

const char *embed_getenv(const char *name)
{
	return now && !now->environment ? NULL : getenv(name);
}
