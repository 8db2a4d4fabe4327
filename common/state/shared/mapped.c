/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/mapped.h"

#include "base/clock.h"
#include "base/port.h"
#include "base/store.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 5

static bool prepare(int fd, size_t bytes)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 077)
		return false;
	return st.st_size >= (off_t)bytes ||
	       port_allocate(fd, 0, (off_t)bytes) == 0;
}

int mapped_open(const char *home, const char *name, size_t bytes)
{
	const int how = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	char path[PATH_MAX];
	struct err unused;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	fd = open(path, how, 0600);
	if (fd < 0 && store_folder(home, "state", &unused) == 0)
		fd = open(path, how, 0600);
	if (fd < 0 || prepare(fd, bytes))
		return fd;
	close(fd);
	return -1;
}

bool mapped_is_current(int fd, size_t bytes, int64_t *looked)
{
	int64_t now = looked ? clock_ms() : 0;
	struct stat st;

	if (looked && *looked && now - *looked < LOOK_MS)
		return true;
	if (looked)
		*looked = now;
	return fstat(fd, &st) == 0 && st.st_nlink && st.st_size >= (off_t)bytes;
}
