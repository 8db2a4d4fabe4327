/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/err.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	const char *name;
} codes[ERR_CODES] = {
	[ERR_NONE] = { 200, "ok" },
	[ERR_BAD_REQUEST] = { 400, "bad_request" },
	[ERR_AUTH] = { 401, "invalid_api_key" },
	[ERR_FORBIDDEN] = { 403, "forbidden" },
	[ERR_NOT_FOUND] = { 404, "not_found" },
	[ERR_NO_MODEL] = { 404, "model_not_found" },
	[ERR_METHOD] = { 405, "method_not_allowed" },
	[ERR_TOO_BIG] = { 413, "request_too_large" },
	[ERR_ENCODING] = { 415, "unsupported_encoding" },
	[ERR_UPGRADE] = { 426, "websocket_not_supported" },
	[ERR_SPENT] = { 429, "insufficient_quota" },
	[ERR_RATE] = { 429, "rate_limit_exceeded" },
	[ERR_EXHAUSTED] = { 429, "accounts_exhausted" },
	[ERR_NO_ACCOUNT] = { 503, "no_account" },
	[ERR_BUSY] = { 429, "router_busy" },
	[ERR_INTERNAL] = { 500, "internal_error" },
	[ERR_CONFIG] = { 500, "config_error" },
	[ERR_THREAD] = { 400, "thread_unsupported_request" },
	[ERR_THREAD_GONE] = { 404, "thread_not_found" },
	[ERR_PASSED] = { 502, "upstream_error" },
	[ERR_UNSUPPORTED] = { 400, "unsupported_by_backend" },
	[ERR_DNS] = { 502, "upstream_dns" },
	[ERR_CONNECT] = { 502, "upstream_unreachable" },
	[ERR_TLS] = { 502, "upstream_tls" },
	[ERR_RESET] = { 502, "upstream_reset" },
	[ERR_UPSTREAM] = { 502, "upstream_invalid" },
	[ERR_TIMEOUT] = { 504, "upstream_timeout" },
	[ERR_SHUTDOWN] = { 503, "router_stopping" },
	[ERR_MEMORY] = { 503, "out_of_memory" },
	[ERR_GONE] = { 499, "client_gone" },
	[ERR_USAGE] = { 400, "usage" },
};

static void set(struct err *e, enum err_code code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void set(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
	e->code = code;
	e->status = 0;
	e->retry_after = 0;
	e->type[0] = '\0';
	e->reword = false;
	e->param[0] = '\0';
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	utf8_clean_str(e->msg);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, fmt, ap);
	va_end(ap);
	return -1;
}

int err_full(struct err *e, const struct buf *b, enum err_code code,
	     const char *fmt, ...)
{
	va_list ap;

	if (b->starved)
		return err_memory(e);
	va_start(ap, fmt);
	set(e, code, fmt, ap);
	va_end(ap);
	return -1;
}

/* What this process or machine has too little of just now. */
static bool is_shortage(int error)
{
	return error == EAGAIN || error == EMFILE || error == ENFILE ||
	       error == ENOMEM || error == ENOBUFS;
}

int err_sys(struct err *e, const char *verb, const char *name)
{
	enum err_code code = is_shortage(errno) ? ERR_BUSY : ERR_INTERNAL;

	return err_set(e, code, "cannot %s %s: %s", verb, name,
		       strerror(errno));
}

int err_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY,
		       "the router has no memory left for this request: try "
		       "again shortly, or raise DARIO_MEMORY");
}

int err_add(struct err *e, const char *object)
{
	char was[sizeof(e->msg)];

	memcpy(was, e->msg, sizeof(was));
	snprintf(e->msg, sizeof(e->msg), "%.120s: %.900s", object, was);
	utf8_clean_str(e->msg);
	return -1;
}

bool err_is_local(enum err_code code)
{
	return code == ERR_MEMORY || code == ERR_BUSY || code == ERR_INTERNAL ||
	       code == ERR_SHUTDOWN || code == ERR_GONE;
}

int err_status(enum err_code code)
{
	return codes[code].status;
}

const char *err_name(enum err_code code)
{
	return codes[code].name;
}
