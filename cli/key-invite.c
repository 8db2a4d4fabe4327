/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/key-invite.h"

#include "base/clock.h"
#include "base/jw.h"
#include "cli/say.h"
#include "state/keys/device.h"
#include "state/keys/key-audit.h"

#include <stdio.h>

#define PRESET_MS (7 * 24 * 60 * 60 * 1000LL)

static int until_when(const struct cmd *c, int64_t *out, struct err *e)
{
	const char *text = cmd_value(c, "expires");

	*out = clock_wall_ms() + PRESET_MS;
	if (!text || quota_read_date(text, out, e) == 0)
		return 0;
	e->code = ERR_USAGE;
	return err_add(e, "--expires");
}

static void print_code(const struct cmd *c, const char *code, const char *date)
{
	struct buf out;
	struct jw w = jw_to(&out);

	if (!cmd_value(c, "json")) {
		puts(code);
		return;
	}
	buf_init(&out, 1024);
	jw_obj(&w);
	jw_kcstr(&w, "name", c->args[0]);
	jw_kcstr(&w, "code", code);
	jw_kcstr(&w, "expires", date);
	jw_obj_end(&w);
	say_json(buf_get(&out));
	buf_release(&out);
}

int key_invite(const struct cmd *c, const struct key *k, struct err *e)
{
	struct key_audit a = { .action = "invite", .key = k->name };
	char code[DEVICE_INVITATION_BYTES], date[24];
	int64_t until;
	int audit, rc;

	if (until_when(c, &until, e))
		return -1;
	audit = key_audit_open(c->home, e);
	if (audit < 0)
		return -1;
	rc = device_invite(c->home, k, until, code, e);
	if (rc)
		a.action = NULL;
	if (key_audit_close(audit, &a, e) || rc)
		return -1;
	quota_write_date(until, date);
	print_code(c, code, date);
	say(stderr,
	    "dario: with this code %s signs in once, until %s: it is typed in "
	    "the place of a key\n",
	    k->name, date);
	return 0;
}
