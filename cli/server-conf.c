/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/server-conf.h"

#include "base/cores.h"
#include "base/file.h"
#include "base/install-path.h"
#include "base/store.h"
#include "cli/child-said.h"
#include "cli/child.h"
#include "cli/say.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONF_MAX (64u << 10)
#define FOLDER_MAX 96
#define WAITING 3488     /* connections beyond the places, to be told "busy" */
#define FDS_RESERVED 192 /* lighttpd's own, beside two a connection */
#define FDS_MIN 256
#define TEST_MS 10000

static bool is_program(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(file, X_OK) == 0;
}

/* Where lighttpd is: PATH of a user often lacks sbin. */
char *server_conf_program(struct err *e)
{
	const char *path = getenv("PATH");
	char *dirs, *dir, *rest, file[PATH_MAX], *found = NULL;
	struct buf all;

	buf_init(&all, 65536);
	buf_str(&all, path ? path : "");
	buf_str(&all, ":/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin");
	dirs = xstrdup(buf_cstr(&all));
	buf_release(&all);
	for (dir = strtok_r(dirs, ":", &rest); dir && !found;
	     dir = strtok_r(NULL, ":", &rest)) {
		snprintf(file, sizeof(file), "%s/lighttpd", dir);
		if (*dir == '/' && is_program(file))
			found = xstrdup(file);
	}
	free(dirs);
	if (!found)
		err_set(e, ERR_CONFIG,
			"lighttpd is not installed: install the "
			"package lighttpd");
	return found;
}

/* A string of lighttpd's configuration cannot hold these. */
static int check_value(const char *v, struct err *e)
{
	if (strpbrk(v, "\"\\\n"))
		return err_set(e, ERR_CONFIG,
			       "lighttpd cannot take the path "
			       "%.100s: it has a quote or backslash",
			       v);
	return 0;
}

/* Descriptors for so many connections, and the other way round. */
static long fds_for(long clients)
{
	return 2 * clients + FDS_RESERVED;
}

static long clients_of(long fds)
{
	return (fds - FDS_RESERVED) / 2;
}

static long places(const struct settings *s)
{
	return s->threads * cores_workers(s->workers);
}

/* What lighttpd wants to open, as far as the system lets it. */
static long fd_limit(const struct settings *s)
{
	long wanted = fds_for(places(s) + WAITING);
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_max >= (rlim_t)wanted)
		return wanted;
	return (long)r.rlim_max;
}

static int check_fds(const struct settings *s, struct err *e)
{
	long fds = fd_limit(s);

	if (fds < FDS_MIN)
		return err_set(e, ERR_CONFIG,
			       "only %ld files may be open at a time: raise "
			       "the limit (ulimit -n) to %d or more",
			       fds, FDS_MIN);
	if (clients_of(fds) < places(s))
		say_message("at most %ld connections at a time: only %ld "
			    "files may be open, and %ld places want %ld "
			    "(ulimit -n)",
			    clients_of(fds), fds, places(s),
			    fds_for(places(s)));
	return 0;
}

/* One of our values for a line `var.NAME = …`; false when it is not ours. */
static bool put_var(struct buf *out, struct span name, const char *run,
		    const char *errors, const struct settings *s)
{
	long fds = fd_limit(s);

	if (span_is(name, "host"))
		buf_fmt(out,
			strchr(s->host, ':') ? "var.host = \"[%s]\"\n"
					     : "var.host = \"%s\"\n",
			s->host);
	else if (span_is(name, "port"))
		buf_fmt(out, "var.port = %ld\n", s->port);
	else if (span_is(name, "run"))
		buf_fmt(out, "var.run = \"%s\"\n", run);
	else if (span_is(name, "errors"))
		buf_fmt(out, "var.errors = \"%s\"\n", errors);
	else if (span_is(name, "fds"))
		buf_fmt(out, "var.fds = %ld\n", fds);
	else if (span_is(name, "clients"))
		buf_fmt(out, "var.clients = %ld\n", clients_of(fds));
	else
		return false;
	return true;
}

static struct span next_line(struct span *text)
{
	const char *lf = memchr(text->p, '\n', text->n);
	struct span line = *text;

	if (lf)
		line.n = (size_t)(lf - text->p) + 1;
	text->p += line.n;
	text->n -= line.n;
	return line;
}

static void fill(struct buf *out, struct span template, const char *run,
		 const char *errors, const struct settings *s)
{
	while (template.n) {
		struct span line = next_line(&template);
		struct span name = { line.p + 4, 0 };

		if (span_starts(line, "var.")) {
			name.n = strcspn(name.p, " =\n");
			if (put_var(out, name, run, errors, s))
				continue;
		}
		buf_span(out, line);
	}
}

int server_conf_read(struct buf *out, const char *path, struct err *e)
{
	return file_read(path, out, e);
}

/* run/PORT, and on another address than the usual one run/PORT-HOST: two
 * routers on one port share no socket. */
static void folder_of(const struct settings *s, char out[FOLDER_MAX])
{
	int n = snprintf(out, FOLDER_MAX, "run/%ld", s->port);

	if (strcmp(s->host, "127.0.0.1") == 0)
		return;
	snprintf(out + n, FOLDER_MAX - (size_t)n, "-%s", s->host);
	for (char *p = out + n; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(".-", *p))
			*p = '_';
}

static void folder_for(const struct server_conf *sc, const struct settings *s,
		       char out[FOLDER_MAX])
{
	if (sc->check)
		snprintf(out, FOLDER_MAX, "run/check-%ld", (long)getpid());
	else
		folder_of(s, out);
}

/* Of the folder of a router that serves. */
static int check_length(const char *home, const struct settings *s,
			struct err *e)
{
	char folder[FOLDER_MAX];

	folder_of(s, folder);
	if (strlen(home) + strlen(folder) + strlen("//worker.sock") >=
	    sizeof(((struct sockaddr_un *)0)->sun_path))
		return err_set(e, ERR_CONFIG,
			       "%.80s/%s is too long for a "
			       "socket: choose a shorter DARIO_HOME",
			       home, folder);
	return 0;
}

static int make_folders(const char *home, const char *name, char *run, size_t n,
			struct err *e)
{
	if (store_folder(home, NULL, e) || store_folder(home, "run", e) ||
	    store_folder(home, name, e))
		return -1;
	snprintf(run, n, "%s/%s", home, name);
	return check_value(run, e);
}

int server_conf_write(struct server_conf *sc, const char *home,
		      const struct settings *s, struct err *e)
{
	char run[PATH_MAX], folder[FOLDER_MAX], name[FOLDER_MAX + 20];
	char *template = NULL, *errors = NULL;
	size_t n;
	struct buf in, out;
	int rc = -1;

	buf_init(&in, CONF_MAX);
	buf_init(&out, CONF_MAX * 2);
	sc->lighttpd = server_conf_program(e);
	folder_for(sc, s, folder);
	if (!sc->lighttpd || check_fds(s, e) || check_length(home, s, e) ||
	    make_folders(home, folder, run, sizeof(run), e) ||
	    !(template = install_path_data("lighttpd/dario.conf", e)) ||
	    !(errors = install_path_data("lighttpd/errors", e)) ||
	    check_value(errors, e) || check_value(s->host, e) ||
	    server_conf_read(&in, template, e))
		goto out;
	fill(&out, buf_get(&in), run, errors, s);
	snprintf(name, sizeof(name), "%s/lighttpd.conf", folder);
	if (store_replace(home, name, buf_get(&out), e))
		goto out;
	n = strlen(run);
	snprintf(run + n, sizeof(run) - n, "/lighttpd.conf");
	sc->path = xstrdup(run);
	snprintf(run + n, sizeof(run) - n, "/worker.sock");
	sc->socket = xstrdup(run);
	rc = 0;
out:
	free(template);
	free(errors);
	buf_release(&in);
	buf_release(&out);
	return rc;
}

/* lighttpd's own check of the file; it writes its complaints itself. */
int server_conf_test(const struct server_conf *sc, struct err *e)
{
	char *argv[] = { sc->lighttpd, (char *)"-tt", (char *)"-f", sc->path,
			 NULL };
	struct child_plan plan = { .argv = argv, .input = -1, .third = -1 };
	struct child_said said;
	pid_t pid;
	int status;
	bool ended;

	if (child_said_open(&said, "lighttpd", &plan, e))
		return -1;
	pid = child_start(&plan, e);
	ended = pid < 0 || child_ends(pid, TEST_MS, &status);
	if (!ended)
		child_kill(pid);
	child_said_close(&said);
	if (pid < 0)
		return -1;
	if (!ended)
		return err_set(e, ERR_CONFIG,
			       "%s does not end when it tests its "
			       "configuration: is it lighttpd?",
			       sc->lighttpd);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, ERR_CONFIG,
			       "lighttpd refuses %s: its "
			       "message stands above",
			       sc->path);
	return 0;
}

void server_conf_release(struct server_conf *sc)
{
	free(sc->lighttpd);
	free(sc->path);
	free(sc->socket);
}

void server_conf_remove(const struct server_conf *sc, const char *home,
			const struct settings *s)
{
	char path[PATH_MAX], folder[FOLDER_MAX];
	struct dirent *d;
	DIR *dir;

	folder_for(sc, s, folder);
	snprintf(path, sizeof(path), "%s/%s", home, folder);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(path);
}
