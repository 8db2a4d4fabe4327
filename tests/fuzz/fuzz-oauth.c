/* SPDX-License-Identifier: MIT */
/* oauth: answers of an authorization server. The first byte tells the status;
 * tokens are taken whole and printable, or not at all. */
#include "config.h"

#include "net/fetch.h"
#include "net/oauth.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int status;
static struct span answer;

/* In the place of the network. */
int fetch_run(struct http *h, struct fetch *f, struct err *e)
{
	(void)h;
	f->status = status;
	buf_add(&f->body, answer.p, answer.n);
	if (f->body.full)
		return err_set(e, ERR_TOO_BIG, "too large");
	return 0;
}

static bool clean(const char *s, size_t n)
{
	const char *end = memchr(s, '\0', n);

	for (; end && s < end; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s > '~')
			return false;
	return end != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int statuses[] = { 200, 400, 401, 429, 500 };
	struct oauth_config *g = calloc(1, sizeof(*g));
	struct tokens *t = calloc(1, sizeof(*t));
	struct oauth_login login = { .state = "s", .verifier = "v",
				     .redirect = "http://localhost/" };
	bool final = false;
	struct err e;

	if (n) {
		status = statuses[data[0] % 5];
		answer = (struct span){ (const char *)data + 1, n - 1 };
		if (oauth_refresh(NULL, g, "r", t, &final, &e) == 0 &&
		    (status != 200 || !*t->access ||
		     !clean(t->access, sizeof(t->access)) ||
		     !clean(t->refresh, sizeof(t->refresh)) ||
		     !memchr(t->scopes, '\0', sizeof(t->scopes)) ||
		     t->expires_at <= 0))
			abort();
		memset(t, 0, sizeof(*t));
		oauth_exchange(NULL, g, &login, "code#s", t, &e);
	}
	free(t);
	free(g);
	return 0;
}
