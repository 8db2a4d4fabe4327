/* SPDX-License-Identifier: MIT */
/*
 * vault-follow: the thread of a worker that brings this host's files and the
 * vault together: what other hosts have put there comes into the files, which
 * the next request reads, and what this host could not put there while it was
 * away goes there. It asks the store only when something has changed.
 */
#ifndef DARIO_VAULT_FOLLOW_H
#define DARIO_VAULT_FOLLOW_H

#include <stdbool.h>

/* For a request, before it looks at the configuration: does that come from the
 * store? Then what is known to have been pushed is in the files, or was found
 * to be wrong, when vault_follow_now returns; true: they may have changed just
 * now. It parks. */
bool vault_follow_live(void);
bool vault_follow_now(void);

/* `config`: the configuration comes from there as well. */
void vault_follow_start(const char *home, bool config);
void vault_follow_end(void);

#endif
