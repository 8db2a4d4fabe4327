/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/http-handle.h"
#include "net/http-multi.h"
#include "net/http-url.h"
#include "net/http-urls.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIELDS_STEP 16         /* of requests, whose places are kept */
#define FEW_CALLS 64           /* of a loop */
#define SMALL_READ 4096L       /* of a stream where they are many */
#define LARGE_BODY (64u << 10) /* bytes; libcurl's own limit is 1 MiB */

/* What stays the same for every call. */
static void set_constants(struct handle *k)
{
	CURL *c = k->easy;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* HTTP/2 of libcurl before 8.2 leaks window on cancelled streams. */
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Who gives up on a name does not wait for the resolver's thread. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, k->error);
	curl_easy_setopt(c, CURLOPT_PRIVATE, k);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, http_on_open);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, k);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, http_on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, k);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, http_on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, k);
	http_multi_setup(k->of->multi, c);
}

void http_handle_free(struct handle *k)
{
	curl_easy_cleanup(k->easy);
	buf_release(&k->head);
	buf_release(&k->in);
	free(k->fields);
	free(k->ca_file);
	free(k);
}

struct handle *http_handle_new(struct http *h, struct err *e)
{
	struct handle *k = xcalloc(1, sizeof(*k));

	k->of = h;
	k->easy = curl_easy_init();
	buf_init(&k->head, HTTP_HEAD_MAX);
	buf_init(&k->in, HTTP_IN_MAX + CURL_MAX_WRITE_SIZE);
	if (!k->easy) {
		err_memory(e);
		http_handle_free(k);
		return NULL;
	}
	set_constants(k);
	return k;
}

/* --- setting a call up --------------------------------------------------- */

static void set_method(struct handle *k, const struct http_call *c)
{
	CURL *easy = k->easy;

	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (c->on_send) {
		http_send_begin(k);
	} else if (strcmp(c->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (strcmp(c->method, "POST") == 0 || c->body.n) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		if (strcmp(c->method, "POST"))
			curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
					 c->method);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)c->body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, c->body.p);
	} else if (strcmp(c->method, "GET")) {
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, c->method);
	}
}

/* What libcurl copies, it may have no memory for. A URL that was parsed before
 * goes before the text, which libcurl would print from it otherwise. */
static int set_strings(struct handle *k, const struct http_call *c,
		       struct err *e)
{
	CURLcode url = curl_easy_setopt(k->easy, CURLOPT_URL, c->url);
	CURLcode proxy = curl_easy_setopt(k->easy, CURLOPT_PROXY,
					  http_proxy(c));

	k->url = http_urls_take(k->of->urls, c->url);
	curl_easy_setopt(k->easy, CURLOPT_CURLU,
			 k->url ? http_url_parsed(k->url) : NULL);
	return url || proxy ? err_memory(e) : 0;
}

/* There is no way back to the usual certificates but a reset. */
static int set_ca_file(struct handle *k, const struct http_call *c,
		       struct err *e)
{
	const char *now = k->ca_file ? k->ca_file : "";

	if (strcmp(now, c->ca_file ? c->ca_file : "") == 0)
		return 0;
	/* libcurl would wait for a FIFO. */
	if (c->ca_file && file_check(c->ca_file, e))
		return err_add(e, "caFile");
	curl_easy_reset(k->easy);
	k->fresh = false;
	set_constants(k);
	free(k->ca_file);
	k->ca_file = xstrdup(c->ca_file);
	if (!c->ca_file)
		return 0;
	return curl_easy_setopt(k->easy, CURLOPT_CAINFO, c->ca_file)
		     ? err_memory(e)
		     : 0;
}

static bool has_field(const struct http_call *c, const char *name)
{
	for (size_t i = 0; i < c->n_headers; i++)
		if (strncasecmp(c->headers[i], name, strlen(name)) == 0)
			return true;
	return false;
}

/* libcurl only reads the list; an empty Expect keeps it from waiting for
 * 100-continue on large bodies. What it would write by itself, it writes twice
 * and a byte at a time. */
static void set_fields(struct handle *k, const struct http_call *c)
{
	size_t n = 0, most = c->n_headers + 2;

	if (k->fields_max < most) {
		most += FIELDS_STEP - most % FIELDS_STEP;
		k->fields = xrealloc(k->fields, most * sizeof(*k->fields));
		k->fields_max = most;
	}
	if (c->body.n >= LARGE_BODY)
		k->fields[n++].data = (char *)"Expect:";
	if (!has_field(c, "Accept-Encoding:"))
		k->fields[n++].data = (char *)"Accept-Encoding: identity";
	for (size_t i = 0; i < c->n_headers; i++)
		k->fields[n++].data = (char *)c->headers[i];
	for (size_t i = 0; i < n; i++)
		k->fields[i].next = i + 1 < n ? &k->fields[i + 1] : NULL;
	curl_easy_setopt(k->easy, CURLOPT_HTTPHEADER, k->fields);
}

/* What is read at once. libcurl holds it as long as the call takes: thousands
 * of streams, which come by little, are better read by less. */
static long read_size(const struct http *h, const struct http_call *c)
{
	return c->stream && h->running > FEW_CALLS ? SMALL_READ
						   : (long)CURL_MAX_WRITE_SIZE;
}

int http_handle_set(struct handle *k, struct http_call *c, struct err *e)
{
	k->call = c;
	k->err = e;
	k->task = task_self();
	k->failed = k->opened = k->stale = k->head_whole = k->paused =
		k->ended = false;
	k->out_ended = k->starved = k->answer_begun = c->sent = false;
	k->early = k->shortage = k->status = 0;
	k->sent_at = k->lost_at = 0;
	k->life = 0;
	k->fd = -1;
	k->error[0] = k->coding[0] = '\0';
	k->started = k->last = clock_ms();
	c->answered = c->worked = false;
	buf_reset(&k->head);
	buf_reset(&k->in);
	if (set_ca_file(k, c, e))
		return -1;
	set_fields(k, c);
	curl_easy_setopt(k->easy, CURLOPT_CONNECTTIMEOUT_MS, c->connect_ms);
	curl_easy_setopt(k->easy, CURLOPT_BUFFERSIZE, read_size(k->of, c));
	set_method(k, c);
	http_choose_fresh(k);
	return set_strings(k, c, e);
}

void http_handle_unset(struct handle *k)
{
	curl_easy_setopt(k->easy, CURLOPT_CURLU, NULL);
	http_urls_give(k->url);
	k->url = NULL;
}
