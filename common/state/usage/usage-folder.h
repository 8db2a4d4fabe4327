/* SPDX-License-Identifier: MIT */
/*
 * usage-folder: which files there are below state/usage/, for usage.c and what
 * belongs to it.
 *
 *	2026-11-26T08.0, .1, ...	one hour, by one process each
 *	2026-11-26T08			that hour, put together
 *	2026-11-26			a day, put together
 *	total.0, .1, ...		all time, by one process each
 *	total				from before there were such files
 */
#ifndef DARIO_USAGE_FOLDER_H
#define DARIO_USAGE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#define USAGE_STEM_BYTES 24
#define USAGE_TOTAL_STEM "total"
#define USAGE_CARRIED "state/usage/" USAGE_TOTAL_STEM

enum usage_file_kind {
	USAGE_FILE_LIVE, /* of a process */
	USAGE_FILE_HOUR,
	USAGE_FILE_DAY,
	USAGE_FILE_TOTAL
};

struct usage_entry {
	enum usage_file_kind kind;
	int64_t start;
	char name[48]; /* below the home */
};

void usage_hour_stem(int64_t hour, char out[USAGE_STEM_BYTES]);
void usage_hour_name(int64_t hour, char out[48]);
void usage_day_name(int64_t day, char out[48]);

/* Sums of all time that an older version has left in state/ go into a file of
 * their own. With the lock of usage_tidy. */
void usage_carry(const char *home);

/* All, by time and then by kind; *n of them. Freed by the caller. */
struct usage_entry *usage_list(const char *home, size_t *n);

#endif
