/* SPDX-License-Identifier: MIT */
/* Is the store of several hosts there, and what may it lose? */
#include "config.h"

#include "base/clock.h"
#include "cli/doctor.h"
#include "state/config/credential.h"
#include "state/keys/meter.h"
#include "state/shared/config-share.h"
#include "state/shared/redis-url.h"
#include "state/shared/shared-choose.h"
#include "state/shared/vault.h"

#include <string.h>

/* What a crash of it may lose, by how it writes its append-only file. */
static void say_file(struct doctor *d)
{
	struct err unused;
	struct buf how;

	buf_init(&how, 256);
	if (shared_setting("appendfsync", &how, &unused))
		doctor_say(d, DOCTOR_OK, "store durability", NULL,
			   "it has an append-only file: with appendfsync "
			   "always a crash of it loses nothing, with everysec "
			   "the last second of sums and places; which it is "
			   "it does not tell");
	else if (span_is(buf_get(&how), "always"))
		doctor_say(d, DOCTOR_OK, "store durability", NULL,
			   "it has an append-only file with appendfsync "
			   "always: a crash of it loses nothing");
	else
		doctor_say(d, DOCTOR_WARN, "store durability",
			   "set appendfsync always in its redis.conf, where "
			   "limits of money must hold",
			   "it has an append-only file with appendfsync %s: a "
			   "crash of it loses the sums and places of the last "
			   "%s",
			   buf_cstr(&how),
			   span_is(buf_get(&how), "everysec") ? "second"
							      : "minute");
	buf_release(&how);
}

static void say_loss(struct doctor *d, const char *info)
{
	if (strstr(info, "aof_enabled:1"))
		say_file(d);
	else
		doctor_say(d, DOCTOR_WARN, "store durability",
			   "set appendonly yes and appendfsync always in its "
			   "redis.conf, where limits of money must hold",
			   "it has no append-only file: a crash of it loses "
			   "what was counted since its last snapshot");
}

/* What is evicted is lost, sums of money as well. */
static void say_eviction(struct doctor *d, const char *info)
{
	const char *max = strstr(info, "\nmaxmemory:");

	if (!max || max[strlen("\nmaxmemory:")] == '0' ||
	    strstr(info, "maxmemory_policy:noeviction"))
		return;
	doctor_say(d, DOCTOR_WARN, "store memory",
		   "set maxmemory-policy noeviction in its redis.conf",
		   "it throws away what it has when its memory is full: what "
		   "keys have used, and shared log-ins");
}

static void look_at_account(void *arg, const char *file)
{
	struct doctor *d = arg;
	struct err e = { 0 };
	bool ahead;
	int64_t version = credential_version(d->home, file, &ahead);
	struct vault_thing there;

	if (!version)
		return;
	if (vault_get(file, &there, &e) == 0 && there.version >= version &&
	    !ahead)
		doctor_say(d, DOCTOR_OK, "shared log-in", NULL,
			   "%s is in the store, sealed with key %s", file,
			   there.key);
	else
		doctor_say(d, DOCTOR_FAIL, "shared log-in",
			   "its token is not refreshed until the store and "
			   "its key file are there: see dario store status",
			   "%s is shared with other hosts: %s", file,
			   e.code ? e.msg
				  : "the store does not have what is here yet");
	vault_release(&there);
}

/* One that was refused stays so until a person says which one holds. */
static void look_at_config(struct doctor *d)
{
	struct err e = { 0 };

	if (!vault_exists())
		return;
	if (config_check(d->home, &e))
		doctor_say(d, DOCTOR_WARN, "shared configuration",
			   "until then this host goes by its own: see dario "
			   "store status",
			   "%s", e.msg);
	else if (config_version(d->home))
		doctor_say(d, DOCTOR_OK, "shared configuration", NULL,
			   "what is in the store is taken, or can be");
}

/* Sums that are not what dario has put there. */
static void look_at_sums(struct doctor *d)
{
	const struct keys *all = &d->config->keys;
	struct meter_use use;
	struct err e;

	for (size_t i = 0; i < all->n; i++) {
		const struct key *k = &all->list[i];

		if (k->wrong || !quota_limits(&k->quota) ||
		    meter_use(d->home, k->name, &k->quota, &use, &e) == 0)
			continue;
		doctor_say(d, DOCTOR_FAIL, "key",
			   "take away what is named, or bring it back from a "
			   "copy: until then --on-error says what happens",
			   KEYS_FOLDER
			   "/%s.json: what it has used cannot be read: %s",
			   k->name, e.msg);
	}
}

void doctor_store(struct doctor *d)
{
	struct err e = { 0 }, unused;
	struct buf where, info;
	int64_t begun;

	doctor_load(d);
	if (!*d->config->settings.store) {
		credential_each(d->home, look_at_account, d);
		return;
	}
	buf_init(&where, 1024);
	buf_init(&info, 1u << 18);
	redis_url_show(d->config->settings.store, &where);
	begun = clock_ms();
	if (shared_choose(d->home, &d->config->settings, &e) || shared_ask(&e))
		doctor_say(d, DOCTOR_FAIL, "store",
			   "see that it runs, and that the address, the "
			   "password file and the database of the setting "
			   "store are right; until then each host goes by "
			   "what it knows itself",
			   "%s: %s", buf_cstr(&where), e.msg);
	else
		doctor_say(d, DOCTOR_OK, "store", NULL,
			   "%s answers, within %lld ms with its connection",
			   buf_cstr(&where), (long long)(clock_ms() - begun));
	if (!e.code && shared_info("persistence", &info, &e) == 0)
		say_loss(d, buf_cstr(&info));
	buf_reset(&info);
	if (!e.code && shared_info("memory", &info, &unused) == 0)
		say_eviction(d, buf_cstr(&info));
	if (!e.code) {
		credential_each(d->home, look_at_account, d);
		look_at_config(d);
		look_at_sums(d);
	}
	buf_release(&where);
	buf_release(&info);
}
