/* SPDX-License-Identifier: MIT */
/* clock: monotonic milliseconds for measuring, wall-clock text for people. */
#ifndef DARIO_CLOCK_H
#define DARIO_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);                /* monotonic */
int64_t clock_wall_ms(void);           /* since 1970 */
void clock_stamp(char *out, size_t n); /* 2026-11-22T10:00:00.123Z; n >= 32 */

#endif
