/* SPDX-License-Identifier: MIT */
/* clock: monotonic milliseconds for measuring, wall-clock text for people. */
#ifndef DARIO_CLOCK_H
#define DARIO_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);        /* monotonic */
int64_t clock_us(void);        /* the same, in microseconds */
int64_t clock_thread_us(void); /* of a processor, that this thread has used */
int64_t clock_wall_ms(void);   /* since 1970 */
/* Hosts that share their state go by one clock: from now on clock_wall_ms is so
 * much more than the machine's own. */
void clock_set_ahead(int64_t ms);
int64_t clock_ahead(void);
void clock_stamp(char *out, size_t n); /* 2026-11-22T10:00:00.123Z; n >= 32 */

#endif
