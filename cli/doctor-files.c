/* SPDX-License-Identifier: MIT */
/* The home folder: who may read what, what does not parse, what was left. */
#include "config.h"

#include "base/clock.h"
#include "cli/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 4
#define SAID_MAX 50      /* findings; more would help nobody */
#define LEFT_SECONDS 120 /* after which no writer is at it any more */
#define FIX_MAX (PATH_MAX + 200)

/* One walk below the home. */
struct walk {
	struct doctor *d;
	int files, said;
};

/* --- the folder itself --------------------------------------------------- */

static void home_mode(struct doctor *d, const struct stat *st)
{
	char fix[FIX_MAX];

	if (st->st_uid != geteuid()) {
		snprintf(fix, sizeof(fix),
			 "chown -R it to this user, or set DARIO_HOME to a "
			 "folder of one's own");
		doctor_say(d, DOCTOR_FAIL, "home", fix,
			   "%s belongs to user %ld, not %ld", d->home,
			   (long)st->st_uid, (long)geteuid());
	} else if (st->st_mode & 077) {
		snprintf(fix, sizeof(fix), "chmod 700 %s", d->home);
		doctor_say(d, DOCTOR_FAIL, "home", fix,
			   "%s is open to other users (mode %03o)", d->home,
			   (unsigned)st->st_mode & 0777);
	} else if (access(d->home, W_OK | X_OK)) {
		doctor_say(d, DOCTOR_FAIL, "home",
			   "chmod 700 it, or mount it to be written: limits, "
			   "tokens and usage are kept there",
			   "%s cannot be written: %s", d->home,
			   strerror(errno));
	} else {
		doctor_say(d, DOCTOR_OK, "home", NULL, "%s", d->home);
	}
}

void doctor_home(struct doctor *d)
{
	struct stat st;

	if (stat(d->home, &st) == 0 && S_ISDIR(st.st_mode))
		home_mode(d, &st);
	else if (errno == ENOENT)
		doctor_say(d, DOCTOR_WARN, "home",
			   "dario backend add or dario login makes it",
			   "%s is not there", d->home);
	else
		doctor_say(d, DOCTOR_FAIL, "home",
			   "set DARIO_HOME to a folder of one's own",
			   "%s cannot be used: %s", d->home,
			   S_ISDIR(st.st_mode) ? strerror(errno)
					       : "it is not a folder");
}

/* --- what is in it ------------------------------------------------------- */

/* State and what runs may be lost; it is not worth more than a warning. */
static bool is_losable(const char *path)
{
	return strncmp(path, "state/", 6) == 0 || strncmp(path, "run/", 4) == 0;
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}

static void tell(struct walk *w, const char *path, bool bad, const char *fix,
		 const char *seen)
{
	char name[DOCTOR_NAME_MAX];

	if (++w->said > SAID_MAX)
		return;
	snprintf(name, sizeof(name), "file %.180s", path);
	doctor_say(w->d, bad && !is_losable(path) ? DOCTOR_FAIL : DOCTOR_WARN,
		   name, fix, "%s", seen);
}

/* Ours, and closed to others; true when there was nothing to say. */
static bool check_mode(struct walk *w, const char *path, const struct stat *st)
{
	char fix[FIX_MAX];

	if (st->st_uid != geteuid()) {
		snprintf(fix, sizeof(fix), "chown it to this user");
		tell(w, path, true, fix, "it belongs to another user");
		return false;
	}
	if (!(st->st_mode & 077) || S_ISSOCK(st->st_mode))
		return true;
	snprintf(fix, sizeof(fix), "chmod %s %s/%s",
		 S_ISDIR(st->st_mode) ? "700" : "600", w->d->home, path);
	tell(w, path, true, fix, "it is open to other users");
	return false;
}

static void check_json(struct walk *w, const char *path)
{
	struct json_object *o;
	struct err e = { 0 };

	if (json_load(w->d->home, path, &o, &e) < 0)
		tell(w, path, true,
		     is_losable(path) ? "remove it: it is made anew"
				      : "correct it by hand, or remove it and "
					"add its content anew",
		     e.msg);
	json_object_put(o);
}

/* A backend or account whose file is named so that nobody reads it. */
static void check_name(struct walk *w, const char *path)
{
	const char *slash = strchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	if (strncmp(path, "accounts/", 9) && strncmp(path, "backends/", 9))
		return;
	if (ends_with(name, ".lock") || ends_with(name, ".new") ||
	    (ends_with(name, ".json") &&
	     store_good_name((struct span){ name, n - 5 })))
		return;
	tell(w, path, false,
	     "rename it to NAME.json (A-Z a-z 0-9 _ -), or remove it",
	     "it is not read, because of its name");
}

static void check_file(struct walk *w, const char *path, const struct stat *st)
{
	char fix[FIX_MAX];
	int64_t old = clock_wall_ms() / 1000 - LEFT_SECONDS;
	bool closed = check_mode(w, path, st);

	w->files++;
	check_name(w, path);
	if (ends_with(path, ".new") && (int64_t)st->st_mtime < old) {
		snprintf(fix, sizeof(fix), "rm %s/%s", w->d->home, path);
		tell(w, path, false, fix,
		     "it was left by a writer that was killed");
	}
	if (closed && ends_with(path, ".json"))
		check_json(w, path);
}

static void check_folder(struct walk *w, const char *path, int depth);

static void check_entry(struct walk *w, const char *path, int depth)
{
	char full[PATH_MAX];
	struct stat st;

	if (snprintf(full, sizeof(full), "%s/%s", w->d->home, path) >=
		    (int)sizeof(full) ||
	    lstat(full, &st))
		return; /* gone meanwhile */
	if (S_ISLNK(st.st_mode))
		tell(w, path, true, "put the file itself there",
		     "it is a symbolic link");
	else if (S_ISREG(st.st_mode))
		check_file(w, path, &st);
	else if (S_ISDIR(st.st_mode) && check_mode(w, path, &st) &&
		 depth < DEPTH_MAX)
		check_folder(w, path, depth + 1);
}

static void check_folder(struct walk *w, const char *path, int depth)
{
	char full[PATH_MAX], below[PATH_MAX];
	struct dirent **names;
	int n;

	snprintf(full, sizeof(full), "%s/%s", w->d->home, path);
	n = scandir(full, &names, NULL, alphasort);
	if (n < 0) {
		if (errno != ENOENT)
			tell(w, *path ? path : ".", true, "chmod 700 it",
			     strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "",
			 name);
		if (strcmp(name, ".") && strcmp(name, ".."))
			check_entry(w, below, depth);
		free(names[i]);
	}
	free(names);
}

void doctor_files(struct doctor *d)
{
	struct walk w = { .d = d };

	check_folder(&w, "", 0);
	if (w.said > SAID_MAX)
		doctor_say(d, DOCTOR_WARN, "files",
			   "correct those above, then run dario doctor again",
			   "%d more findings are not shown", w.said - SAID_MAX);
	else if (!w.said)
		doctor_say(d, DOCTOR_OK, "files", NULL,
			   "%d, all of them closed to others and readable",
			   w.files);
}
