/* SPDX-License-Identifier: MIT */
/*
 * apart: which backends were seen to refuse by one key what they gave by
 * another, as keys of two organisations do (apart-NAME of shared.h). It holds
 * for a day, and may be lost: then it is seen again. Thread-safe.
 */
#ifndef DARIO_APART_H
#define DARIO_APART_H

#include <stdbool.h>

bool apart_known(const char *home, const char *backend);
void apart_note(const char *home, const char *backend);

#endif
