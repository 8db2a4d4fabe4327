/* SPDX-License-Identifier: MIT */
/*
 * serve-callback: the page that the browser comes back to after a log-in. It
 * hands code or refusal to the `dario login` that waits for it; the code is
 * exchanged there.
 */
#include "config.h"

#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"

#include "state/config/login-state.h"

#define VALUE_MAX 2048

/* Constant text only: nothing of the request is repeated. */
static int answer_page(struct request *r, int status, const char *title,
		       const char *text)
{
	struct buf page;

	buf_init(&page, 4096);
	buf_fmt(&page,
		"<!doctype html>\n<html lang=\"en\">\n"
		"<meta charset=\"utf-8\">\n"
		"<title>dario: %s</title>\n<style>body{font:18px/1.5 "
		"system-ui,sans-serif;max-width:34em;margin:20vh auto;"
		"padding:0 1em}</style>\n<h1>%s</h1>\n<p>%s</p>\n</html>\n",
		title, title, text);
	reply_page(r, status, buf_get(&page));
	buf_release(&page);
	return 0;
}

int serve_callback(struct request *r, struct err *e)
{
	const char *query = r->vars.query ? r->vars.query : "";
	const char *home = snapshot_home(r->app->config);
	char state[VALUE_MAX], code[VALUE_MAX] = "", error[VALUE_MAX] = "";
	int rc;

	query_get(query, "code", code, sizeof(code));
	query_get(query, "error", error, sizeof(error));
	if (!query_get(query, "state", state, sizeof(state)) ||
	    (!*code && !*error))
		return answer_page(r, 400, "Not a log-in",
				   "This address is where a log-in ends. Run "
				   "dario login to begin one.");
	rc = login_state_answer(home, state, code, error, e);
	if (rc < 0)
		return -1;
	if (rc > 0)
		return answer_page(r, 400, "Unknown log-in",
				   "No log-in of this kind is waiting: it may "
				   "have taken longer than five minutes. Run "
				   "dario login again.");
	if (!*code)
		return answer_page(r, 200, "Not logged in",
				   "The log-in was refused. You can close this "
				   "window.");
	return answer_page(r, 200, "Logged in",
			   "dario has what it needs. You can close this "
			   "window.");
}
