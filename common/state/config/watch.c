/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/watch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_MS 20 /* more than the clock of any file system moves at once */

struct watched {
	char *root, *name;
	int fd; /* of a pinned one, or -1 */
	struct store_sign sign;
};

void watches_init(struct watches *w, const char *home, struct notify *n)
{
	memset(w, 0, sizeof(*w));
	w->home = home;
	w->notify = n;
	w->list = xcalloc(WATCHES_MAX, sizeof(*w->list));
}

void watches_release(struct watches *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->list[i].root);
		free(w->list[i].name);
		if (w->list[i].fd >= 0)
			close(w->list[i].fd);
	}
	free(w->list);
	memset(w, 0, sizeof(*w));
}

static int path_of(char *path, size_t n, const struct watched *w)
{
	int len = snprintf(path, n, "%s%s%s", w->root, *w->name ? "/" : "",
			   w->name);

	return len < 0 || (size_t)len >= n ? -1 : 0;
}

/* First the kernel, then our own look: what happens in between counts. */
static void tell_kernel(struct notify *n, const struct watched *w)
{
	char path[PATH_MAX];

	if (n && path_of(path, sizeof(path), w) == 0)
		notify_add(n, path);
}

static void look(const struct watched *w, bool pinned, struct store_sign *out)
{
	if (pinned && w->fd >= 0)
		store_sign_pinned(w->fd, out);
	else
		store_sign(w->root, w->name, out);
}

static void add(struct watches *all, const char *root, const char *name,
		bool pin)
{
	struct watched *w = &all->list[all->n];
	int64_t age;

	if (all->n == WATCHES_MAX)
		return; /* more backends and accounts are refused anyway */
	all->n++;
	*w = (struct watched){ xstrdup(root), xstrdup(name), -1, { 0 } };
	tell_kernel(all->notify, w);
	if (pin)
		w->fd = store_pin(root, name);
	look(w, true, &w->sign);
	age = clock_wall_ms() - (w->sign.sec * 1000 + w->sign.nsec / 1000000);
	if (age > -TICK_MS && age < TICK_MS)
		all->again = clock_ms() + TICK_MS;
}

static void add_target(struct watches *all, const char *root, const char *name)
{
	char path[PATH_MAX], *real;
	struct stat st;

	if (path_of(path, sizeof(path),
		    &(struct watched){ .root = (char *)root,
				       .name = (char *)name }) ||
	    lstat(path, &st) || !S_ISLNK(st.st_mode))
		return;
	real = realpath(path, NULL);
	if (real)
		add(all, "", real, false);
	free(real);
}

/* What is in the home is pinned; a file that appears there, or is moved away,
 * shows in its folder. */
void watches_add(struct watches *w, const char *root, const char *name)
{
	if (strcmp(root, w->home)) {
		add(w, root, name, false);
		add_target(w, root, name);
	} else if (!*name || store_exists(root, name)) {
		add(w, root, name, *name);
	}
}

/* While a change may look like the last one, what has the name is looked at. */
bool watches_same(const struct watches *w)
{
	struct store_sign now;

	for (size_t i = 0; i < w->n; i++) {
		look(&w->list[i], !w->again, &now);
		if (memcmp(&now, &w->list[i].sign, sizeof(now)))
			return false;
	}
	return true;
}

void watches_renew(const struct watches *w)
{
	for (size_t i = 0; i < w->n; i++)
		tell_kernel(w->notify, &w->list[i]);
}
