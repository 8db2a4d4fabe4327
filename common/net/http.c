/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http.h"

#include "base/clock.h"
#include "base/wait.h"
#include "net/http-handle.h"
#include "net/http-multi.h"
#include "net/http-urls.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MEMORY (16u << 10) /* bytes that a free handle holds on to */
#define HANDLES_MAX 256         /* free ones */
#define HANDLES_KEPT 16         /* of them, by http_trim */
#define WAIT_MS 60000           /* between two looks at the clocks */

void http_version(char *out, size_t n)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	snprintf(out, n, "%s, %s", v->version,
		 v->ssl_version ? v->ssl_version : "no TLS");
}

/* --- what libcurl calls, outside of the task ----------------------------- */

static bool is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* When a kept connection is lost libcurl opens another one and sends the
 * request again, up to five times, whatever the upstream has done with the
 * first. Not with ours: see http-loss.c. */
curl_socket_t http_on_open(void *arg, curlsocktype purpose,
			   struct curl_sockaddr *to)
{
	struct handle *k = arg;
	long sent = 0;
	int fd;

	(void)purpose;
	k->opened = true;
	curl_easy_getinfo(k->easy, CURLINFO_REQUEST_SIZE, &sent);
	if (sent && !is_safe(k->call->method)) {
		k->stale = true;
		http_note_lost(k);
		return CURL_SOCKET_BAD;
	}
	fd = http_multi_socket(k->of->multi, to, http_is_plain(k));
	if (fd < 0 && errno != EAFNOSUPPORT)
		k->shortage = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static void on_done(CURL *easy, CURLcode rc)
{
	struct handle *k;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&k);
	k->ended = true;
	k->result = rc;
	if (rc != CURLE_OK && !k->stale)
		http_note_lost(k);
	task_wake(k->task);
}

static void on_waits(CURL *easy, int fd, unsigned life, bool to_send)
{
	struct handle *k = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&k);
	if (!k) /* libcurl's own, to end a connection */
		return;
	k->fd = fd;
	k->life = life;
	if (k->call && k->status)
		http_multi_heard(k->of->multi, fd);
	if (!to_send && !k->sent_at && k->call)
		http_note_sent(k);
}

static const struct http_multi_ops multi_ops = {
	.done = on_done,
	.waits = on_waits,
};

/* --- life ----------------------------------------------------------------- */

static struct handle *take_handle(struct http *h, struct err *e)
{
	struct handle *k = h->free;

	if (!k)
		return http_handle_new(h, e);
	h->free = k->next;
	h->n_free--;
	return k;
}

static void give_handle(struct http *h, struct handle *k)
{
	if (h->n_free == HANDLES_MAX) {
		http_handle_free(k);
		return;
	}
	if (k->in.cap > KEPT_MEMORY)
		buf_release(&k->in);
	if (k->head.cap > KEPT_MEMORY)
		buf_release(&k->head);
	k->next = h->free;
	h->free = k;
	h->n_free++;
}

/* libcurl can do LDAP and RTMP, and with them comes GnuTLS: we use none of the
 * three. Unless this says otherwise GnuTLS gets ready at each start, which
 * takes its time and a megabyte (its manual: GNUTLS_SKIP_GLOBAL_INIT). A
 * libcurl that does TLS with it gets it ready by itself. */
int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void)
{
	return 1;
}

struct http *http_new(struct loop *l, long kept)
{
	struct err unused;
	struct http *h = xcalloc(1, sizeof(*h));

	h->kept = kept;
	h->own_loop = !l;
	h->urls = http_urls_new();
	h->loop = l ? l : loop_new(&unused);
	if (h->loop)
		return h;
	http_free(h);
	return NULL;
}

/* One at a time: before 7.84 libcurl leaves that to us. */
static pthread_mutex_t starts = PTHREAD_MUTEX_INITIALIZER;

static void start(void *arg)
{
	bool *ok = arg;

	pthread_mutex_lock(&starts);
	*ok = !curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_mutex_unlock(&starts);
}

static void end(void)
{
	pthread_mutex_lock(&starts);
	curl_global_cleanup();
	pthread_mutex_unlock(&starts);
}

/* For the first call libcurl gets ready, and TLS with it, which takes some
 * milliseconds and megabytes: who only waits does without. */
static int get_ready(struct http *h, struct err *e)
{
	bool ok = false;

	if (h->multi)
		return 0;
	wait_work(start, &ok);
	if (ok && !h->multi)
		h->multi = http_multi_new(h->loop, &multi_ops, h->kept);
	else if (ok) /* another call was faster */
		end();
	return h->multi ? 0 : err_set(e, ERR_INTERNAL, "libcurl cannot start");
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->free) {
		struct handle *k = h->free;

		h->free = k->next;
		http_handle_free(k);
	}
	if (h->multi) {
		http_multi_free(h->multi);
		end();
	}
	http_urls_free(h->urls);
	if (h->own_loop)
		loop_free(h->loop);
	free(h);
}

bool http_trim(struct http *h)
{
	bool many = h->n_free > HANDLES_KEPT;

	while (h->n_free > HANDLES_KEPT) {
		struct handle *k = h->free;

		h->free = k->next;
		h->n_free--;
		http_handle_free(k);
	}
	return many;
}

struct loop *http_loop(const struct http *h)
{
	return h->loop;
}

/* --- a call -------------------------------------------------------------- */

/* Until when the next wait may last; an error when a clock ran out. */
static int clocks(struct handle *k, int64_t *until)
{
	struct http_call *c = k->call;
	int64_t now = clock_ms();
	int64_t left;
	long wait = WAIT_MS;

	if (c->on_tick && c->on_tick(c->arg, &wait, k->err))
		return -1;
	if (c->answered)
		left = k->last + c->idle_ms - now;
	else if (k->starved)
		left = k->started + c->idle_ms - now;
	else
		left = k->started + c->first_byte_ms - now;
	if (left <= 0 && k->starved && !c->answered)
		return err_set(k->err, ERR_GONE,
			       "the client sends nothing more of its body");
	if (left <= 0)
		return err_set(k->err, ERR_TIMEOUT, "%s for %ld ms",
			       c->answered ? "silent in the middle of the "
					     "answer"
					   : "no answer",
			       c->answered ? c->idle_ms : c->first_byte_ms);
	*until = now + (left < wait ? left : wait);
	return 0;
}

static int go_on(struct handle *k)
{
	struct http_call *c = k->call;
	int64_t until = 0;

	if (k->failed || http_take(k) || http_send_more(k))
		return -1;
	if (c->on_gone && c->on_gone(c->arg))
		return err_set(k->err, ERR_GONE, "the client left");
	if (k->ended || c->enough)
		return 0;
	if (clocks(k, &until))
		return -1;
	if (!c->enough) /* the last word may be the clock's */
		task_wait(until);
	return 0;
}

static int transfer(struct handle *k, struct err *e)
{
	struct http_call *c = k->call;

	while (!(k->ended && !k->head_whole && !k->in.n) && !c->enough)
		if (go_on(k)) {
			k->failed = true;
			return -1;
		}
	if (c->enough)
		return 0;
	if (!k->sent_at) /* it has not waited for an answer */
		http_note_sent(k);
	if (k->result != CURLE_OK)
		return http_fail(k, k->result, e);
	if (!c->answered) /* closed in the middle of its head */
		return http_fail(k, CURLE_GOT_NOTHING, e);
	return http_unpack_end(k, e);
}

static void take_times(const struct handle *k, struct http_times *t)
{
	t->name = http_time_of(k->easy, CURLINFO_NAMELOOKUP_TIME_T);
	t->tcp = http_time_of(k->easy, CURLINFO_CONNECT_TIME_T);
	t->tls = http_time_of(k->easy, CURLINFO_APPCONNECT_TIME_T);
	t->first_byte = http_time_of(k->easy, CURLINFO_STARTTRANSFER_TIME_T);
}

static int run_once(struct handle *k, struct http_call *c, struct err *e)
{
	struct http_multi *m = k->of->multi;
	int rc = http_handle_set(k, c, e);

	if (rc == 0)
		rc = http_multi_add(m, k->easy, e);
	if (rc == 0) {
		rc = transfer(k, e);
		c->worked = rc && !http_is_unread(k);
		take_times(k, &c->times);
		/* To connect takes about a round trip. */
		if (k->opened && k->fd >= 0)
			*http_multi_trip(m, k->fd) = c->times.tcp -
						     c->times.name;
		http_multi_remove(m, k->easy);
		http_note_end(k);
	}
	http_handle_unset(k);
	http_send_end(k);
	http_unpack_release(k);
	k->call = NULL;
	k->task = NULL;
	return rc;
}

static int run(struct http *h, struct http_call *c, struct err *e)
{
	struct handle *k;
	int rc;

	if (get_ready(h, e))
		return -1;
	k = take_handle(h, e);
	if (!k)
		return -1;
	rc = run_once(k, c, e);
	if (k->stale) { /* libcurl counts such losses on a handle */
		bool again = !c->worked && !c->sent && !k->failed;

		http_handle_free(k);
		if (!again)
			return rc;
		k = http_handle_new(h, e);
		if (!k)
			return -1;
		e->code = ERR_NONE;
		rc = run_once(k, c, e);
	}
	give_handle(h, k);
	return rc;
}

struct job {
	struct http *h;
	struct http_call *c;
	struct err *e;
	int rc;
};

static void run_job(void *arg)
{
	struct job *j = arg;

	j->h->running++;
	j->rc = run(j->h, j->c, j->e);
	j->h->running--;
}

int http_run(struct http *h, struct http_call *c, struct err *e)
{
	struct job j = { h, c, e, -1 };

	return task_call(h->loop, run_job, &j, e) ? -1 : j.rc;
}
