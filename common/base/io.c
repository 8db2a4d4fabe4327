/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/io.h"

#include <errno.h>
#include <unistd.h>

int io_write(int fd, struct span s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s = span_skip(s, (size_t)n);
	}
	return 0;
}
