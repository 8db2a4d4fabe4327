/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/digest.h"
#include "base/fnv.h"
#include "base/port.h"
#include "base/row-lock.h"
#include "base/store.h"
#include "state/shared/tidy.h"
#include "state/usage/usage-form.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITERS 256      /* processes at a time */
#define PLACES 2048      /* a power of two, more than rows and names */
#define NAME_PLACES 8192 /* the same, more than names can be */
#define GROW (16u << 10) /* bytes of rows at a time */
#define PAGE 4096u
#define NAMES_AT ((uint32_t)sizeof(struct usage_head))
#define ROWS_AT (NAMES_AT + USAGE_NAMES)
#define CELLS 2u
#define ROW_BYTES usage_row_bytes(CELLS)
#define FILE_BYTES (ROWS_AT + USAGE_ROWS * ROW_BYTES)

struct usage_writer {
	int fd;
	char *map;
	size_t names_end, rows_end;        /* of what the disk has space for */
	uint16_t places[PLACES];           /* of rows, from 1, by hash */
	uint32_t name_places[NAME_PLACES]; /* of names, from 1 */
	uint32_t n_names;
	struct usage_row *row; /* that is being changed */
	char path[PATH_MAX + 64];
};

static struct usage_head *head(const struct usage_writer *w)
{
	return (struct usage_head *)w->map;
}

static struct usage_row *row_at(const struct usage_writer *w, size_t i)
{
	return (struct usage_row *)(w->map + ROWS_AT + i * ROW_BYTES);
}

static char *names(const struct usage_writer *w)
{
	return w->map + NAMES_AT;
}

/* Space that is not on the disk must not be missed later. */
static bool have(struct usage_writer *w, size_t *end, size_t need, size_t step)
{
	size_t to = (need + step - 1) / step * step;

	if (need <= *end)
		return true;
	if (to > FILE_BYTES)
		to = FILE_BYTES;
	if (port_allocate(w->fd, (off_t)*end, (off_t)(to - *end)))
		return false;
	*end = to;
	return true;
}

/* --- names --------------------------------------------------------------- */

static uint32_t *name_place(struct usage_writer *w, struct span name)
{
	uint64_t h = fnv(FNV_START, name);
	uint32_t *p;

	for (size_t i = 0;; i++) {
		p = &w->name_places[(h + i) & (NAME_PLACES - 1)];
		if (!*p || (strncmp(names(w) + *p - 1, name.p, name.n) == 0 &&
			    !names(w)[*p - 1 + name.n]))
			return p;
	}
}

/* Its place, or -1: there is no room. */
static int64_t keep_name(struct usage_writer *w, struct span name)
{
	uint32_t *p = name_place(w, name), at = atomic_load(&head(w)->names);

	if (*p)
		return *p - 1;
	if (at + name.n + 1 > USAGE_NAMES || w->n_names == NAME_PLACES - 1 ||
	    !have(w, &w->names_end, NAMES_AT + at + name.n + 1, PAGE))
		return -1;
	memcpy(names(w) + at, name.p, name.n);
	names(w)[at + name.n] = '\0';
	atomic_store(&head(w)->names, at + (uint32_t)name.n + 1);
	*p = at + 1;
	w->n_names++;
	return at;
}

static struct span cut(const char *name)
{
	size_t n = strnlen(name, USAGE_NAME_MAX);

	return (struct span){ name, n };
}

/* --- rows ---------------------------------------------------------------- */

uint64_t usage_hash(uint64_t hash, const struct usage_id *id, int from, int to)
{
	for (int i = from; i < to; i++)
		hash = fnv_byte(fnv(hash, cut(id->names[i])), '\n');
	return hash;
}

static uint64_t hash_of(const struct usage_id *id)
{
	return usage_hash(fnv_byte(FNV_START, (unsigned char)id->kind), id, 0,
			  USAGE_DIMS);
}

static bool is_of(const struct usage_writer *w, const struct usage_row *r,
		  const struct usage_id *id)
{
	if (r->hash != id->hash || r->kind != (uint32_t)id->kind)
		return false;
	for (int i = 0; i < USAGE_DIMS; i++)
		if (strncmp(names(w) + r->names[i], id->names[i],
			    USAGE_NAME_MAX))
			return false;
	return true;
}

/* Where it stands or could stand. */
static uint16_t *place_of(struct usage_writer *w, const struct usage_id *id)
{
	for (size_t i = 0;; i++) {
		uint16_t *p = &w->places[(id->hash + i) & (PLACES - 1)];

		if (!*p || is_of(w, row_at(w, *p - 1u), id))
			return p;
	}
}

static struct usage_row *make_row(struct usage_writer *w,
				  const struct usage_id *id, uint16_t *place)
{
	uint32_t n = atomic_load(&head(w)->rows);
	struct usage_row *r = row_at(w, n);

	if (n >= USAGE_ROWS ||
	    !have(w, &w->rows_end, ROWS_AT + (n + 1) * ROW_BYTES, GROW))
		return NULL;
	memset(r, 0, ROW_BYTES);
	for (int i = 0; i < USAGE_DIMS; i++) {
		int64_t at = keep_name(w, cut(id->names[i]));

		if (at < 0)
			return NULL;
		r->names[i] = (uint32_t)at;
	}
	r->hash = id->hash;
	r->kind = (uint32_t)id->kind;
	atomic_store(&head(w)->rows, n + 1); /* now it can be seen */
	*place = (uint16_t)(n + 1);
	return r;
}

static bool has_session(const char *const *v)
{
	for (int i = USAGE_LASTING; i < USAGE_DIMS; i++)
		if (*v[i])
			return true;
	return false;
}

/* Has the key so many rows that more would crowd others out? */
static bool is_crowding(const struct usage_writer *w, const char *key)
{
	size_t mine = 0, n = atomic_load(&head(w)->rows);

	for (size_t i = 0; i < n; i++)
		mine += strcmp(names(w) + row_at(w, i)->names[USAGE_KEY],
			       key) == 0;
	return mine >= USAGE_ROWS / 4;
}

static bool is_half_full(const struct usage_writer *w)
{
	return atomic_load(&head(w)->rows) >= USAGE_ROWS / 2;
}

/* What has no place of its own stands with others, less and less precisely. */
static void coarsen(struct usage_id *id, int from)
{
	for (int i = from; i < USAGE_DIMS; i++)
		if (from < USAGE_LASTING || *id->names[i])
			id->names[i] = usage_other;
	id->hash = hash_of(id);
}

/* Who asks for ever new models is still told apart from others. */
static void coarsen_model(struct usage_id *id)
{
	id->names[USAGE_MODEL] = usage_other;
	coarsen(id, USAGE_LASTING);
}

/* NULL: not under this name. */
static struct usage_row *find(struct usage_writer *w, const struct usage_id *id,
			      size_t most)
{
	uint16_t *p = place_of(w, id);

	if (*p)
		return row_at(w, *p - 1u);
	return atomic_load(&head(w)->rows) < most ? make_row(w, id, p) : NULL;
}

static struct usage_row *row_of(struct usage_writer *w, struct usage_id id)
{
	uint16_t *p = place_of(w, &id);
	struct usage_row *r;

	if (*p)
		return row_at(w, *p - 1u);
	if (*id.names[USAGE_KEY] && is_crowding(w, id.names[USAGE_KEY]))
		coarsen_model(&id);
	else if (has_session(id.names) &&
		 (is_half_full(w) || is_crowding(w, id.names[USAGE_KEY])))
		coarsen(&id, USAGE_LASTING);
	r = find(w, &id, USAGE_ROWS - 1);
	if (!r) {
		coarsen_model(&id);
		r = find(w, &id, USAGE_ROWS - 1);
	}
	if (!r) {
		coarsen(&id, 0);
		r = find(w, &id, USAGE_ROWS);
	}
	return r;
}

union usage_cell *usage_writer_begin(struct usage_writer *w,
				     const struct usage_id *id)
{
	uint32_t turn;

	w->row = row_of(w, *id);
	if (!w->row)
		return NULL;
	turn = atomic_load(&w->row->turn);
	w->row->cells[(turn + 1) % CELLS] = w->row->cells[turn % CELLS];
	return &w->row->cells[(turn + 1) % CELLS];
}

void usage_writer_end(struct usage_writer *w)
{
	atomic_store(&w->row->turn, atomic_load(&w->row->turn) + 1);
}

/* --- the file ------------------------------------------------------------ */

static void clear(struct usage_writer *w, int64_t start)
{
	struct usage_head *h = head(w);
	char number[25];

	atomic_store(&h->form, 0);
	digest_random_id(number, sizeof(number), "");
	h->number = fnv(FNV_START, span_of(number));
	h->start = start;
	h->names_at = NAMES_AT;
	h->rows_at = ROWS_AT;
	h->cells = CELLS;
	h->folded = 0;
	atomic_store(&h->rows, 0);
	atomic_store(&h->names, 0);
	atomic_store(&h->form, USAGE_FORM);
}

/* As this process would have written it? */
static bool is_good(const struct usage_writer *w, size_t size, int64_t start)
{
	const struct usage_head *h = head(w);
	uint32_t n = atomic_load(&h->rows), bytes = atomic_load(&h->names);

	if (atomic_load(&h->form) != USAGE_FORM || h->start != start ||
	    h->names_at != NAMES_AT || h->rows_at != ROWS_AT ||
	    h->cells != CELLS || n > USAGE_ROWS || bytes > USAGE_NAMES ||
	    (n && size < ROWS_AT + n * ROW_BYTES) ||
	    (bytes && names(w)[bytes - 1]))
		return false;
	for (uint32_t i = 0; i < n; i++)
		for (int k = 0; k < USAGE_DIMS; k++)
			if (row_at(w, i)->names[k] >= bytes)
				return false;
	return true;
}

/* What stands in it already. */
static void learn(struct usage_writer *w)
{
	uint32_t n = atomic_load(&head(w)->rows);
	uint32_t bytes = atomic_load(&head(w)->names);

	for (uint32_t at = 0; at < bytes && w->n_names < NAME_PLACES - 1;) {
		struct span name = span_of(names(w) + at);

		*name_place(w, name) = at + 1;
		w->n_names++;
		at += (uint32_t)name.n + 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct usage_row *r = row_at(w, i);
		struct usage_id id = { .kind = (enum usage_kind)r->kind,
				       .hash = r->hash };

		for (int k = 0; k < USAGE_DIMS; k++)
			id.names[k] = names(w) + r->names[k];
		*place_of(w, &id) = (uint16_t)(i + 1);
	}
}

static bool is_same_file(const struct usage_writer *w)
{
	struct stat mine, named;

	return fstat(w->fd, &mine) == 0 && lstat(w->path, &named) == 0 &&
	       mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

bool usage_writer_is_new(const struct usage_writer *w)
{
	return atomic_load(&head(w)->rows) == 0;
}

bool usage_writer_is_current(const struct usage_writer *w)
{
	return is_same_file(w);
}

/* Under its lock. */
static bool map_file(struct usage_writer *w, int64_t start)
{
	struct stat st;

	if (fstat(w->fd, &st))
		return false;
	w->rows_end = ROWS_AT;
	if (!have(w, &w->names_end, PAGE, PAGE))
		return false;
	w->map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      w->fd, 0);
	if (w->map == MAP_FAILED) {
		w->map = NULL;
		return false;
	}
	if (!is_good(w, (size_t)st.st_size, start))
		clear(w, start);
	/* A file that was cut or copied may have holes. */
	if (!have(w, &w->names_end, NAMES_AT + atomic_load(&head(w)->names) + 1,
		  PAGE) ||
	    !have(w, &w->rows_end,
		  ROWS_AT + (atomic_load(&head(w)->rows) + 1) * ROW_BYTES,
		  GROW))
		return false;
	learn(w);
	return true;
}

/* A plain file, ours and closed to others; else -1. */
static int open_private(const char *path)
{
	struct stat st;
	int fd = open(path,
		      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		      0600);

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		       st.st_uid == geteuid() && !(st.st_mode & 077)))
		return fd;
	close(fd);
	return -1;
}

/* An older version's is read, and not written any more. */
static bool is_older(int fd)
{
	uint64_t form = 0;

	return pread(fd, &form, sizeof(form), 0) == (ssize_t)sizeof(form) &&
	       form == USAGE_FORM_1;
}

/* False: another process has it. */
static bool take_file(struct usage_writer *w, const char *home,
		      const char *name)
{
	snprintf(w->path, sizeof(w->path), "%s/%s", home, name);
	w->fd = open_private(w->path);
	if (w->fd < 0 && tidy_file(home, name))
		w->fd = open_private(w->path);
	if (w->fd >= 0 && row_lock(w->fd, 0) && is_same_file(w) &&
	    !is_older(w->fd))
		return true;
	if (w->fd >= 0)
		row_close(w->fd);
	w->fd = -1;
	return false;
}

struct usage_writer *usage_writer_open(const char *home, const char *stem,
				       int64_t start)
{
	struct usage_writer *w = xcalloc(1, sizeof(*w));
	char name[64];
	struct err unused;

	w->fd = -1;
	if (store_folder(home, "state", &unused) == 0 &&
	    store_folder(home, USAGE_FOLDER, &unused) == 0)
		for (int i = 0; i < WRITERS && w->fd < 0; i++) {
			snprintf(name, sizeof(name), USAGE_FOLDER "/%s.%d",
				 stem, i);
			take_file(w, home, name);
		}
	if (w->fd >= 0 && map_file(w, start))
		return w;
	usage_writer_close(w);
	return NULL;
}

void usage_writer_close(struct usage_writer *w)
{
	if (!w)
		return;
	if (w->map)
		munmap(w->map, FILE_BYTES);
	if (w->fd >= 0)
		row_close(w->fd);
	free(w);
}
