/* SPDX-License-Identifier: MIT */
/* dario store migrate. */
#include "config.h"

#include "cli/say.h"
#include "cli/store.h"
#include "state/shared/migrate.h"

#include <string.h>

int store_migrate(struct cmd *c, struct err *e)
{
	bool to_store = strcmp(c->args[0], "store") == 0;
	struct migrated m;

	if (!to_store && strcmp(c->args[0], "files"))
		return err_set(e, ERR_USAGE,
			       "where to: dario store migrate store, or dario "
			       "store migrate files");
	if (migrate(c->home, to_store, &m, e))
		return -1;
	say(stderr,
	    "dario: limits: %zu, conversations: %zu, objects: %zu files "
	    "brought together\n",
	    m.limits, m.conversations, m.objects);
	say(stderr, "dario: keys: %zu, $%.6f of this month moved\n",
	    m.meters.keys, (double)m.meters.money / QUOTA_DOLLAR);
	return 0;
}
