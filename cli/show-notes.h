/* SPDX-License-Identifier: MIT */
/* show-notes: what is wrong in the files though they could be loaded, a line
 * each on standard error. */
#ifndef DARIO_SHOW_NOTES_H
#define DARIO_SHOW_NOTES_H

#include "state/config/note.h"

void show_notes(const struct notes *n);

#endif
