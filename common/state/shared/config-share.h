/* SPDX-License-Identifier: MIT */
/*
 * config-share: one configuration for all hosts, in their store.
 *
 * A thing of the vault ("config") holds the files that make it: rules, backends
 * with their keys, accounts with API keys, people's keys, prices, tools,
 * template. Not config.json, for address, workers and the store itself are each
 * host's own; and not accounts with tokens, which are things of their own
 * (credential.h). A host notes in store-config.json which version it has, and
 * which files are from there: those that a newer version lacks go. An older
 * version than that is refused, and so is one over what was changed here.
 */
#ifndef DARIO_CONFIG_SHARE_H
#define DARIO_CONFIG_SHARE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_THING "config"

/* The files as they are here, in the place of the version that this host has
 * had; with `force` of any. *n: how many. */
int config_push(const char *home, bool force, size_t *n, struct err *e);
/* What is there, into the files; with `force` also when it is the same version,
 * or an older one. *n: how many files it has; 0 when there was nothing to do.
 */
int config_pull(const char *home, bool force, size_t *n, struct err *e);
/* Would it be taken, as it is there? -1: no, with why and what to do. */
int config_check(const char *home, struct err *e);
int64_t config_version(const char *home); /* that this host has; 0 none */

#endif
