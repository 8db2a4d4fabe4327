/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "state/redis-url.h"
#include "state/shared-choose.h"
#include "state/snapshot.h"

#include <string.h>

/* The value of a line "name:value" of INFO. */
static struct span value_of(struct span info, const char *name)
{
	size_t n = strlen(name);

	while (info.n) {
		struct span line = span_trim(span_cut(&info, '\n'));

		if (span_starts(line, name) && line.n > n && line.p[n] == ':')
			return span_skip(line, n + 1);
	}
	return SPAN("");
}

static void put_rows(struct jw *w, struct span info)
{
	static const char *const rows[][2] = {
		{ "version", "redis_version" },
		{ "role", "role" },
		{ "memory", "used_memory_human" },
		{ "appendOnly", "aof_enabled" },
		{ "lastSnapshot", "rdb_last_save_time" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		jw_key(w, rows[i][0]);
		jw_str(w, value_of(info, rows[i][1]));
	}
}

static void print(struct jw *w, struct buf *out)
{
	jw_obj_end(w);
	say_json(buf_get(out));
}

static int run_status(struct cmd *c, struct err *e)
{
	struct snapshot *s = snapshot_load(c->home, e);
	struct buf out, where, info;
	struct jw w = jw_to(&out);
	int rc = 0;

	if (!s)
		return -1;
	buf_init(&out, 1u << 16);
	buf_init(&where, 1024);
	buf_init(&info, 1u << 18);
	redis_url_show(*s->settings.store ? s->settings.store : "files",
		       &where);
	jw_obj(&w);
	jw_kcstr(&w, "store", buf_cstr(&where));
	if (*s->settings.store) {
		rc = shared_ask(e);
		if (rc == 0)
			rc = shared_info("all", &info, e);
		jw_kcstr(&w, "status", rc ? "away" : "ok");
		if (rc == 0)
			put_rows(&w, buf_get(&info));
	} else {
		jw_kcstr(&w, "status", "ok");
	}
	print(&w, &out);
	buf_release(&out);
	buf_release(&where);
	buf_release(&info);
	snapshot_free(s);
	return rc;
}

static const struct cmd_entry entries[] = {
	{ "status", "",
	  "where state is shared, whether it answers, and how it is kept", 0, 0,
	  NULL, false, run_status },
	{ 0 },
};

static const char *const store_examples[] = {
	"dario store status",
	"DARIO_STORE=redis://10.0.0.5:6379/0 dario store status",
	NULL,
};

const struct cmd_group cmd_store = { "store", "state of several hosts", entries,
				     store_examples };
