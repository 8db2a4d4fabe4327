/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/show-notes.h"
#include "state/config/oauth-config.h"
#include "state/config/snapshot.h"

#include <stdio.h>
#include <string.h>

static void put_json(struct jw *w, const struct option_row *o,
		     struct span value, const char *source)
{
	jw_key(w, o->key);
	jw_obj(w);
	jw_key(w, "value");
	if (o->type == OPTION_INT || o->type == OPTION_BOOL)
		jw_raw(w, value);
	else
		jw_str(w, value);
	jw_kcstr(w, "source", source);
	jw_kcstr(w, "env", o->env);
	jw_obj_end(w);
}

/* How a log-in is made, in the same form. */
static int put_oauth(struct jw *w, const struct snapshot *cfg, const char *home,
		     bool json, struct err *e)
{
	struct oauth_config g;
	char key[40];

	if (oauth_config_load(&g, home, cfg->settings.cc_path, e))
		return -1;
	for (int v = 0; v < OAUTH_VALUES; v++) {
		snprintf(key, sizeof(key), "oauth.%s",
			 oauth_config_name((enum oauth_value)v));
		if (!json) {
			say_line(4, "%-20s %-24s %s", key, g.value[v],
				 g.source[v]);
			continue;
		}
		jw_key(w, key);
		jw_obj(w);
		jw_kcstr(w, "value", g.value[v]);
		jw_kcstr(w, "source", g.source[v]);
		jw_obj_end(w);
	}
	return 0;
}

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	bool json = cmd_value(c, "json");
	struct buf out, value;
	struct jw w = jw_to(&out);
	int rc;

	if (!cfg)
		return -1;
	buf_init(&out, 1u << 20);
	buf_init(&value, 1u << 16);
	jw_obj(&w);
	for (const struct option_row *o = options; o->key; o++) {
		const char *source =
			option_source_name(cfg->settings.source[o - options]);

		buf_reset(&value);
		settings_show(&cfg->settings, o, &value);
		if (json)
			put_json(&w, o, buf_get(&value), source);
		else
			say_line(4, "%-20s %-24s %s", o->key, buf_cstr(&value),
				 source);
	}
	rc = put_oauth(&w, cfg, c->home, json, e);
	jw_obj_end(&w);
	if (json && rc == 0)
		say_json(buf_get(&out));
	fflush(stdout);
	show_notes(&cfg->notes);
	buf_release(&out);
	buf_release(&value);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_entry entries[] = {
	{ "", "[--json]", "show the settings in force and where each came from",
	  0, 0, cmd_json_flags, false, run },
	{ 0 },
};

static const char *const config_examples[] = {
	"dario config --json",
	NULL,
};

const struct cmd_group cmd_config = { "config", "settings", entries,
				      config_examples };
