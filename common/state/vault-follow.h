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

/* `config`: the configuration comes from there as well. */
void vault_follow_start(const char *home, bool config);
void vault_follow_end(void);

#endif
