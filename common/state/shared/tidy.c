/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/tidy.h"

#include "base/log.h"
#include "base/store.h"
#include "state/pool/sticky.h"
#include "state/shared/objects.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* run/ is of no use to every worker, but whoever has it is to keep it shut. */
static const char *const folders[] = { "state",       "state/objects",
				       "state/queue", "state/sticky",
				       "state/usage", "run" };

int tidy_folders(const char *home, struct err *e)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (store_exists(home, folders[i]) &&
		    store_folder(home, folders[i], e))
			return -1;
	return 0;
}

bool tidy_file(const char *home, const char *name)
{
	struct err e = { 0 }, unused;
	char *fix;

	/* A failure of the system says nothing about the file. */
	if (store_check(home, name, &e) >= 0 || e.code != ERR_CONFIG)
		return false;
	fix = strstr(e.msg, ": "); /* which nobody has to do */
	if (fix)
		*fix = '\0';
	if (store_remove(home, name, &unused) && store_exists(home, name)) {
		log_msg("%s and cannot be removed", e.msg);
		return false;
	}
	log_msg("%s: it was thrown away, and is made anew when it is needed",
		e.msg);
	return true;
}

/* Most are, and are not opened: there may be many. */
static bool looks_good(DIR *dir, const char *name)
{
	struct stat st;

	return fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) ||
	       S_ISDIR(st.st_mode) ||
	       (S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		!(st.st_mode & 077));
}

static void tidy_folder(const char *home, const char *folder)
{
	char path[PATH_MAX], name[NAME_MAX + 32];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", home, folder);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", folder, d->d_name);
		if (!looks_good(dir, d->d_name))
			tidy_file(home, name);
	}
	if (dir)
		closedir(dir);
}

void tidy_files(const char *home)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(folders[i], "state", 5) == 0)
			tidy_folder(home, folders[i]);
	sticky_expire(home);
	objects_expire(home);
}
