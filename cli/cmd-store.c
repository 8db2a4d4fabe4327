/* SPDX-License-Identifier: MIT */
/* dario store: what several hosts share. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/store.h"
#include "state/config/snapshot.h"
#include "state/shared/keyring.h"
#include "state/shared/vault.h"

#include <stdlib.h>

/* A new key, or one more. */
static int run_key(struct cmd *c, struct err *e)
{
	struct snapshot *s = snapshot_load(c->home, e);
	char id[KEYRING_ID_CHARS + 1];
	char *path;
	int rc;

	if (!s)
		return -1;
	path = vault_key_path(c->home, &s->settings);
	rc = keyring_add(path, id, e);
	if (rc == 0)
		say(stderr,
		    "dario: key %s is in %s: copy that file to every host "
		    "(0600), then run dario store push\n",
		    id, path);
	free(path);
	snapshot_free(s);
	return rc;
}

static const struct cmd_flag share_flags[] = {
	{ "force", NULL, "in the place of what is there, whatever it is" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "status", "[--json]",
	  "where state is shared, whether it answers, how it is kept, and what "
	  "is sealed there",
	  0, 0, cmd_json_flags, false, store_status },
	{ "key", "",
	  "make the key that tokens and configuration are sealed with; once "
	  "more: another one, which seals from then on",
	  0, 0, NULL, false, run_key },
	{ "push", "[ACCOUNT...] [--force]",
	  "put the accounts with tokens and the configuration into the store, "
	  "or these accounts alone",
	  0, 64, share_flags, false, store_push },
	{ "pull", "[ACCOUNT...] [--force]",
	  "take them from there, or these accounts alone", 0, 64, share_flags,
	  false, store_pull },
	{ "leave", "ACCOUNT...",
	  "share these accounts no more; no other host may use them then", 1,
	  64, NULL, false, store_leave },
	{ "migrate", "store|files",
	  "bring limits, conversations, objects and what keys have used from "
	  "the files of this host into the store, or back, while running",
	  1, 1, NULL, false, store_migrate },
	{ 0 },
};

static const char *const store_examples[] = {
	"dario store status",
	"DARIO_STORE=redis://10.0.0.5:6379/0 dario store status --json",
	"dario store key",
	"dario store push",
	"dario store pull work",
	"dario store migrate store",
	NULL,
};

const struct cmd_group cmd_store = { "store", "state of several hosts", entries,
				     store_examples };
