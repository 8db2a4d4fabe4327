/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/install-path.h"

#include "base/buf.h"
#include "base/embed.h"
#include "base/port.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *install_path_self(void)
{
	char path[PATH_MAX];

	return port_program(path) ? xstrdup(path) : NULL;
}

static void own_folder(char out[PATH_MAX])
{
	port_program(out);
	if (strrchr(out, '/'))
		*strrchr(out, '/') = '\0';
}

/* The first of some folders that holds `name`: the one given, the program's
 * own (a build tree), the installation moved elsewhere, the installation. */
static char *find(const char *host, const char *env, const char *below,
		  const char *installed, const char *name, int mode,
		  struct err *e)
{
	char self[PATH_MAX], path[PATH_MAX * 2];
	const char *given = host ? host : embed_getenv(env);
	const struct {
		const char *folder, *up;
	} places[] = {
		{ given ? given : "", "" },
		{ self, "" },
		{ self, "/.." },    /* of bin/ */
		{ self, "/../.." }, /* of libexec/dario/ */
		{ installed, "" },
	};

	if (embed_now()) /* the program is the host's */
		self[0] = '\0';
	else
		own_folder(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bool inside = *places[i].up;

		snprintf(path, sizeof(path), "%s%s%s%s/%s", places[i].folder,
			 places[i].up, inside ? "/" : "", inside ? below : "",
			 name);
		if (*places[i].folder && access(path, mode) == 0)
			return xstrdup(path);
	}
	err_set(e, ERR_CONFIG,
		"%s is missing: install dario, or set %s to "
		"the folder that holds it",
		name, env);
	return NULL;
}

char *install_path_worker(struct err *e)
{
	const struct embed *x = embed_now();

	return find(x ? x->libexec : NULL, "DARIO_LIBEXECDIR", "libexec/dario",
		    DARIO_LIBEXECDIR, "dario.fcgi", X_OK, e);
}

char *install_path_data(const char *name, struct err *e)
{
	const struct embed *x = embed_now();

	return find(x ? x->data : NULL, "DARIO_DATADIR", "share/dario",
		    DARIO_DATADIR, name, R_OK, e);
}

struct json_object *install_path_json(const char *name, struct err *e)
{
	char *path = install_path_data(name, e);
	struct json_object *o = path ? json_file(path, e) : NULL;

	free(path);
	return o;
}
