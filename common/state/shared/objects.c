/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/objects.h"

#include "base/clock.h"
#include "base/json.h"
#include "state/shared/shared.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 256
#define OTHER_MIN 12         /* bytes of an id that begins like none of ours */
#define COUNTED "counted."   /* before the id of what was */
#define FILE_MAX (64u << 10) /* bytes: some 600 ids */

/* What providers' ids begin with. */
static const char *const kinds[] = {
	"resp_", "file-",   "file_",   "batch_",  "msgbatch_", "conv_",
	"vs_",   "ftjob-",  "ftckpt_", "upload_", "chatcmpl-", "video_",
	"asst_", "thread_", "eval_",   "cntr_",   "skill_",    "container_",
};

static bool is_plain(struct span id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && !strchr("-_.", id.p[i]))
			return false;
	return id.n <= OBJECTS_ID_MAX;
}

bool objects_is_id(struct span id)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		known = known ||
			(span_starts(id, kinds[i]) && id.n > strlen(kinds[i]));
	return known && is_plain(id);
}

bool objects_may_be_id(struct span id)
{
	bool figure = false;

	for (size_t i = 0; i < id.n; i++)
		figure |= isdigit((unsigned char)id.p[i]) != 0;
	return figure && id.n >= OTHER_MIN && is_plain(id);
}

static struct shared_entry *entry_at(const char *home, uint32_t number)
{
	char name[40];

	snprintf(name, sizeof(name), OBJECTS_FOLDER "/%02x", number);
	return shared_entry(home, name);
}

static struct shared_entry *entry_of(const char *home, struct span id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619u;
	return entry_at(home, hash % FILES);
}

/* A text is an object with one member a line, the newest first:
 *
 *	{
 *	"file-abc":["openai","",1764000000],
 *	"resp_1":["groq","second",1763999999,"anna"],
 *	"":0}
 *
 * so that a new one is put in front without reading the others. */
#define FIRST "{\n"
#define LAST "\"\":0}\n"

struct news {
	struct span id;
	const char *backend, *account, *who;
	int64_t now; /* seconds since 1970 */
};

static bool is_of(struct span line, struct span id)
{
	return line.n > id.n + 3 && line.p[0] == '"' &&
	       memcmp(line.p + 1, id.p, id.n) == 0 && line.p[id.n + 1] == '"' &&
	       line.p[id.n + 2] == ':';
}

/* Of a line: when it was noted, seconds since 1970; 0: that cannot be read. */
static int64_t noted(struct span line)
{
	span_cut(&line, ',');
	span_cut(&line, ',');
	return line.n ? strtoll(line.p, NULL, 10) : 0;
}

/* The next member of a text; false: there is none. */
static bool next_line(struct span *text, struct span *line)
{
	*line = span_cut(text, '\n');
	return span_starts(*line, "\"") && !span_starts(*line, "\"\"");
}

static bool read_line(struct span line, struct object_place *out);

static bool find(struct span text, struct span id, struct object_place *out)
{
	struct span line;
	bool found = false;

	while (!found && next_line(&text, &line))
		found = is_of(line, id) && read_line(line, out);
	return found;
}

static bool put(void *arg, struct span was, struct buf *now)
{
	const struct news *n = arg;
	struct object_place before;
	const char *who;
	struct span line;

	if (!span_starts(was, FIRST))
		was.n = 0;
	was = span_skip(was, was.n ? strlen(FIRST) : 0);
	who = find(was, n->id, &before) ? before.who : n->who;
	buf_fmt(now, FIRST "\"%.*s\":[\"%s\",\"%s\",%lld", SPAN_FMT(n->id),
		n->backend, n->account, (long long)n->now);
	if (*who)
		buf_fmt(now, ",\"%s\"", who);
	buf_str(now, "],\n");
	while (next_line(&was, &line) && now->n + line.n < FILE_MAX &&
	       noted(line) > n->now - OBJECTS_MS / 1000)
		if (!is_of(line, n->id)) {
			buf_span(now, line);
			buf_byte(now, '\n');
		}
	buf_str(now, LAST);
	return true;
}

void objects_note(const char *home, struct span id, const char *backend,
		  const char *account, const char *who)
{
	struct news n = { id, backend, account ? account : "", who,
			  clock_wall_ms() / 1000 };
	struct err unused;

	if (objects_is_id(id) || objects_may_be_id(id))
		shared_update(entry_of(home, id), put, &n, &unused);
}

/* Behind the lines of whom it is. */
static void write_end(const char *who, char out[ACCOUNT_ALIAS_MAX + 8])
{
	snprintf(out, ACCOUNT_ALIAS_MAX + 8, ",\"%.*s\"],", ACCOUNT_ALIAS_MAX,
		 who);
}

static bool leave(void *arg, struct span was, struct buf *now)
{
	struct span line, end = span_of(arg);

	if (!span_starts(was, FIRST))
		return false;
	buf_str(now, FIRST);
	was = span_skip(was, strlen(FIRST));
	while (next_line(&was, &line)) {
		bool is = line.n > end.n &&
			  memcmp(line.p + line.n - end.n, end.p, end.n) == 0;

		line.n -= is ? end.n : 0;
		buf_span(now, line);
		buf_str(now, is ? "],\n" : "\n");
	}
	buf_str(now, LAST);
	return true;
}

void objects_leave(const char *home, const char *who)
{
	char end[ACCOUNT_ALIAS_MAX + 8];
	struct err unused;
	struct buf mem;

	write_end(who, end);
	buf_init(&mem, SHARED_TEXT_MAX);
	for (uint32_t i = 0; i < FILES; i++) {
		struct shared_entry *x = entry_at(home, i);

		buf_reset(&mem);
		if (shared_read(x, &mem, &unused) == 0 &&
		    span_has(buf_get(&mem), span_of(end)))
			shared_update(x, leave, end, &unused);
	}
	buf_release(&mem);
}

struct once {
	struct news news;
	bool was; /* somebody has asked before */
};

static bool put_once(void *arg, struct span was, struct buf *now)
{
	struct once *o = arg;
	struct object_place unused;

	o->was = span_starts(was, FIRST) &&
		 find(span_skip(was, strlen(FIRST)), o->news.id, &unused);
	return !o->was && put(&o->news, was, now);
}

bool objects_once(const char *home, struct span id)
{
	char text[OBJECTS_ID_MAX + sizeof(COUNTED)];
	struct once o = { .was = false };
	struct err unused;

	if (!is_plain(id))
		return false;
	snprintf(text, sizeof(text), COUNTED "%.*s", SPAN_FMT(id));
	o.news = (struct news){ span_of(text), "-", "", "",
				clock_wall_ms() / 1000 };
	shared_update(entry_of(home, o.news.id), put_once, &o, &unused);
	return !o.was;
}

/* The front of the two that was noted last, and takes it off. */
static struct span newer(struct span *a, struct span *b)
{
	struct span x = *a, y = *b, one, other;
	bool first = next_line(&x, &one), second = next_line(&y, &other);

	if (first && (!second || noted(one) >= noted(other))) {
		*a = x;
		return one;
	}
	if (second)
		*b = y;
	return second ? other : SPAN("");
}

static struct span id_of(struct span line)
{
	line = span_skip(line, 1);
	return span_cut(&line, '"');
}

static bool has(struct span text, struct span id)
{
	struct span line;

	while (next_line(&text, &line))
		if (is_of(line, id))
			return true;
	return false;
}

static struct span lines_of(struct span text)
{
	return span_starts(text, FIRST) ? span_skip(text, strlen(FIRST))
					: SPAN("");
}

bool objects_merge(void *arg, struct span was, struct buf *now)
{
	struct span a = lines_of(was), b = lines_of(*(struct span *)arg), line;

	if (!b.n)
		return false;
	buf_str(now, FIRST);
	while ((line = newer(&a, &b)).n && now->n + line.n < FILE_MAX) {
		if (has(span_skip(buf_get(now), strlen(FIRST)), id_of(line)))
			continue;
		buf_span(now, line);
		buf_byte(now, '\n');
	}
	buf_str(now, LAST);
	return true;
}

static bool read_line(struct span line, struct object_place *out)
{
	struct err unused;
	struct json_object *o;
	struct span id = span_cut(&line, ':');
	bool ok;

	(void)id;
	if (line.n && line.p[line.n - 1] == ',')
		line.n--;
	o = json_read(line, &unused);
	span_text(out->backend, sizeof(out->backend), json_span(json_at(o, 0)));
	span_text(out->account, sizeof(out->account), json_span(json_at(o, 1)));
	span_text(out->who, sizeof(out->who), json_span(json_at(o, 3)));
	ok = *out->backend &&
	     json_count_at(o, 2) > (clock_wall_ms() - OBJECTS_MS) / 1000;
	json_object_put(o);
	return ok;
}

int objects_find(const char *home, struct span id, struct object_place *out,
		 struct err *e)
{
	bool found = false;
	struct buf mem;
	int rc;

	if (!objects_is_id(id) && !objects_may_be_id(id))
		return 1;
	buf_init(&mem, SHARED_TEXT_MAX);
	rc = shared_read(entry_of(home, id), &mem, e);
	if (rc == 0 && span_starts(buf_get(&mem), FIRST))
		found = find(span_skip(buf_get(&mem), strlen(FIRST)), id, out);
	buf_release(&mem);
	if (rc < 0)
		return -1;
	return found ? 0 : 1;
}

void objects_expire(const char *home)
{
	shared_expire(home, OBJECTS_FOLDER, OBJECTS_MS);
}
