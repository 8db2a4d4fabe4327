/* SPDX-License-Identifier: MIT */
/* vars: what a web server passes, one variable a line: FastCGI parameters or a
 * CGI environment. The first byte is a set of switches. Nobody gets in whom a
 * simple reading of the same lines would keep out. */
#include "config.h"

#include "base/host.h"
#include "fcgi/guard.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINES_MAX 256
#define KEY "right-key"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Ten bytes at a time, and three times. */
static long read_ten(struct gateway *g, char *p, size_t n)
{
	int *times = g->impl;

	if (n > 10)
		n = 10;
	if (++*times > 3)
		n = 0;
	memset(p, 'x', n);
	return (long)n;
}

/* The last value of a variable, and how many there are. */
static const char *value(char **envp, const char *name, int *count)
{
	const char *v = NULL;
	size_t len = strlen(name);

	*count = 0;
	for (; *envp; envp++) {
		if (strncmp(*envp, name, len) != 0 || (*envp)[len] != '=')
			continue;
		v = *envp + len + 1;
		++*count;
	}
	return v;
}

static bool has_key(char **envp)
{
	int count;
	const char *key = value(envp, "HTTP_X_API_KEY", &count);
	const char *auth = value(envp, "HTTP_AUTHORIZATION", &count);

	return (key && strcmp(key, KEY) == 0) ||
	       (auth && strstr(auth, KEY) && strncasecmp(auth, "bearer", 6) == 0);
}

static void check(struct request *r, char **envp, bool keyed)
{
	static const char *const once[] = { "HTTP_HOST", "HTTP_ORIGIN",
					    "HTTP_X_API_KEY",
					    "HTTP_AUTHORIZATION" };
	struct err e;
	int count;

	if (guard_request(r, &e))
		return;
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		const char *v = value(envp, once[i], &count);

		if (count > 1 || (v && strchr(v, ',')))
			abort();
	}
	if (guard_key(r, &e) == 0 && keyed && !has_key(envp))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct gateway_ops ops = { .read = read_ten };
	static char empty[] = "";
	char *text = malloc(n + 1), *envp[LINES_MAX + 1];
	char *prefixes[] = { empty, strdup("/llm/") };
	struct snapshot config = { .settings = { .host = empty } };
	struct app app = { 0 };
	int times = 0;
	struct gateway_var vars[LINES_MAX];
	struct gateway gw = { .ops = &ops, .vars = vars, .impl = &times };
	struct arena arena;
	struct request r;
	struct err e;
	size_t lines = 0;
	bool keyed = n && data[0] & 1;

	memcpy(text, data, n);
	text[n] = '\0';
	for (char *p = text + (n > 0); *p && lines < LINES_MAX;) {
		char *eq = strchr(p, '=');

		envp[lines++] = p;
		p += strcspn(p, "\n");
		if (!eq || eq >= p)
			lines--;
		else
			vars[gw.n_vars++] = (struct gateway_var){
				{ envp[lines - 1],
				  (size_t)(eq - envp[lines - 1]) },
				eq + 1
			};
		if (*p)
			*p++ = '\0';
	}
	envp[lines] = NULL;
	gw.script = n && data[0] & 2;
	config.settings.api_key = keyed ? strdup(KEY) : strdup("");
	config.settings.cors_origin = strdup("https://app.example");
	config.settings.allowed_hosts = strdup("my.box, ,[fd00::6]");
	config.settings.prefix = prefixes[n && data[0] & 4];
	arena_init(&arena);
	request_init(&r, &app, NULL, &gw, &arena);
	r.config = n && data[0] & 8 ? NULL : &config;
	request_find_path(&r);
	if (r.config)
		check(&r, envp, keyed);
	request_read_body(&r, NULL, NULL, &e);
	request_release(&r);
	arena_release(&arena);
	free(config.settings.api_key);
	free(config.settings.cors_origin);
	free(config.settings.allowed_hosts);
	free(prefixes[1]);
	free(text);
	return 0;
}
