/* SPDX-License-Identifier: MIT */
/* usage-form: how a file of sums is laid out; see usage-file.h. */
#ifndef DARIO_USAGE_FORM_H
#define DARIO_USAGE_FORM_H

#include "state/usage/usage-file.h"

#include <stdatomic.h>
#include <stddef.h>

#define USAGE_FORM 0x757361676530322eu   /* of what follows */
#define USAGE_FORM_1 0x757361676530312eu /* its cells lack what came later */
#define USAGE_CELL_1 offsetof(struct usage_sum, estimated)
#define USAGE_NAMES (64u << 10) /* bytes of names */

/* Then the numbers of the files in it, the names, each with a NUL, and rows. */
struct usage_head {
	_Atomic uint64_t form;
	uint64_t number;
	int64_t start;
	_Atomic uint32_t rows, names; /* rows; bytes */
	uint32_t names_at, rows_at;   /* places in the file */
	uint32_t cells, folded;       /* of a row; files */
};

struct usage_row {
	uint64_t hash;
	uint32_t names[USAGE_DIMS]; /* places among the names */
	uint32_t kind;
	_Atomic uint32_t turn; /* cells[turn % cells] is in force */
	uint32_t unused;
	union usage_cell cells[];
};

static inline size_t usage_row_bytes(uint32_t cells)
{
	return sizeof(struct usage_row) + cells * sizeof(union usage_cell);
}

#endif
