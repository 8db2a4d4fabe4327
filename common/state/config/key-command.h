/* SPDX-License-Identifier: MIT */
/*
 * key-command: a backend's key, as a program prints it.
 *
 * For keys that live in a password manager or are good for an hour. The command
 * is run without a shell (base/words.h), by one process of the host at a time;
 * the first line of its output is the key, which is kept for its time in
 * state/key-NAME.json, so that all processes have it. Messages name the program
 * and nothing else of the command or its output. Thread-safe; key_command_get
 * may wait (wait.h): hold no lock over it.
 */
#ifndef DARIO_KEY_COMMAND_H
#define DARIO_KEY_COMMAND_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define KEY_TTL_PRESET 300 /* seconds */
#define KEY_TTL_MAX 86400

struct key_command;

/* Of the backend `name`; NULL with an error. */
struct key_command *key_command_new(const char *name, const char *line,
				    int64_t ttl, struct err *e);
void key_command_free(struct key_command *k); /* NULL is fine */

/* What is run, without its folder; can it be, as things are here? */
const char *key_command_program(const struct key_command *k);
bool key_command_is_there(const struct key_command *k);

int key_command_get(struct key_command *k, const char *home, struct buf *out,
		    struct err *e);
/* The provider has refused this key: it is not used again. False when asking
 * for another one was of no use a moment ago. */
bool key_command_refused(struct key_command *k, const char *home,
			 struct span key);
/* Of a backend that is gone. */
void key_command_forget(const char *home, const char *name);

#endif
