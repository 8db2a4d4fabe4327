/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/http-head.h"
#include "net/http-url.h"

#include <curl/curl.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define BUSY_CHECK_MS 200  /* while bytes pour in without a pause */
#define BLIND_MS 500       /* between two looks at a client one must ask for */
#define IDLE_MAX 64        /* kept handles per origin */
#define EARLY_MAX 20       /* answers with a status below 200 */
#define HEAD_TOO_LARGE 100 /* CURLE_TOO_LARGE, from 8.6 on */
#define POOLS_MAX 256      /* origins with kept handles */
#define STALE_SPARE_MS 10  /* beyond a round trip: see may_resend */

struct handle {
	struct handle *next;
	CURL *easy;
	CURLM *multi;
	struct buf head;
	struct curl_slist fields[HTTP_HEADERS_MAX + 1];
	char error[CURL_ERROR_SIZE];

	long round_trip; /* ms that the last connection took to be made */

	/* of the running call */
	struct http_call *call;
	struct err *err;
	bool opened;     /* a connection; else a kept one is used */
	int shortage;    /* errno: no socket could be had; or 0 */
	int64_t sent_at; /* when all of the body was out; 0: not yet */
	int64_t lost_at; /* when a kept connection was, without an answer */
	bool failed;     /* a callback filled *err */
	int early;       /* answers with a status below 200 */
	bool dirty;      /* bytes were handed over since the last flush */
	int64_t started, last, checked;
};

struct pool {
	char *origin;
	char *ca_file; /* or NULL: the setting stays with a handle */
	struct handle *top;
	unsigned n;
};

struct http {
	pthread_mutex_t lock;
	struct pool pools[POOLS_MAX];
	size_t n;
};

void http_version(char *out, size_t n)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	snprintf(out, n, "%s, %s", v->version,
		 v->ssl_version ? v->ssl_version : "no TLS");
}

struct http *http_new(void)
{
	struct http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return NULL;
	h = xcalloc(1, sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

static void handle_free(struct handle *k)
{
	curl_easy_cleanup(k->easy);
	curl_multi_cleanup(k->multi);
	buf_release(&k->head);
	free(k);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		while (h->pools[i].top) {
			struct handle *k = h->pools[i].top;

			h->pools[i].top = k->next;
			handle_free(k);
		}
		free(h->pools[i].origin);
		free(h->pools[i].ca_file);
	}
	pthread_mutex_destroy(&h->lock);
	free(h);
	curl_global_cleanup();
}

static int check_status(struct handle *k, int status)
{
	if (status < 100 || status > 599)
		return err_set(k->err, ERR_UPSTREAM,
			       "the answer has the status %03d, which HTTP "
			       "does not have",
			       status);
	if (status == 101)
		return err_set(k->err, ERR_UPSTREAM,
			       "the answer has the status 101, for an upgrade "
			       "that was not asked for");
	if (status < 200 && ++k->early > EARLY_MAX)
		return err_set(k->err, ERR_UPSTREAM,
			       "more than %d answers before the answer (status "
			       "%d)",
			       EARLY_MAX, status);
	return 0;
}

static int head_done(struct handle *k)
{
	struct span all = buf_get(&k->head);
	const char *lf = memchr(all.p, '\n', all.n);
	struct http_head head = { 0 };

	if (!lf)
		return err_set(k->err, ERR_UPSTREAM, "the answer is not HTTP");
	head.status =
		http_head_status((struct span){ all.p, (size_t)(lf - all.p) });
	if (head.status < 200)
		return 0; /* 100-continue and the like: the real one follows */
	head.fields.p = lf + 1;
	head.fields.n = all.n - (size_t)(lf + 1 - all.p);
	if (http_head_check(&head, k->err))
		return -1;
	k->call->answered = true;
	k->last = clock_ms();
	return k->call->on_head(k->call->arg, &head, k->err);
}

static int too_long(struct err *e)
{
	return err_set(e, ERR_UPSTREAM,
		       "the answer's header fields are larger than %u bytes",
		       HTTP_HEAD_MAX);
}

static int take_header(struct handle *k, struct span line)
{
	int status = http_head_status(line);

	if (status >= 0) {
		buf_reset(&k->head);
		if (check_status(k, status))
			return -1;
	}
	buf_span(&k->head, line);
	if (k->head.full)
		return too_long(k->err);
	return span_trim(line).n == 0 ? head_done(k) : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct handle *k = arg;
	struct span line = { p, size * n };

	if (k->call->answered)
		return line.n; /* a trailer */
	if (take_header(k, line)) {
		k->failed = true;
		return 0;
	}
	return line.n;
}

/* An upstream that never pauses keeps libcurl from coming back to the loop:
 * clocks, client and shutdown are looked at from here, now and then. */
static int busy_check(struct handle *k)
{
	struct http_call *c = k->call;
	struct pollfd p = { .fd = c->watch, .events = POLLIN };
	long wait = 0;

	if (k->last - k->checked < BUSY_CHECK_MS)
		return 0;
	k->checked = k->last;
	k->dirty = false;
	if (c->on_flush && c->on_flush(c->arg, k->err))
		return -1;
	if (c->watch >= 0 && (c->blind || poll(&p, 1, 0) > 0) && c->on_gone &&
	    c->on_gone(c->arg))
		return err_set(k->err, ERR_GONE, "the client left");
	return c->on_tick ? c->on_tick(c->arg, &wait, k->err) : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct handle *k = arg;
	struct span bytes = { p, size * n };

	k->last = clock_ms();
	k->dirty = true;
	if (k->call->on_body(k->call->arg, bytes, k->err) || busy_check(k)) {
		k->failed = true;
		return bytes.n + 1; /* anything but bytes.n ends the call */
	}
	return bytes.n;
}

/* When a kept connection is lost libcurl opens another one and sends the
 * request again, up to five times, whatever the upstream has done with the
 * first. Not with ours: see may_resend. */
static curl_socket_t on_open(void *arg, curlsocktype purpose,
			     struct curl_sockaddr *to)
{
	struct handle *k = arg;
	long sent = 0;
	int fd;

	(void)purpose;
	k->opened = true;
	curl_easy_getinfo(k->easy, CURLINFO_REQUEST_SIZE, &sent);
	if (sent && strcmp(k->call->method, "POST") == 0) {
		k->lost_at = clock_ms();
		return CURL_SOCKET_BAD;
	}
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	if (fd < 0 && errno != EAFNOSUPPORT)
		k->shortage = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

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
	/* Asks for plain bytes, and decodes if the upstream does not care. */
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "identity");
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Who gives up on a name does not wait for the resolver's thread. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, k->error);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, k);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, k);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, k);
}

static struct handle *handle_new(struct err *e)
{
	struct handle *k = xcalloc(1, sizeof(*k));

	k->easy = curl_easy_init();
	k->multi = curl_multi_init();
	buf_init(&k->head, HTTP_HEAD_MAX);
	if (!k->easy || !k->multi) {
		err_set(e, ERR_INTERNAL,
			"libcurl gives no handle: out of "
			"file descriptors?");
		handle_free(k);
		return NULL;
	}
	curl_multi_setopt(k->multi, CURLMOPT_MAXCONNECTS, 2L);
	set_constants(k);
	return k;
}

/* Under the lock. NULL when the table is full: such handles are not kept. */
static struct pool *pool_of(struct http *h, const struct http_call *c)
{
	struct span origin = http_origin(c->url);
	const char *ca = c->ca_file ? c->ca_file : "";

	for (size_t i = 0; i < h->n; i++) {
		const char *kept = h->pools[i].ca_file;

		if (span_is(origin, h->pools[i].origin) &&
		    strcmp(kept ? kept : "", ca) == 0)
			return &h->pools[i];
	}
	if (h->n == POOLS_MAX)
		return NULL;
	h->pools[h->n].origin = xstrndup(origin.p, origin.n);
	h->pools[h->n].ca_file = xstrdup(c->ca_file);
	return &h->pools[h->n++];
}

static struct handle *take_handle(struct http *h, const struct http_call *c,
				  struct err *e)
{
	struct handle *k = NULL;
	struct pool *p;

	pthread_mutex_lock(&h->lock);
	p = pool_of(h, c);
	if (p && p->top) {
		k = p->top;
		p->top = k->next;
		p->n--;
	}
	pthread_mutex_unlock(&h->lock);
	return k ? k : handle_new(e);
}

static void give_handle(struct http *h, const struct http_call *c,
			struct handle *k)
{
	struct pool *p;

	pthread_mutex_lock(&h->lock);
	p = pool_of(h, c);
	if (p && p->n < IDLE_MAX) {
		k->next = p->top;
		p->top = k;
		p->n++;
		k = NULL;
	}
	pthread_mutex_unlock(&h->lock);
	if (k)
		handle_free(k);
}

static void set_method(struct handle *k, const struct http_call *c)
{
	CURL *easy = k->easy;

	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (strcmp(c->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (strcmp(c->method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)c->body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, c->body.p);
	} else if (strcmp(c->method, "GET")) {
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, c->method);
	}
}

/* What libcurl copies, it may have no memory for. */
static int set_strings(CURL *easy, const struct http_call *c, struct err *e)
{
	CURLcode url = curl_easy_setopt(easy, CURLOPT_URL, c->url);
	CURLcode proxy = curl_easy_setopt(easy, CURLOPT_PROXY, http_proxy(c));
	CURLcode ca = CURLE_OK;

	if (c->ca_file)
		ca = curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca_file);
	return url || proxy || ca ? err_memory(e) : 0;
}

static int set_call(struct handle *k, struct http_call *c, struct err *e)
{
	size_t n = 0;

	k->call = c;
	k->err = e;
	k->failed = k->dirty = k->opened = false;
	k->early = 0;
	k->sent_at = k->lost_at = 0;
	k->shortage = 0;
	k->error[0] = '\0';
	k->started = k->last = k->checked = clock_ms();
	c->answered = false;
	buf_reset(&k->head);
	/* libcurl only reads the list; an empty Expect keeps it from waiting
	 * for 100-continue on large bodies. */
	k->fields[n++].data = (char *)"Expect:";
	for (size_t i = 0; i < c->n_headers; i++)
		k->fields[n++].data = (char *)c->headers[i];
	for (size_t i = 0; i < n; i++)
		k->fields[i].next = i + 1 < n ? &k->fields[i + 1] : NULL;
	curl_easy_setopt(k->easy, CURLOPT_HTTPHEADER, k->fields);
	curl_easy_setopt(k->easy, CURLOPT_CONNECTTIMEOUT_MS, c->connect_ms);
	set_method(k, c);
	return set_strings(k->easy, c, e);
}

static enum err_code code_of(CURLcode rc)
{
	switch ((int)rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return ERR_DNS;
	case CURLE_COULDNT_CONNECT:
		return ERR_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_SHUTDOWN_FAILED:
		return ERR_TLS;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return ERR_RESET;
	case CURLE_URL_MALFORMAT:
		return ERR_CONFIG;
	case CURLE_OUT_OF_MEMORY:
		return ERR_MEMORY;
	}
	return ERR_UPSTREAM;
}

static long time_of(CURL *easy, CURLINFO what)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy, what, &us);
	return us > 0 ? (long)((us + 999) / 1000) : 0;
}

/* What libcurl says of a head that it cannot take, in words that name it. */
static int bad_head(struct handle *k, CURLcode rc, const char *why,
		    struct err *e)
{
	long status = 0;

	/* Its own limit; older versions call it a lack of memory. */
	if ((int)rc == HEAD_TOO_LARGE || rc == CURLE_OUT_OF_MEMORY ||
	    strcasestr(why, "too large response header") ||
	    strcasestr(why, "too long response header"))
		return too_long(e);
	curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status && (status < 100 || status > 599))
		return check_status(k, (int)status);
	return err_set(e, ERR_UPSTREAM, "the answer is not valid HTTP: %.200s",
		       why);
}

static bool is_bad_head(const struct handle *k, CURLcode rc, const char *why)
{
	if (k->call->answered || !time_of(k->easy, CURLINFO_PRETRANSFER_TIME_T))
		return false;
	return rc == CURLE_WEIRD_SERVER_REPLY ||
	       rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_OUT_OF_MEMORY ||
	       (int)rc == HEAD_TOO_LARGE || strcasestr(why, "response header");
}

static int lost(const struct handle *k, struct err *e)
{
	if (k->call->answered)
		return err_set(e, ERR_RESET,
			       "the connection was lost in the middle of the "
			       "answer");
	return err_set(e, ERR_RESET,
		       "the connection was lost before an answer came%s",
		       k->sent_at ? "; the request had been sent, and may have "
				    "been billed"
				  : "");
}

static int fail(struct handle *k, CURLcode rc, struct err *e)
{
	enum err_code code = code_of(rc);
	const char *why = k->error[0] ? k->error : curl_easy_strerror(rc);

	if (k->failed)
		return -1;
	if (k->lost_at)
		return lost(k, e);
	if (k->shortage)
		return err_set(e, ERR_BUSY,
			       "no connection can be opened here (%s): try "
			       "again shortly, or raise the worker's limits",
			       strerror(k->shortage));
	if (is_bad_head(k, rc, why))
		return bad_head(k, rc, why, e);
	if (code == ERR_MEMORY)
		return err_memory(e);
	if (code == ERR_RESET)
		return lost(k, e);
	if (code == ERR_TIMEOUT &&
	    !time_of(k->easy, CURLINFO_NAMELOOKUP_TIME_T))
		return err_set(e, ERR_DNS,
			       "no address for its name within "
			       "%ld ms: does the resolver work?",
			       k->call->connect_ms);
	if (code == ERR_TIMEOUT)
		return err_set(e, code, "no connection within %ld ms",
			       k->call->connect_ms);
	if (code == ERR_TLS)
		return err_set(e, code, "TLS failed: %.200s", why);
	return err_set(e, code, "%.200s", why);
}

static int fail_here(struct handle *k)
{
	k->failed = true;
	return -1;
}

/* How long the next wait may last; an error when a clock ran out. */
static int clocks(struct handle *k, long *wait)
{
	struct http_call *c = k->call;
	int64_t now = clock_ms();
	int64_t left;

	*wait = 60000;
	if (c->on_tick && c->on_tick(c->arg, wait, k->err))
		return fail_here(k);
	if (c->answered)
		left = k->last + c->idle_ms - now;
	else
		left = k->started + c->first_byte_ms - now;
	if (left <= 0) {
		err_set(k->err, ERR_TIMEOUT, "%s for %ld ms",
			c->answered ? "silent in the middle of the answer"
				    : "no answer",
			c->answered ? c->idle_ms : c->first_byte_ms);
		return fail_here(k);
	}
	if (left < *wait)
		*wait = (long)left;
	return 0;
}

static int multi_failed(CURLMcode mc, struct err *e)
{
	if (mc == CURLM_OUT_OF_MEMORY)
		return err_memory(e);
	return err_set(e, ERR_INTERNAL, "libcurl: %s", curl_multi_strerror(mc));
}

static int wait_more(struct handle *k)
{
	struct http_call *c = k->call;
	struct curl_waitfd watch = { .fd = c->watch,
				     .events = CURL_WAIT_POLLIN };
	CURLMcode mc;
	long wait;

	if (clocks(k, &wait))
		return -1;
	if (c->blind && wait > BLIND_MS)
		wait = BLIND_MS;
	mc = curl_multi_poll(k->multi, &watch, c->watch >= 0 && !c->blind,
			     (int)wait, NULL);
	if (mc) {
		multi_failed(mc, k->err);
		return fail_here(k);
	}
	if ((watch.revents || c->blind) && c->on_gone && c->on_gone(c->arg)) {
		err_set(k->err, ERR_GONE, "the client left");
		return fail_here(k);
	}
	return 0;
}

static void note_sent(struct handle *k)
{
	curl_off_t n = 0;

	curl_easy_getinfo(k->easy, CURLINFO_SIZE_UPLOAD_T, &n);
	if ((size_t)n >= k->call->body.n)
		k->sent_at = clock_ms();
}

static int transfer(struct handle *k, struct err *e)
{
	struct http_call *c = k->call;
	int running = 1, left;
	CURLMsg *m;

	while (running) {
		CURLMcode mc = curl_multi_perform(k->multi, &running);

		if (mc)
			return multi_failed(mc, e);
		if (!k->sent_at)
			note_sent(k);
		if (k->dirty && !k->failed) {
			k->dirty = false;
			if (c->on_flush && c->on_flush(c->arg, e))
				return fail_here(k);
		}
		if (running && wait_more(k))
			return -1;
		if (c->enough)
			return 0;
	}
	m = curl_multi_info_read(k->multi, &left);
	if (!m || m->data.result != CURLE_OK)
		return fail(k, m ? m->data.result : CURLE_RECV_ERROR, e);
	if (!c->answered)
		return err_set(e, ERR_UPSTREAM, "the answer is not HTTP");
	return 0;
}

static void take_times(const struct handle *k, struct http_times *t)
{
	t->name = time_of(k->easy, CURLINFO_NAMELOOKUP_TIME_T);
	t->tcp = time_of(k->easy, CURLINFO_CONNECT_TIME_T);
	t->tls = time_of(k->easy, CURLINFO_APPCONNECT_TIME_T);
	t->first_byte = time_of(k->easy, CURLINFO_STARTTRANSFER_TIME_T);
}

/* An upstream may close a kept connection just as the request is on its way:
 * it has not read it then. That shows within a round trip; what closes later
 * may have worked on it. */
static bool may_resend(const struct handle *k)
{
	if (!k->lost_at || k->failed)
		return false;
	return !k->sent_at ||
	       k->lost_at - k->sent_at <= k->round_trip + STALE_SPARE_MS;
}

static int run_once(struct handle *k, struct http_call *c, struct err *e)
{
	CURLMcode mc;
	int rc = set_call(k, c, e);

	if (rc)
		return rc;
	mc = curl_multi_add_handle(k->multi, k->easy);
	rc = mc ? multi_failed(mc, e) : transfer(k, e);
	take_times(k, &c->times);
	if (k->opened) /* to connect takes about a round trip */
		k->round_trip = c->times.tcp - c->times.name;
	curl_multi_remove_handle(k->multi, k->easy);
	k->call = NULL;
	return rc;
}

int http_run(struct http *h, struct http_call *c, struct err *e)
{
	struct handle *k;
	int rc;

	/* libcurl would wait for a FIFO. */
	if (c->ca_file && file_check(c->ca_file, e))
		return err_add(e, "caFile");
	k = take_handle(h, c, e);
	if (!k)
		return -1;
	rc = run_once(k, c, e);
	if (k->lost_at) { /* libcurl counts such losses on a handle */
		bool again = may_resend(k);

		handle_free(k);
		if (!again)
			return rc;
		k = handle_new(e);
		if (!k)
			return -1;
		e->code = ERR_NONE;
		rc = run_once(k, c, e);
	}
	give_handle(h, c, k);
	return rc;
}
