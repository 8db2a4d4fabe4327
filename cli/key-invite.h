/* SPDX-License-Identifier: MIT */
/* key-invite: makes an invitation (state/device.h) for a key and prints it. */
#ifndef DARIO_KEY_INVITE_H
#define DARIO_KEY_INVITE_H

#include "cli/cmd.h"
#include "state/key.h"

int key_invite(const struct cmd *c, const struct key *k, struct err *e);

#endif
