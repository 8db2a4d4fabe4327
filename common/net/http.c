/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/wait.h"
#include "net/http-handle.h"
#include "net/http-head.h"
#include "net/http-multi.h"
#include "net/http-url.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IN_MAX (64u << 10)      /* bytes of a body that wait to be taken */
#define KEPT_MEMORY (16u << 10) /* bytes that a free handle holds on to */
#define HANDLES_MAX 256         /* free ones */
#define HANDLES_KEPT 16         /* of them, by http_trim */
#define FIELDS_STEP 16          /* of requests, whose places are kept */
#define STREAM_BYTES 4096L      /* read at once from a stream: they are many */
#define WAIT_MS 60000           /* between two looks at the clocks */
#define LARGE_BODY (64u << 10)  /* bytes; libcurl's own limit is 1 MiB */
#define STALE_SPARE_MS 10       /* beyond a round trip: see may_resend */

struct http {
	struct loop *loop;
	bool own_loop;
	long kept;
	struct http_multi *multi; /* since the first call */
	struct handle *free;
	size_t n_free;
};

void http_version(char *out, size_t n)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	snprintf(out, n, "%s, %s", v->version,
		 v->ssl_version ? v->ssl_version : "no TLS");
}

/* --- what libcurl calls, outside of the task ----------------------------- */

static size_t fail_in_callback(struct handle *k)
{
	k->failed = true;
	task_wake(k->task);
	return 0;
}

static int take_header(struct handle *k, struct span line)
{
	int status = http_head_status(line);
	bool folded = http_head_unfold(&k->head, line);

	if (status >= 0) {
		buf_reset(&k->head);
		k->status = status;
		k->n_fields = 0;
		if (http_check_status(k, status, k->err))
			return -1;
	}
	buf_span(&k->head, line);
	if (k->head.full || ++k->n_fields > HTTP_FIELDS_MAX)
		return http_head_too_long(k->err);
	/* After 100-continue and the like the real one follows. */
	if (!folded && !span_trim(line).n && k->status >= 200) {
		k->head_whole = true;
		k->last = clock_ms();
		task_wake(k->task);
	}
	return 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct handle *k = arg;
	struct span line = { p, size * n };

	if (k->head_whole || k->call->answered)
		return line.n; /* a trailer */
	return take_header(k, line) ? fail_in_callback(k) : line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct handle *k = arg;
	struct span bytes = { p, size * n };

	if (k->in.n >= IN_MAX) {
		k->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	buf_span(&k->in, bytes);
	if (k->in.full) {
		err_memory(k->err);
		fail_in_callback(k);
		return bytes.n + 1; /* anything but bytes.n ends the call */
	}
	task_wake(k->task);
	return bytes.n;
}

static bool is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* A part of the first line, that libcurl does not count? Not to be seen below
 * TLS, which says things of its own. */
static bool answer_has_begun(const struct handle *k)
{
	return k->fd >= 0 && strncasecmp(k->call->url, "http:", 5) == 0 &&
	       http_multi_came(k->of->multi, k->fd);
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
	if (sent && !is_safe(k->call->method)) {
		k->lost_at = clock_ms();
		k->answer_begun = answer_has_begun(k);
		return CURL_SOCKET_BAD;
	}
	fd = http_multi_socket(k->of->multi, to);
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
	task_wake(k->task);
}

static void note_sent(struct handle *k)
{
	curl_off_t body = 0;
	long head = 0;

	curl_easy_getinfo(k->easy, CURLINFO_SIZE_UPLOAD_T, &body);
	curl_easy_getinfo(k->easy, CURLINFO_REQUEST_SIZE, &head);
	if (head && (size_t)body >= k->call->body.n)
		k->sent_at = clock_ms();
}

static void on_waits(CURL *easy, int fd, bool to_send)
{
	struct handle *k = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&k);
	if (!k) /* libcurl's own, to end a connection */
		return;
	k->fd = fd;
	if (!to_send && !k->sent_at && k->call)
		note_sent(k);
}

static const struct http_multi_ops multi_ops = {
	.done = on_done,
	.waits = on_waits,
};

/* --- handles ------------------------------------------------------------- */

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
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, k);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, k);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, k);
	http_multi_setup(k->of->multi, c);
}

static void handle_free(struct handle *k)
{
	curl_easy_cleanup(k->easy);
	buf_release(&k->head);
	buf_release(&k->in);
	free(k->fields);
	free(k->ca_file);
	free(k);
}

static struct handle *handle_new(struct http *h, struct err *e)
{
	struct handle *k = xcalloc(1, sizeof(*k));

	k->of = h;
	k->easy = curl_easy_init();
	buf_init(&k->head, HTTP_HEAD_MAX);
	buf_init(&k->in, IN_MAX + CURL_MAX_WRITE_SIZE);
	if (!k->easy) {
		err_memory(e);
		handle_free(k);
		return NULL;
	}
	set_constants(k);
	return k;
}

static struct handle *take_handle(struct http *h, struct err *e)
{
	struct handle *k = h->free;

	if (!k)
		return handle_new(h, e);
	h->free = k->next;
	h->n_free--;
	return k;
}

static void give_handle(struct http *h, struct handle *k)
{
	if (h->n_free == HANDLES_MAX) {
		handle_free(k);
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
		handle_free(k);
	}
	if (h->multi) {
		http_multi_free(h->multi);
		end();
	}
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
		handle_free(k);
	}
	return many;
}

struct loop *http_loop(const struct http *h)
{
	return h->loop;
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

/* What libcurl copies, it may have no memory for. */
static int set_strings(CURL *easy, const struct http_call *c, struct err *e)
{
	CURLcode url = curl_easy_setopt(easy, CURLOPT_URL, c->url);
	CURLcode proxy = curl_easy_setopt(easy, CURLOPT_PROXY, http_proxy(c));

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

static int set_call(struct handle *k, struct http_call *c, struct err *e)
{
	k->call = c;
	k->err = e;
	k->task = task_self();
	k->failed = k->opened = k->head_whole = k->paused = k->ended = false;
	k->out_ended = k->starved = k->answer_begun = c->sent = false;
	k->early = k->shortage = k->status = 0;
	k->sent_at = k->lost_at = 0;
	k->fd = -1;
	k->error[0] = k->coding[0] = '\0';
	k->started = k->last = clock_ms();
	c->answered = false;
	buf_reset(&k->head);
	buf_reset(&k->in);
	if (set_ca_file(k, c, e))
		return -1;
	set_fields(k, c);
	curl_easy_setopt(k->easy, CURLOPT_CONNECTTIMEOUT_MS, c->connect_ms);
	curl_easy_setopt(k->easy, CURLOPT_BUFFERSIZE,
			 c->stream ? STREAM_BYTES : (long)CURL_MAX_WRITE_SIZE);
	set_method(k, c);
	return set_strings(k->easy, c, e);
}

/* --- the task's side ----------------------------------------------------- */

static int take_head(struct handle *k)
{
	struct span all = buf_get(&k->head);
	const char *lf = memchr(all.p, '\n', all.n);
	struct http_head head = { .status = k->status };

	k->head_whole = false;
	if (!lf)
		return err_set(k->err, ERR_UPSTREAM, "the answer is not HTTP");
	head.fields.p = lf + 1;
	head.fields.n = all.n - (size_t)(lf + 1 - all.p);
	if (http_head_check(&head, k->err))
		return -1;
	k->call->answered = true;
	http_unpack_begin(k, &head);
	return k->call->on_head(k->call->arg, &head, k->err);
}

/* What libcurl receives while the callback waits goes to another buffer. */
static int take_body(struct handle *k)
{
	struct http_call *c = k->call;
	struct buf body = k->in;
	int rc;

	buf_init(&k->in, body.max);
	rc = *k->coding ? http_unpack(k, buf_get(&body))
			: c->on_body(c->arg, buf_get(&body), k->err);
	if (rc == 0 && c->on_flush)
		rc = c->on_flush(c->arg, k->err);
	k->last = clock_ms(); /* that the client is slow is not its fault */
	if (k->in.n) {
		buf_release(&body);
	} else {
		buf_release(&k->in);
		k->in = body;
		buf_reset(&k->in);
	}
	return rc;
}

/* All that has come so far. */
static int take(struct handle *k)
{
	while (k->head_whole || k->in.n || k->paused) {
		if (k->head_whole && take_head(k))
			return -1;
		if (k->in.n && take_body(k))
			return -1;
		if (k->call->enough)
			return 0;
		if (k->paused && !k->in.n) {
			k->paused = false;
			http_resume(k);
		}
		if (k->failed)
			return -1;
	}
	return 0;
}

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

	if (k->failed || take(k) || http_send_more(k))
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
		note_sent(k);
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

/* An upstream may close a kept connection just as the request is on its way:
 * it has not read it then. That shows within a round trip; what closes later
 * may have worked on it. */
static bool may_resend(const struct handle *k)
{
	if (!k->lost_at || k->failed || k->answer_begun)
		return false;
	if (!k->sent_at || k->fd < 0)
		return true;
	return k->lost_at - k->sent_at <=
	     *http_multi_trip(k->of->multi, k->fd) + STALE_SPARE_MS;
}

static int run_once(struct handle *k, struct http_call *c, struct err *e)
{
	struct http_multi *m = k->of->multi;
	int rc = set_call(k, c, e);

	if (rc == 0)
		rc = http_multi_add(m, k->easy, e);
	if (rc == 0) {
		rc = transfer(k, e);
		take_times(k, &c->times);
		/* To connect takes about a round trip. */
		if (k->opened && k->fd >= 0)
			*http_multi_trip(m, k->fd) = c->times.tcp -
						     c->times.name;
		http_multi_remove(m, k->easy);
	}
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
	if (k->lost_at) { /* libcurl counts such losses on a handle */
		bool again = may_resend(k) && !c->sent;

		handle_free(k);
		if (!again)
			return rc;
		k = handle_new(h, e);
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

	j->rc = run(j->h, j->c, j->e);
}

int http_run(struct http *h, struct http_call *c, struct err *e)
{
	struct job j = { h, c, e, -1 };

	return task_call(h->loop, run_job, &j, e) ? -1 : j.rc;
}
