/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/args.h"

#include "dialect/peek.h"

#include <string.h>

/* Behind `{}` at the front, or at its beginning. */
static struct span behind_empty(struct span s)
{
	struct span in = s;

	if (!span_starts(in, "{"))
		return s;
	in = span_trim(span_skip(in, 1));
	return span_starts(in, "}") ? span_trim(span_skip(in, 1)) : s;
}

bool args_are_empty(struct span args)
{
	args = span_trim(args);
	return args.n && !behind_empty(args).n;
}

static struct span once(struct span s)
{
	struct span half = { s.p, s.n / 2 };

	if (s.n % 2 || !span_starts(s, "{") ||
	    memcmp(half.p, half.p + half.n, half.n))
		return s;
	return peek_is_object(half) ? half : s;
}

struct span args_meant(struct span args)
{
	struct span s = span_trim(args), rest;

	if (span_is(s, "null") || span_is(s, "[]"))
		return SPAN("");
	while (rest = behind_empty(s), rest.n != s.n && span_starts(rest, "{"))
		s = rest;
	rest = once(s);
	return rest.p == span_trim(args).p && rest.n == span_trim(args).n
		     ? args
		     : rest;
}
