/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/library.h"

#include "base/install-path.h"
#include "cli/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_log(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* What is known of the home goes with the last that has it open, and our own
 * accounts point to it: one stays open. */
static struct dario *kept;

/* The folder that holds `name`; takes the path over. NULL: it is missing, and
 * who needs it says so. */
static char *folder_of(char *path, const char *name)
{
	if (path)
		path[strlen(path) - strlen(name) - 1] = '\0';
	return path;
}

struct dario *library_open(const char *home, struct err *e)
{
	struct err unused;
	char *data = folder_of(install_path_data("share/models.json", &unused),
			       "share/models.json");
	char *libexec = folder_of(install_path_worker(&unused), "dario.fcgi");
	char *self = install_path_self();
	struct dario_options o = { .size = sizeof(o),
				   .folder = home,
				   .flags = DARIO_ENVIRONMENT,
				   .data = data,
				   .libexec = libexec,
				   .program = self,
				   .log = write_log };
	struct dario_error why;
	struct dario *d = dario_open(&o, &why);

	if (d && !kept)
		kept = dario_open(&o, NULL);
	if (!d)
		library_error(e, &why);
	free(data);
	free(libexec);
	free(self);
	return d;
}

int library_error(struct err *e, const struct dario_error *from)
{
	return err_set(e, from->code == DARIO_MISUSE ? ERR_USAGE : ERR_CONFIG,
		       "%s", from->message);
}

int library_print(char *text, const struct dario_error *from, struct err *e)
{
	if (!text)
		return library_error(e, from);
	say_json((struct span){ text, strlen(text) });
	dario_free(text);
	return 0;
}

int library_show(const char *home, library_fn *fn, struct err *e)
{
	struct dario *d = library_open(home, e);
	struct dario_error why;
	int rc;

	if (!d)
		return -1;
	rc = library_print(fn(d, &why), &why, e);
	dario_close(d);
	return rc;
}
