/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/print-config.h"

#include "base/install-path.h"
#include "cli/server-conf.h"

#include <ctype.h>
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
	for (const char *p = path; p && *p; p++)
		if (isspace((unsigned char)*p) || strchr("\"'\\$%{};|#", *p))
			return err_set(e, ERR_CONFIG,
				       "%.100s has a character that web "
				       "servers' configurations cannot take",
				       path);
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
static const char *home_of_worker(const char *name, const char *home)
{
	const char *given = getenv("DARIO_HOME");

	if (strcmp(name, PRINT_CONFIG_USER) == 0)
		return home;
	return geteuid() == 0 && !(given && *given) ? NULL : home;
}

int print_config_text(const char *name, const char *home,
		      const struct settings *s, const char *socket,
		      struct buf *out, struct err *e)
{
	char *worker = NULL, *errors = NULL, *self = install_path_self();
	char *prefix = *s->prefix ? xstrdup(s->prefix) : NULL;
	int rc = -1;
	size_t i = 0;

	while (i < CONFIGS && strcmp(name, configs[i].name))
		i++;
	home = home_of_worker(name, home);
	if (i == CONFIGS)
		unknown(name, e);
	else if ((!prefix || trim_prefix(prefix, e) == 0) &&
		 (worker = install_path_worker(e)) &&
		 (errors = install_path_data("lighttpd/errors", e)) &&
		 !check_path(worker, e) && !check_path(errors, e) &&
		 !check_path(self, e) && !check_path(home, e) &&
		 !check_path(socket, e)) {
		const struct swap swaps[] = {
			{ "/usr/local/libexec/dario/dario.fcgi", worker },
			{ "/usr/local/share/dario/lighttpd/errors", errors },
			{ "/usr/local/bin/dario", self },
			{ "/var/lib/dario", home },
			{ "/run/dario/dario.sock", socket },
			{ "/run/lighttpd/dario.sock", socket },
			{ "/llm", prefix },
			{ NULL, NULL },
		};

		rc = put_file(configs[i].file, swaps, out, e);
	}
	free(prefix);
	free(worker);
	free(errors);
	free(self);
	return rc;
}

int print_config(const char *name, const char *home, const struct settings *s,
		 const char *socket, struct err *e)
{
	struct buf text;
	int rc;

	buf_init(&text, TEXT_MAX);
	rc = print_config_text(name, home, s, socket, &text, e);
	if (rc == 0)
		fwrite(text.p, 1, text.n, stdout);
	buf_release(&text);
	return rc;
}
