/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/router.h"

#include "base/json.h"
#include "base/port.h"
#include "cli/secret.h"
#include "state/keys/session-secret.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS 3000
#define ANSWER_MAX (8u << 20)
#define NO_KEY "dario" /* shown where any text does */

static int take_url(struct router *r, struct err *e)
{
	const struct settings *s = &r->config->settings;
	const char *given = cmd_value(r->cmd, "url");
	bool six = strchr(s->host, ':');
	const char *host = s->host;
	int n;

	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		host = six ? "::1" : "127.0.0.1";
	if (given)
		n = snprintf(r->url, sizeof(r->url), "%s", given);
	else
		n = snprintf(r->url, sizeof(r->url), "http://%s%s%s:%ld%s",
			     six ? "[" : "", host, six ? "]" : "", s->port,
			     s->prefix);
	if (n >= (int)sizeof(r->url))
		return err_set(e, ERR_USAGE, "the URL is longer than %zu bytes",
			       sizeof(r->url) - 1);
	while (n && r->url[n - 1] == '/')
		r->url[--n] = '\0';
	return 0;
}

/* A person's key from a file, else the router's own, which goes to no address
 * that was given. */
static int take_key(struct router *r, struct err *e)
{
	const char *own = r->config->settings.api_key;

	if (secret_take(r->cmd, &r->key, e))
		return -1;
	if (r->key.n)
		return 0;
	if (!*own && r->config->keys.any && !r->named)
		return err_set(
			e, ERR_USAGE,
			"the router wants a key: make one with dario key "
			"add NAME, and name it with --key-file=FILE");
	buf_str(&r->key, *own && !r->named ? own : NO_KEY);
	return 0;
}

int router_init(struct router *r, const struct cmd *c,
		const struct snapshot *config, struct err *e)
{
	*r = (struct router){ .cmd = c,
			      .config = config,
			      .named = cmd_value(c, "url") };
	buf_init(&r->key, 4096);
	if (take_url(r, e) || take_key(r, e))
		return -1;
	r->http = http_new(NULL, 1);
	if (!r->http)
		return err_set(e, ERR_INTERNAL, "libcurl cannot start");
	return 0;
}

void router_release(struct router *r)
{
	http_free(r->http);
	buf_release(&r->key);
}

static int ask(struct router *r, const char *path, const char *field,
	       long timeout_ms, struct fetch *f, struct err *e)
{
	char url[600];
	int rc;

	snprintf(url, sizeof(url), "%s%s", r->url, path);
	*f = (struct fetch){ .url = url,
			     .credential = field,
			     .timeout_ms = timeout_ms };
	buf_init(&f->body, ANSWER_MAX);
	rc = fetch_run(r->http, f, e);
	f->url = f->credential = NULL;
	return rc;
}

int router_ask(struct router *r, const char *path, long timeout_ms,
	       struct fetch *f, struct err *e)
{
	char field[600];
	int rc;

	snprintf(field, sizeof(field), "Authorization: Bearer %s",
		 buf_cstr(&r->key));
	rc = ask(r, path, field, timeout_ms, f, e);
	port_wipe(field, sizeof(field));
	return rc;
}

/* Does it know what only the router of our home can know? */
static int check_proof(const struct router *r, const char *challenge,
		       const char *proof, struct err *e)
{
	const char *home = r->cmd->home;
	char port[16], want[DIGEST_URL_BYTES];
	struct err why;

	snprintf(port, sizeof(port), "%ld", r->config->settings.port);
	if (session_prove(home, port, challenge, want, &why))
		return err_set(e, ERR_CONFIG,
			       "it cannot be told whether the router at %s is "
			       "the one of %s: %s",
			       r->url, home, why.msg);
	if (proof && digest_same_secret(span_of(want), span_of(proof)))
		return 0;
	return err_set(e, ERR_CONFIG,
		       "the router at %s is not the one of %s: set another "
		       "port, or say that it is meant with --url=%s, and "
		       "which key it gets with --key-file=FILE",
		       r->url, home, r->url);
}

int router_meet(struct router *r, struct err *e)
{
	char challenge[DIGEST_URL_BYTES], path[80];
	struct json_object *health = NULL;
	struct err ignored = { 0 };
	struct fetch f;
	int rc;

	digest_random_url(challenge);
	snprintf(path, sizeof(path), "/health?challenge=%s", challenge);
	rc = ask(r, path, "", ASK_MS, &f, e);
	if (rc == 0) {
		health = json_read(buf_get(&f.body), &ignored);
		if (!health || !json_cstr(health, "status"))
			rc = err_set(e, ERR_CONFIG,
				     "%s is answered by something else than "
				     "dario: set another port, or name the "
				     "router with --url=URL",
				     r->url);
		else if (!r->named)
			rc = check_proof(r, challenge,
					 json_cstr(health, "proof"), e);
	}
	json_object_put(health);
	buf_release(&f.body);
	return rc;
}
