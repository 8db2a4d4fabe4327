/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage-folder.h"

#include "base/http-date.h"
#include "state/usage/usage.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENTRIES_MAX 65536

static struct tm utc(int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm;
}

void usage_hour_stem(int64_t hour, char out[USAGE_STEM_BYTES])
{
	struct tm tm = utc(hour);

	strftime(out, USAGE_STEM_BYTES, "%Y-%m-%dT%H", &tm);
}

void usage_hour_name(int64_t hour, char out[48])
{
	char text[USAGE_STEM_BYTES];

	usage_hour_stem(hour, text);
	snprintf(out, 48, USAGE_FOLDER "/%s", text);
}

void usage_day_name(int64_t day, char out[48])
{
	char text[USAGE_STEM_BYTES];
	struct tm tm = utc(day);

	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	snprintf(out, 48, USAGE_FOLDER "/%s", text);
}

/* "2026-11-26", "2026-11-26T08": 0 is none. */
static int64_t time_of(const char *name, size_t n)
{
	char text[40];
	int64_t t;

	if (n == 10)
		snprintf(text, sizeof(text), "%.10sT00:00:00Z", name);
	else
		snprintf(text, sizeof(text), "%.13s:00:00Z", name);
	t = http_date_read(span_of(text));
	return t > 0 ? t : 0;
}

static bool is_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 3 && !s[n];
}

static bool read_name(const char *name, struct usage_entry *out)
{
	size_t n = strcspn(name, ".");
	bool numbered = name[n] == '.' && is_number(name + n + 1);
	bool total = n == sizeof(USAGE_TOTAL_STEM) - 1 &&
		     memcmp(name, USAGE_TOTAL_STEM, n) == 0;

	if (strlen(name) > n && !numbered)
		return false;
	snprintf(out->name, sizeof(out->name), USAGE_FOLDER "/%.20s", name);
	out->start = 0;
	out->kind = USAGE_FILE_TOTAL;
	if (total)
		return true;
	out->kind = numbered ? USAGE_FILE_LIVE
		  : n == 10  ? USAGE_FILE_DAY
			     : USAGE_FILE_HOUR;
	if (n != 13 && (n != 10 || numbered))
		return false;
	out->start = time_of(name, n);
	return out->start;
}

static int compare(const void *a, const void *b)
{
	const struct usage_entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct usage_entry *usage_list(const char *home, size_t *n)
{
	struct usage_entry *list = NULL, entry;
	char path[PATH_MAX];
	struct dirent *d;
	size_t cap = 0;
	DIR *dir;

	*n = 0;
	snprintf(path, sizeof(path), "%s/" USAGE_FOLDER, home);
	dir = opendir(path);
	while (dir && *n < ENTRIES_MAX && (d = readdir(dir))) {
		if (!read_name(d->d_name, &entry))
			continue;
		if (*n == cap) {
			cap = cap ? 2 * cap : 64;
			list = xrealloc(list, cap * sizeof(*list));
		}
		list[(*n)++] = entry;
	}
	if (dir)
		closedir(dir);
	if (*n)
		qsort(list, *n, sizeof(*list), compare);
	return list;
}
