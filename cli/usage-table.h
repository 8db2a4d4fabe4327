/* SPDX-License-Identifier: MIT */
/* usage-table: sums of usage and failed requests, for people and as CSV. */
#ifndef DARIO_CLI_USAGE_TABLE_H
#define DARIO_CLI_USAGE_TABLE_H

#include "state/usage/usage-errors.h"
#include "state/usage/usage-query.h"

void usage_print_table(const struct usage_answer *a);
/* That some of it is estimated, if it is. */
void usage_print_estimated(const struct usage_sum *s);
void usage_write_csv(struct buf *out,
		     const struct usage_answer *a); /* RFC 4180 */
void usage_print_errors(const struct usage_error *list, size_t n);

#endif
