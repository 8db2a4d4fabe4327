/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/shared-choose.h"

#include "base/file.h"
#include "state/shared/redis-url.h"
#include "state/shared/vault.h"

#include <stdio.h>

#ifdef HAVE_HIREDIS
#include "state/shared/redis-lane.h"
#include "state/shared/redis-mirror.h"
#include "state/shared/vault-follow.h"

#include <stdlib.h>

static bool remote;
static struct {
	char *home;
	bool config; /* is taken from there */
} sealed;

static int read_password(struct redis_url *u, const char *file, struct err *e)
{
	struct buf text;
	struct span s;
	int rc;

	buf_init(&text, sizeof(u->password));
	rc = file_read(file, &text, e);
	s = span_trim(buf_get(&text));
	if (rc == 0 && (!s.n || s.n >= sizeof(u->password)))
		rc = err_set(e, ERR_CONFIG, "%s: no password of the store",
			     file);
	if (rc == 0)
		span_text(u->password, sizeof(u->password), s);
	buf_release(&text);
	return rc ? -1 : 0;
}

/* Whoever names a certificate believes that there is TLS. */
static int choose_tls(struct redis_setup *setup, const struct settings *s,
		      struct err *e)
{
	const struct redis_tls_files files = { s->store_ca_file,
					       s->store_cert_file,
					       s->store_cert_key_file };

	if (setup->url.tls) {
		setup->tls = redis_tls_new(&files, e);
		return setup->tls ? 0 : err_add(e, "store");
	}
	if (*files.ca || *files.cert || *files.key)
		return err_set(e, ERR_CONFIG,
			       "store: storeCaFile, storeCertFile and "
			       "storeCertKeyFile are for rediss:// alone: "
			       "write so, or take them out");
	return 0;
}

int shared_choose(const char *home, const struct settings *s, struct err *e)
{
	struct redis_setup setup = { .answer_ms = s->store_timeout_ms,
				     .connect_ms = s->store_connect_ms };

	if (vault_setup(home, s, e))
		return -1;
	if (!*s->store)
		return 0;
	if (redis_url_read(&setup.url, s->store, e))
		return -1;
	if (*s->store_password_file &&
	    read_password(&setup.url, s->store_password_file, e))
		return -1;
	if (strlen(s->store_prefix) > REDIS_PREFIX_MAX)
		return err_set(e, ERR_CONFIG,
			       "storePrefix: it is longer than %d bytes",
			       REDIS_PREFIX_MAX);
	if (choose_tls(&setup, s, e))
		return -1;
	snprintf(setup.prefix, sizeof(setup.prefix), "%s", s->store_prefix);
	shared_redis_use(&setup);
	remote = true;
	free(sealed.home);
	sealed.home = xstrdup(home);
	sealed.config = s->store_config;
	return 0;
}

void shared_keep(void)
{
	if (!remote)
		return;
	shared_redis_keep(sealed.home);
	vault_follow_start(sealed.home, sealed.config);
}

void shared_end(void)
{
	if (!remote)
		return;
	vault_follow_end();
	shared_redis_end();
}

void shared_detach(void)
{
	if (!remote)
		return;
	redis_count_leave();
	redis_lane_leave();
}

void shared_look(struct shared_state *out)
{
	*out = (struct shared_state){ .remote = remote };
	if (!remote)
		return;
	out->away = redis_link_away(out->why, sizeof(out->why));
	out->waiting = meter_redis_waiting();
}

int shared_ask(struct err *e)
{
	return remote ? redis_link_retry(e) : 0;
}

int shared_info(const char *section, struct buf *out, struct err *e)
{
	return redis_link_info(section, out, e);
}

int shared_setting(const char *name, struct buf *out, struct err *e)
{
	return redis_link_setting(name, out, e);
}

#else

int shared_choose(const char *home, const struct settings *s, struct err *e)
{
	struct redis_url unused;

	(void)home;
	if (!*s->store)
		return 0;
	if (redis_url_read(&unused, s->store, e))
		return -1;
	return err_set(e, ERR_CONFIG,
		       "store: this dario was built without hiredis: install "
		       "libhiredis-dev (Debian) and build it again, or take "
		       "the setting out");
}

void shared_keep(void)
{
}

void shared_end(void)
{
}

void shared_detach(void)
{
}

void shared_look(struct shared_state *out)
{
	*out = (struct shared_state){ .remote = false };
}

int shared_ask(struct err *e)
{
	(void)e;
	return 0;
}

int shared_info(const char *section, struct buf *out, struct err *e)
{
	(void)section;
	(void)out;
	return err_set(e, ERR_CONFIG, "there is no store but files");
}

int shared_setting(const char *name, struct buf *out, struct err *e)
{
	return shared_info(name, out, e);
}

#endif

int shared_choose_for(const char *home, struct err *e)
{
	struct json_object *file = NULL;
	struct settings s;
	struct err unused;
	int rc;

	settings_init(&s);
	json_load(home, "config.json", &file, &unused);
	settings_from_file(&s, file, &unused);
	settings_from_env(&s, &unused);
	json_object_put(file);
	rc = shared_choose(home, &s, e);
	settings_release(&s);
	return rc;
}
