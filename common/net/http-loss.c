/* SPDX-License-Identifier: MIT */
/*
 * http-loss: a connection that is lost before an answer. Had the upstream the
 * request, and the time to work on it? Then it may have to be paid for, and is
 * not sent again by itself.
 */
#include "config.h"

#include "base/clock.h"
#include "base/fnv.h"
#include "net/http-handle.h"
#include "net/http-multi.h"

#include <string.h>
#include <strings.h>

#define SPARE_MS 10 /* beyond a round trip */

static uint64_t origin_of(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n = host ? strcspn(host + 3, "/") : 0;

	return fnv(FNV_START,
		   (struct span){ url, n ? (size_t)(host - url) + 3 + n : 0 });
}

void http_choose_fresh(struct handle *k)
{
	bool fresh;

	k->origin = origin_of(k->call->url);
	/* What follows bit by bit cannot be sent twice. */
	fresh = k->call->on_send || http_multi_closes(k->of->multi, k->origin);
	if (fresh != k->fresh)
		curl_easy_setopt(k->easy, CURLOPT_FRESH_CONNECT, (long)fresh);
	k->fresh = fresh;
}

void http_note_end(struct handle *k)
{
	if (k->fd < 0) /* libcurl has not waited for it */
		return;
	if (k->stale)
		http_multi_lost(k->of->multi, k->fd, k->life);
	else if (k->call->answered)
		http_multi_kept(k->of->multi, k->fd, k->origin, k->last);
}

void http_note_sent(struct handle *k)
{
	curl_off_t body = 0;
	long head = 0;

	curl_easy_getinfo(k->easy, CURLINFO_SIZE_UPLOAD_T, &body);
	curl_easy_getinfo(k->easy, CURLINFO_REQUEST_SIZE, &head);
	if (head && (size_t)body >= k->call->body.n)
		k->sent_at = clock_ms();
}

bool http_is_plain(const struct handle *k)
{
	return strncasecmp(k->call->url, "http:", 5) == 0;
}

/* A part of the first line, that libcurl does not count? Not to be seen below
 * TLS, which says things of its own. */
static bool answer_has_begun(const struct handle *k)
{
	return k->fd >= 0 && http_is_plain(k) &&
	       http_multi_came(k->of->multi, k->fd);
}

void http_note_lost(struct handle *k)
{
	k->lost_at = clock_ms();
	k->answer_begun = answer_has_begun(k);
}

/* An upstream may close a connection just as the request is on its way. The
 * kernel knows it when its end was here first. When the request has reached the
 * other side's kernel, and lies there unread as the connection is closed, that
 * shows within a round trip; what closes later may have worked on it. */
bool http_is_unread(const struct handle *k)
{
	const struct tcp_end *end;
	long trip;

	if (k->answer_begun || k->call->answered)
		return false;
	if (!k->sent_at || k->fd < 0)
		return true;
	if (!k->lost_at) /* it was given up here */
		return false;
	end = http_multi_end(k->of->multi, k->fd, k->life);
	trip = end->known ? end->trip : *http_multi_trip(k->of->multi, k->fd);
	return end->unread || k->lost_at - k->sent_at <= trip + SPARE_MS;
}
