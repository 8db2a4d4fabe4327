/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/print-config.h"

#include "base/install-path.h"
#include "cli/server-conf.h"

#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (64u << 10)

static const struct {
	const char *name, *file;
} configs[] = {
	{ "lighttpd", "contrib/lighttpd/dario.conf" },
	{ "nginx", "contrib/nginx/dario.conf" },
	{ "nginx-upstream", "contrib/nginx/dario-upstream.conf" },
	{ "apache-proxy", "contrib/apache/dario-proxy.conf" },
	{ "apache-fcgid", "contrib/apache/dario-fcgid.conf" },
	{ "cgi", "contrib/cgi/dario.cgi" },
	{ "htaccess", "contrib/cgi/htaccess" },
	{ "lighttpd-cgi", "contrib/cgi/lighttpd.conf" },
	{ PRINT_CONFIG_USER, "contrib/systemd/dario-user.service" },
	{ "systemd-proxy", "contrib/systemd/dario-proxy.service" },
	{ "systemd-socket", "contrib/systemd/dario.socket" },
	{ "systemd-service", "contrib/systemd/dario.service" },
	{ "tmpfiles", "contrib/systemd/dario.tmpfiles" },
};

#define CONFIGS (sizeof(configs) / sizeof(configs[0]))

/* What the files say, and what stands there instead; NULL: as it is. */
struct swap {
	const char *was, *is;
};

static int unknown(const char *name, struct err *e)
{
	struct buf list;

	buf_init(&list, 1024);
	for (size_t i = 0; i < CONFIGS; i++)
		buf_fmt(&list, "%s%s", i ? ", " : "", configs[i].name);
	err_set(e, ERR_USAGE, "no configuration \"%.40s\": there are %s", name,
		buf_cstr(&list));
	buf_release(&list);
	return -1;
}

/* Each of these has its own rules for quotes and blanks: take none. */
static int check_path(const char *path, struct err *e)
{
	for (const char *p = path; p && *p; p++) {
		char what[16];
		bool blank = isspace((unsigned char)*p);

		if (!blank && !strchr("\"'\\$%{};|#", *p))
			continue;
		snprintf(what, sizeof(what), blank ? "a blank" : "a %c", *p);
		return err_set(e, ERR_CONFIG,
			       "%.100s: a path with %s cannot stand in the "
			       "configurations of web servers and systemd: "
			       "take one without (DARIO_HOME, or --prefix of "
			       "./configure)",
			       path, what);
	}
	return 0;
}

/* "/llm" for "/llm/", "" for "/"; in place. */
static int trim_prefix(char *prefix, struct err *e)
{
	size_t n = strlen(prefix);

	if (*prefix != '/')
		return err_set(e, ERR_USAGE,
			       "--prefix=%.60s does not begin with a slash",
			       prefix);
	while (n && prefix[n - 1] == '/')
		prefix[--n] = '\0';
	return check_path(prefix, e);
}

static void put_text(struct span text, const struct swap *swaps,
		     struct buf *out)
{
	while (text.n) {
		const struct swap *s = swaps;
		size_t n;

		while (s->was && !(s->is && span_starts(text, s->was)))
			s++;
		n = s->was ? strlen(s->was) : 1;
		if (s->was)
			buf_str(out, s->is);
		else
			buf_byte(out, *text.p);
		text = span_skip(text, n);
	}
}

static int put_file(const char *file, const struct swap *swaps, struct buf *out,
		    struct err *e)
{
	char *path = install_path_data(file, e);
	struct buf text;
	int rc = -1;

	buf_init(&text, TEXT_MAX);
	if (path && server_conf_read(&text, path, e) == 0) {
		put_text(buf_get(&text), swaps, out);
		rc = out->full ? err_full(e, out, ERR_CONFIG, "%s", path) : 0;
	}
	buf_release(&text);
	free(path);
	return rc;
}

/* Root's own folder is of no use to a web server's user. */
static const char *home_of_worker(const struct print_plan *p)
{
	const char *given = getenv("DARIO_HOME");

	if (p->user || strcmp(p->name, PRINT_CONFIG_USER) == 0)
		return p->home;
	return geteuid() == 0 && !(given && *given) ? NULL : p->home;
}

char *print_config_home(const char *user, struct err *e)
{
	const struct passwd *pw = getpwnam(user);
	char path[PATH_MAX];

	if (!pw || !pw->pw_dir || *pw->pw_dir != '/') {
		err_set(e, ERR_USAGE,
			"--user=%.60s: there is no such user here, or it has "
			"no folder",
			user);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/.dario", pw->pw_dir);
	return xstrdup(path);
}

/* The user that is there takes the place of the one that the files make, which
 * has a folder that systemd makes. */
struct user_texts {
	char sudo[80], unit[80], socket[80], folder[160];
};

static void name_user(struct user_texts *u, const char *user)
{
	const struct passwd *pw = getpwnam(user);
	const struct group *group = pw ? getgrgid(pw->pw_gid) : NULL;

	snprintf(u->sudo, sizeof(u->sudo), "sudo -u %s ", user);
	snprintf(u->unit, sizeof(u->unit), "\nUser=%s\n", user);
	snprintf(u->socket, sizeof(u->socket), "\nSocketUser=%s\n", user);
	snprintf(u->folder, sizeof(u->folder), " 0700 %s %s -", user,
		 group ? group->gr_name : user);
}

static int put_config(const struct print_plan *p, const char *file,
		      const char *worker, const char *errors,
		      const char *prefix, const char *self, struct buf *out,
		      struct err *e)
{
	const char *home = home_of_worker(p), *none = p->user ? "" : NULL;
	char folder[80];
	struct user_texts u;

	name_user(&u, p->user ? p->user : "dario");
	snprintf(folder, sizeof(folder), "2750 %s www-data -",
		 p->user ? p->user : "dario");
	const struct swap swaps[] = {
		{ "#\tuseradd --system --home-dir /var/lib/dario --shell "
		  "/usr/sbin/nologin dario\n",
		  none },
		{ "StateDirectory=dario\nStateDirectoryMode=0700\n", none },
		{ "sudo -u dario ", u.sudo },
		{ "sudo -u www-data ", p->user ? u.sudo : NULL },
		{ "\nUser=dario\n", u.unit },
		{ "\nSocketUser=dario\n", u.socket },
		{ "2750 dario www-data -", folder },
		{ " 0700 dario dario -", u.folder },
		{ "/usr/local/libexec/dario/dario.fcgi", worker },
		{ "/usr/local/share/dario/lighttpd/errors", errors },
		{ "/usr/local/bin/dario", self },
		{ "/var/lib/dario", home },
		{ "/run/dario/dario.sock", p->socket },
		{ "/run/lighttpd/dario.sock", p->socket },
		{ "/llm", prefix },
		{ NULL, NULL },
	};

	return put_file(file, swaps, out, e);
}

int print_config_text(const struct print_plan *p, struct buf *out,
		      struct err *e)
{
	char *worker = NULL, *errors = NULL, *self = install_path_self();
	const char *set = p->settings->prefix;
	char *prefix = *set ? xstrdup(set) : NULL;
	int rc = -1;
	size_t i = 0;

	while (i < CONFIGS && strcmp(p->name, configs[i].name))
		i++;
	if (i == CONFIGS)
		unknown(p->name, e);
	else if ((!prefix || trim_prefix(prefix, e) == 0) &&
		 (worker = install_path_worker(e)) &&
		 (errors = install_path_data("lighttpd/errors", e)) &&
		 !check_path(worker, e) && !check_path(errors, e) &&
		 !check_path(self, e) && !check_path(home_of_worker(p), e) &&
		 !check_path(p->user, e) && !check_path(p->socket, e))
		rc = put_config(p, configs[i].file, worker, errors, prefix,
				self, out, e);
	free(prefix);
	free(worker);
	free(errors);
	free(self);
	return rc;
}

int print_config(const struct print_plan *p, struct err *e)
{
	struct buf text;
	int rc;

	buf_init(&text, TEXT_MAX);
	rc = print_config_text(p, &text, e);
	if (rc == 0)
		fwrite(text.p, 1, text.n, stdout);
	buf_release(&text);
	return rc;
}
