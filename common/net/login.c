/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/login.h"

#include "base/clock.h"
#include "base/query.h"
#include "base/store.h"
#include "state/config/credential.h"
#include "state/show/account-show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int login_read_pasted(struct login_pasted *out, const char *text, struct err *e)
{
	const char *query = strchr(text, '?');
	struct span state = span_trim(span_of(text)), code;

	memset(out, 0, sizeof(*out));
	if (query && strstr(text, "://")) {
		query_get(query + 1, "code", out->code, sizeof(out->code));
		query_get(query + 1, "state", out->state, sizeof(out->state));
	} else {
		code = span_cut(&state, '#');
		if (code.n < sizeof(out->code) &&
		    state.n < sizeof(out->state)) {
			memcpy(out->code, code.p, code.n);
			memcpy(out->state, state.p, state.n);
		}
	}
	if (*out->code)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "no code was given: begin the log-in again and paste "
		       "what the page shows");
}

int login_is_of(const struct login_pasted *p, const char *state, struct err *e)
{
	if (*state && strcmp(p->state, state) == 0)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "the code is not of this log-in: paste all that the "
		       "page shows, CODE#STATE, from the address above");
}

static int store(const char *home, const char *file, const struct tokens *t,
		 struct buf *said, struct err *e)
{
	struct json_object *o;
	struct err why;
	int lock, rc;

	if (store_folder(home, NULL, e) || store_folder(home, "accounts", e))
		return -1;
	lock = store_lock(home, file, e);
	if (lock < 0)
		return -1;
	o = account_with_tokens(home, file, t, e);
	if (o)
		credential_new_login(o);
	rc = o ? store_replace(home, file, span_of(json_pretty(o)), e) : -1;
	json_object_put(o);
	if (rc == 0 && credential_sync(home, file, &why))
		buf_fmt(said, "other hosts do not have it yet: %s\n", why.msg);
	store_unlock(lock);
	return rc;
}

int login_finish(const char *home, const struct oauth_config *g,
		 const struct oauth_login *l, const char *code,
		 const char *file, struct buf *said, struct err *e)
{
	struct tokens *t = xcalloc(1, sizeof(*t));
	struct http *h = http_new(NULL, 4);
	char left[32];
	int rc;

	rc = h ? oauth_exchange(h, g, l, code, t, e)
	       : err_set(e, ERR_INTERNAL, "libcurl cannot start");
	if (rc == 0)
		rc = store(home, file, t, said, e);
	if (rc == 0) {
		show_duration(left, sizeof(left),
			      t->expires_at - clock_wall_ms());
		buf_fmt(said,
			"logged in; the token is good for %s and is refreshed "
			"by itself\n",
			left);
	}
	http_free(h);
	free(t);
	return rc;
}
