/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http-handle.h"

#include <string.h>

#define EARLY_MAX 20       /* answers with a status below 200 */
#define HEAD_TOO_LARGE 100 /* CURLE_TOO_LARGE, from 8.6 on */

int http_check_status(struct handle *k, int status, struct err *e)
{
	if (status < 100 || status > 599)
		return err_set(e, ERR_UPSTREAM,
			       "the answer has the status %03d, which HTTP "
			       "does not have",
			       status);
	if (status == 101)
		return err_set(e, ERR_UPSTREAM,
			       "the answer has the status 101, for an upgrade "
			       "that was not asked for");
	if (status < 200 && ++k->early > EARLY_MAX)
		return err_set(e, ERR_UPSTREAM,
			       "more than %d answers before the answer (status "
			       "%d)",
			       EARLY_MAX, status);
	return 0;
}

int http_head_too_long(struct err *e)
{
	return err_set(e, ERR_UPSTREAM,
		       "the answer's header fields are larger than %u bytes, "
		       "or more than %d",
		       HTTP_HEAD_MAX, HTTP_FIELDS_MAX);
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

long http_time_of(CURL *easy, CURLINFO what)
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
		return http_head_too_long(e);
	curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status && (status < 100 || status > 599))
		return http_check_status(k, (int)status, e);
	return err_set(e, ERR_UPSTREAM, "the answer is not valid HTTP: %.200s",
		       why);
}

static bool is_bad_head(const struct handle *k, CURLcode rc, const char *why)
{
	if (k->call->answered ||
	    !http_time_of(k->easy, CURLINFO_PRETRANSFER_TIME_T))
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
		       http_is_unread(k) ? ""
					 : "; the request had been sent, and "
					   "may have been billed");
}

static bool holds_one(const char *why, const char *const *words)
{
	while (*words && !strcasestr(why, *words))
		words++;
	return *words;
}

/* In the words of OpenSSL and GnuTLS. */
static int no_tls(CURLcode rc, const char *why, struct err *e)
{
	static const char *const plain[] = {
		"wrong version number",
		"packet length too long",
		"unexpected TLS packet",
		"http request",
		NULL,
	};
	static const char *const unknown[] = {
		"self-signed certificate",  "self signed certificate",
		"local issuer certificate", "unknown ca",
		"signer not found",         NULL,
	};
	static const char *const other[] = {
		"subject name",
		"match target host",
		"does not match",
		NULL,
	};

	if (holds_one(why, plain))
		return err_set(e, ERR_TLS,
			       "the port " HTTP_NO_TLS ": if it is plain HTTP, "
			       "write http:// in baseUrl (%.100s)",
			       why);
	if (holds_one(why, unknown))
		return err_set(e, ERR_TLS,
			       "nobody vouches for its certificate: name the "
			       "file of the certificate to trust as caFile in "
			       "the backend's file (%.200s)",
			       why);
	if (strcasestr(why, "expired"))
		return err_set(e, ERR_TLS,
			       "its certificate has expired, or the clock of "
			       "this machine is wrong (%.200s)",
			       why);
	if (holds_one(why, other))
		return err_set(e, ERR_TLS,
			       "its certificate is for another name: write "
			       "that in baseUrl (%.200s)",
			       why);
	if (rc == CURLE_SSL_CACERT_BADFILE)
		return err_set(e, ERR_TLS,
			       "caFile holds no certificate: name a file with "
			       "one in PEM (%.200s)",
			       why);
	return err_set(e, ERR_TLS, "TLS failed: %.200s", why);
}

int http_fail(struct handle *k, CURLcode rc, struct err *e)
{
	enum err_code code = code_of(rc);
	const char *why = k->error[0] ? k->error : curl_easy_strerror(rc);

	if (k->failed)
		return -1;
	if (k->stale)
		return lost(k, e);
	if (k->shortage)
		return err_set(e, ERR_BUSY,
			       "no connection can be opened here (%s): try "
			       "again shortly, or raise the worker's limits",
			       strerror(k->shortage));
	if (rc == CURLE_COULDNT_RESOLVE_HOST &&
	    strcasestr(why, "thread failed to start"))
		return err_set(e, ERR_BUSY,
			       "no thread can be started here to look the name "
			       "up: try again shortly, or raise the worker's "
			       "limits");
	if (is_bad_head(k, rc, why))
		return bad_head(k, rc, why, e);
	if (code == ERR_MEMORY)
		return err_memory(e);
	if (code == ERR_RESET)
		return lost(k, e);
	if (code == ERR_TIMEOUT &&
	    !http_time_of(k->easy, CURLINFO_NAMELOOKUP_TIME_T))
		return err_set(e, ERR_DNS,
			       "no address for its name within "
			       "%ld ms: does the resolver work?",
			       k->call->connect_ms);
	if (code == ERR_TIMEOUT)
		return err_set(e, code, "no connection within %ld ms",
			       k->call->connect_ms);
	if (code == ERR_TLS)
		return no_tls(rc, why, e);
	return err_set(e, code, "%.200s", why);
}
