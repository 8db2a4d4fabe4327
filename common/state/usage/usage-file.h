/* SPDX-License-Identifier: MIT */
/*
 * usage-file: files of sums below state/usage/, for usage.c alone.
 *
 * A file has rows; a row has a kind and a name in each dimension ("" none). It
 * is mapped and written by one process, which holds a lock on it that goes with
 * the process; all others only read. A row has two cells: the writer fills the
 * one that is not in force and then, with one store, puts it in force, so a
 * process that is killed at any point leaves the row as it was before a request
 * or as it is after it. A file that is written once and whole has one cell in a
 * row.
 *
 * A file has at most USAGE_ROWS rows: sessions, agents and users have half of
 * them (and those of one key half of that), models and the rest the others;
 * what has no place is "other". It grows as it fills. What is wrong in a file
 * from outside is passed over. Times are milliseconds since 1970.
 */
#ifndef DARIO_USAGE_FILE_H
#define DARIO_USAGE_FILE_H

#include "state/usage/usage-sum.h"

#define USAGE_FOLDER "state/usage"
#define USAGE_ROWS 1024
#define USAGE_NAME_MAX 160   /* bytes of one name */
#define USAGE_FOLDED_MAX 512 /* files that one can be made of */

enum usage_kind {
	USAGE_SUM,
	USAGE_TREND
};

/* How an account's windows fill, in the twelve parts of an hour. */
#define USAGE_STEPS 12
struct usage_trend {
	struct usage_step {
		int64_t first_time, last_time; /* 0: no answer */
		float first_h5, first_d7, last_h5, last_d7;
	} steps[USAGE_STEPS];
};

union usage_cell {
	struct usage_sum sum;
	struct usage_trend trend;
};

/* What a row is of. `hash` is usage_hash of the same. */
struct usage_id {
	enum usage_kind kind;
	uint64_t hash;
	const char *names[USAGE_DIMS];
};
uint64_t usage_hash(uint64_t hash, const struct usage_id *id, int from, int to);

/* --- the one that writes ------------------------------------------------- */

struct usage_writer;

/* The first of the files STEM.0, STEM.1, ... that no living process has. NULL:
 * there is none to be had. */
struct usage_writer *usage_writer_open(const char *home, const char *stem,
				       int64_t start);
void usage_writer_close(struct usage_writer *w); /* NULL is fine */
/* Is nothing in it yet? */
bool usage_writer_is_new(const struct usage_writer *w);
/* False: the file was removed, or another folder has its name. */
bool usage_writer_is_current(const struct usage_writer *w);
/* The cell to be changed, which usage_writer_end puts in force. NULL: the disk
 * is full. */
union usage_cell *usage_writer_begin(struct usage_writer *w,
				     const struct usage_id *id);
void usage_writer_end(struct usage_writer *w);

/* --- those that read ----------------------------------------------------- */

struct usage_image;

/* NULL: there is no such file, or nothing can be made of it. */
struct usage_image *usage_image_open(const char *home, const char *name);
void usage_image_close(struct usage_image *m);            /* NULL is fine */
uint64_t usage_image_number(const struct usage_image *m); /* its own */
/* Is what stands in the file of that number in this one? */
bool usage_image_has(const struct usage_image *m, uint64_t number);
/* Each row; all of it dies when fn returns. */
typedef void usage_row_fn(void *arg, const struct usage_id *id,
			  const union usage_cell *cell);
void usage_image_walk(const struct usage_image *m, usage_row_fn *fn, void *arg);
/* Does a living process write it? */
bool usage_file_is_held(const char *home, const char *name);

/* --- one that is written whole ------------------------------------------- */

struct usage_table;
struct usage_trends;
struct usage_content {
	const struct usage_table *sums;
	const struct usage_trends *trends; /* or NULL */
	int64_t start;
	const uint64_t *folded; /* the numbers of the files that are in it */
	size_t n_folded;
};
int usage_image_write(const char *home, const char *name,
		      const struct usage_content *c, struct err *e);

#endif
