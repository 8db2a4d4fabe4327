/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/folder-watch.h"

#include "base/memory.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#endif

void folder_watch_open(struct folder_watch *w, const char *path)
{
	*w = (struct folder_watch){ .path = xstrdup(path),
				    .fd = -1,
				    .folder = -1 };
#ifdef HAVE_SYS_INOTIFY_H
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
#endif
}

void folder_watch_close(struct folder_watch *w)
{
	if (w->path && w->fd >= 0)
		close(w->fd);
	free(w->path);
	w->path = NULL;
}

bool folder_watch_works(const struct folder_watch *w)
{
	return w->path && w->folder >= 0;
}

#ifdef HAVE_SYS_INOTIFY_H
#define SEEN \
	(IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | \
	 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

/* The folder that has the name now: true for another one. One that was removed
 * says so only when nobody has a file in it open any more, so it is looked at.
 */
static bool watch(struct folder_watch *w)
{
	struct stat st;
	bool any = stat(w->path, &st) == 0;

	if (any && w->folder >= 0 && st.st_ino == w->ino && st.st_dev == w->dev)
		return false;
	if (w->folder >= 0)
		inotify_rm_watch(w->fd, w->folder);
	w->folder = -1;
	if (any && w->fd >= 0) {
		w->ino = st.st_ino;
		w->dev = st.st_dev;
		w->folder = inotify_add_watch(w->fd, w->path,
					      SEEN | IN_ONLYDIR);
	}
	return true;
}

static void take(struct folder_watch *w, const struct inotify_event *v,
		 folder_watch_fn *fn, void *arg)
{
	if (v->mask & IN_Q_OVERFLOW)
		fn(arg, NULL);
	else if (v->wd == w->folder && v->mask & IN_IGNORED)
		w->folder = -1;
	else if (v->wd == w->folder && v->len)
		fn(arg, v->name);
}

void folder_watch_read(struct folder_watch *w, folder_watch_fn *fn, void *arg)
{
	_Alignas(struct inotify_event) char mem[4096];
	bool other = watch(w);
	ssize_t n;

	while ((n = read(w->fd, mem, sizeof(mem))) > 0)
		for (char *p = mem; p < mem + n;) {
			const struct inotify_event *v = (void *)p;

			take(w, v, fn, arg);
			p += sizeof(*v) + v->len;
		}
	if (w->folder < 0)
		other |= watch(w);
	if (other)
		fn(arg, NULL);
}
#else
void folder_watch_read(struct folder_watch *w, folder_watch_fn *fn, void *arg)
{
	(void)w;
	(void)fn;
	(void)arg;
}
#endif
