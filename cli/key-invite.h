/* SPDX-License-Identifier: MIT */
/* key-invite: prints a new invitation (state/keys/device.h) for a key. */
#ifndef DARIO_KEY_INVITE_H
#define DARIO_KEY_INVITE_H

#include "cli/cmd.h"
#include "state/keys/key.h"

int key_invite(const struct cmd *c, const struct key *k, struct err *e);

#endif
