/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/row-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct flock byte_of(off_t at, short type)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1
	};
}

bool row_lock(int fd, off_t at)
{
	struct flock l = byte_of(at, F_WRLCK);

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

bool row_lock_wait(int fd, off_t at)
{
	struct flock l = byte_of(at, F_WRLCK);

	while (fcntl(fd, F_OFD_SETLKW, &l))
		if (errno != EINTR)
			return false;
	return true;
}

void row_unlock(int fd, off_t at)
{
	struct flock l = byte_of(at, F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &l);
}
