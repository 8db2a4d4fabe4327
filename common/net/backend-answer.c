/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/backend-answer.h"

#include "base/log.h"
#include "base/utf8.h"
#include "net/model-list.h"
#include "state/pool/error-said.h"

#include <stdio.h>
#include <string.h>

#define WORDS_BYTES 300 /* of the provider's own */
#define LIST_MAX (4u << 20)
#define TLS_MS 3000

void backend_answer_words(const struct fetch *f, char *out, size_t n)
{
	struct error_said said;
	struct buf words, shown;

	*out = '\0';
	error_said_read(&said, buf_get(&f->body));
	buf_init(&words, WORDS_BYTES);
	buf_init(&shown, 2 * WORDS_BYTES);
	buf_span(&words, utf8_fit(said.message, WORDS_BYTES));
	utf8_clean_buf(&words);
	log_redact(buf_get(&words), &shown);
	if (shown.n)
		snprintf(out, n, " and says: %s", buf_cstr(&shown));
	buf_release(&words);
	buf_release(&shown);
	error_said_release(&said);
}

int backend_answer_models(const struct fetch *f)
{
	struct buf scrap;
	int n;

	buf_init(&scrap, LIST_MAX);
	n = model_list_read(buf_get(&f->body), &scrap);
	buf_release(&scrap);
	return n;
}

/* What does not speak TLS fails in another way (http-fail.c). */
static bool speaks_tls(struct http *h, const char *base_url)
{
	struct fetch f = { .credential = "", .timeout_ms = TLS_MS };
	struct err e = { 0 };
	struct buf url;
	int rc;

	buf_init(&url, 4096);
	buf_init(&f.body, LIST_MAX);
	buf_fmt(&url, "https%s", base_url + strlen("http"));
	f.url = buf_cstr(&url);
	rc = fetch_run(h, &f, &e);
	buf_release(&f.body);
	buf_release(&url);
	return rc == 0 || (e.code == ERR_TLS && !strstr(e.msg, HTTP_NO_TLS));
}

bool backend_wants_tls(struct http *h, const char *base_url,
		       const struct fetch *f, int rc, enum err_code code)
{
	bool odd = rc ? code == ERR_RESET || code == ERR_UPSTREAM
		      : f->status == 400;

	return odd && strncmp(base_url, "http://", 7) == 0 &&
	       speaks_tls(h, base_url);
}
