/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/digest.h"
#include "base/fnv.h"
#include "base/row-lock.h"
#include "base/store.h"
#include "state/usage/usage-form.h"
#include "state/usage/usage-table.h"
#include "state/usage/usage-trends.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_MAX (2u << 20) /* bytes of a file */

struct usage_image {
	char *map;
	size_t size;
	size_t cell; /* bytes of one */
	/* as they were when it was opened */
	uint32_t rows, names;
};

static const struct usage_head *head(const struct usage_image *m)
{
	return (const struct usage_head *)m->map;
}

static const uint64_t *folded(const struct usage_image *m)
{
	return (const uint64_t *)(m->map + sizeof(struct usage_head));
}

/* An older version's sums count as ours; 0: it is none of these. */
static size_t cell_bytes(uint64_t form)
{
	return form == USAGE_FORM   ? sizeof(union usage_cell)
	     : form == USAGE_FORM_1 ? USAGE_CELL_1
				    : 0;
}

static size_t row_bytes(const struct usage_image *m, uint32_t cells)
{
	return sizeof(struct usage_row) + cells * m->cell;
}

/* Nothing in it is trusted: others may have written it. */
static bool is_good(struct usage_image *m)
{
	const struct usage_head *h = head(m);
	size_t row;

	m->cell = m->size < sizeof(*h) ? 0 : cell_bytes(atomic_load(&h->form));
	if (!m->cell || h->cells < 1 || h->cells > 2 ||
	    h->folded > USAGE_FOLDED_MAX)
		return false;
	m->rows = atomic_load(&h->rows);
	m->names = atomic_load(&h->names);
	row = row_bytes(m, h->cells);
	return sizeof(*h) + h->folded * sizeof(uint64_t) <= m->size &&
	       h->names_at <= m->size && m->names <= m->size - h->names_at &&
	       (!m->names || !m->map[h->names_at + m->names - 1]) &&
	       h->rows_at % sizeof(uint64_t) == 0 && h->rows_at <= IMAGE_MAX &&
	       m->rows <= 2 * USAGE_ROWS &&
	       (!m->rows || h->rows_at + m->rows * row <= m->size);
}

static int open_file(const char *home, const char *name, size_t *size)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && !(st.st_mode & 077) && st.st_size > 0 &&
	    st.st_size <= (off_t)IMAGE_MAX) {
		*size = (size_t)st.st_size;
		return fd;
	}
	row_close(fd);
	return -1;
}

struct usage_image *usage_image_open(const char *home, const char *name)
{
	struct usage_image *m;
	size_t size;
	int fd = open_file(home, name, &size);

	if (fd < 0)
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->size = size;
	m->map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	row_close(fd);
	if (m->map == MAP_FAILED)
		m->map = NULL;
	if (m->map && is_good(m))
		return m;
	usage_image_close(m);
	return NULL;
}

void usage_image_close(struct usage_image *m)
{
	if (!m)
		return;
	if (m->map)
		munmap(m->map, m->size);
	free(m);
}

uint64_t usage_image_number(const struct usage_image *m)
{
	return head(m)->number;
}

bool usage_image_has(const struct usage_image *m, uint64_t number)
{
	for (uint32_t i = 0; i < head(m)->folded; i++)
		if (folded(m)[i] == number)
			return true;
	return false;
}

/* The cell in force; its writer may be at the other one, and come to this. */
static void take_cell(const struct usage_image *m, const struct usage_row *r,
		      uint32_t cells, union usage_cell *out)
{
	uint32_t turn;

	memset(out, 0, sizeof(*out));
	do {
		turn = atomic_load(&r->turn);
		memcpy(out, (const char *)r->cells + turn % cells * m->cell,
		       m->cell);
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load(&r->turn) != turn);
}

void usage_image_walk(const struct usage_image *m, usage_row_fn *fn, void *arg)
{
	const struct usage_head *h = head(m);
	uint32_t cells = h->cells == 2 ? 2 : 1;

	for (uint32_t i = 0; i < m->rows; i++) {
		const struct usage_row *r =
			(const void *)(m->map + h->rows_at +
				       i * row_bytes(m, cells));
		struct usage_id id = { .kind = (enum usage_kind)r->kind,
				       .hash = r->hash };
		union usage_cell cell;
		int k;

		for (k = 0; k < USAGE_DIMS && r->names[k] < m->names; k++)
			id.names[k] = m->map + h->names_at + r->names[k];
		if (k < USAGE_DIMS)
			continue;
		take_cell(m, r, cells, &cell);
		fn(arg, &id, &cell);
	}
}

bool usage_file_is_held(const char *home, const char *name)
{
	char path[PATH_MAX];
	bool held;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	held = fd >= 0 && !row_lock(fd, 0);
	if (fd >= 0)
		row_close(fd);
	return held;
}

/* --- one that is written whole ------------------------------------------- */

static void put(struct buf *out, const void *p, size_t n)
{
	buf_span(out, (struct span){ p, n });
}

static void put_row(struct buf *rows, struct buf *names,
		    const struct usage_id *id, const union usage_cell *cell)
{
	struct usage_row r = { .hash = id->hash, .kind = (uint32_t)id->kind };

	for (int k = 0; k < USAGE_DIMS; k++) {
		struct span name = span_of(id->names[k]);

		r.names[k] = (uint32_t)names->n;
		put(names, name.p, name.n + 1);
	}
	put(rows, &r, sizeof(r));
	put(rows, cell, sizeof(*cell));
}

static void put_rows(struct buf *rows, struct buf *names,
		     const struct usage_content *c)
{
	for (size_t i = 0; i < c->sums->n; i++) {
		union usage_cell cell = { .sum = c->sums->rows[i]->sum };

		put_row(rows, names, &c->sums->rows[i]->id, &cell);
	}
	for (size_t i = 0; c->trends && i < c->trends->n; i++) {
		union usage_cell cell;

		memset(&cell, 0, sizeof(cell));
		cell.trend = c->trends->rows[i].trend;
		put_row(rows, names, &c->trends->rows[i].id, &cell);
	}
}

int usage_image_write(const char *home, const char *name,
		      const struct usage_content *c, struct err *e)
{
	size_t numbers_size = c->n_folded * sizeof(*c->folded);
	struct usage_head h = {
		.form = USAGE_FORM,
		.start = c->start,
		.rows = (uint32_t)(c->sums->n + (c->trends ? c->trends->n : 0)),
		.cells = 1,
		.folded = (uint32_t)c->n_folded
	};
	struct buf out, names, rows;
	char number[25];
	int rc;

	digest_random_id(number, sizeof(number), "");
	h.number = fnv(FNV_START, span_of(number));
	buf_init(&out, IMAGE_MAX);
	buf_init(&names, IMAGE_MAX);
	buf_init(&rows, IMAGE_MAX);
	put_rows(&rows, &names, c);
	while (names.n % sizeof(uint64_t))
		buf_byte(&names, '\0');
	h.names = (uint32_t)names.n;
	h.names_at = (uint32_t)(sizeof(h) + numbers_size);
	h.rows_at = h.names_at + h.names;
	put(&out, &h, sizeof(h));
	put(&out, c->folded, numbers_size);
	buf_span(&out, buf_get(&names));
	buf_span(&out, buf_get(&rows));
	rc = out.full || names.full || rows.full
		   ? err_set(e, ERR_INTERNAL, "%s would be too large", name)
		   : store_put(home, name, buf_get(&out), e);
	buf_release(&rows);
	buf_release(&names);
	buf_release(&out);
	return rc;
}
