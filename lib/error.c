/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "lib/lib.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	[DARIO_OK] = "ok",
	[DARIO_MISUSE] = "misuse",
	[DARIO_BAD_REQUEST] = "bad_request",
	[DARIO_TOO_BIG] = "too_big",
	[DARIO_NO_MEMORY] = "no_memory",
	[DARIO_NOT_FOUND] = "not_found",
	[DARIO_CONFIG] = "config",
	[DARIO_UNSUPPORTED] = "unsupported",
	[DARIO_REFUSED] = "refused",
	[DARIO_UPSTREAM] = "upstream",
	[DARIO_NETWORK] = "network",
	[DARIO_TIMEOUT] = "timeout",
	[DARIO_BUSY] = "busy",
	[DARIO_SYSTEM] = "system",
	[DARIO_INTERNAL] = "internal",
};

static const unsigned char codes[ERR_CODES] = {
	[ERR_NONE] = DARIO_OK,
	[ERR_BAD_REQUEST] = DARIO_BAD_REQUEST,
	[ERR_AUTH] = DARIO_CONFIG,
	[ERR_FORBIDDEN] = DARIO_CONFIG,
	[ERR_NOT_FOUND] = DARIO_NOT_FOUND,
	[ERR_NO_MODEL] = DARIO_NOT_FOUND,
	[ERR_METHOD] = DARIO_UNSUPPORTED,
	[ERR_TOO_BIG] = DARIO_TOO_BIG,
	[ERR_ENCODING] = DARIO_UNSUPPORTED,
	[ERR_UPGRADE] = DARIO_UNSUPPORTED,
	[ERR_BUSY] = DARIO_BUSY,
	[ERR_SPENT] = DARIO_BUSY,
	[ERR_RATE] = DARIO_BUSY,
	[ERR_EXHAUSTED] = DARIO_BUSY,
	[ERR_NO_ACCOUNT] = DARIO_NOT_FOUND,
	[ERR_INTERNAL] = DARIO_SYSTEM,
	[ERR_CONFIG] = DARIO_CONFIG,
	[ERR_THREAD] = DARIO_UNSUPPORTED,
	[ERR_THREAD_GONE] = DARIO_NOT_FOUND,
	[ERR_PASSED] = DARIO_REFUSED,
	[ERR_UNSUPPORTED] = DARIO_UNSUPPORTED,
	[ERR_DNS] = DARIO_NETWORK,
	[ERR_CONNECT] = DARIO_NETWORK,
	[ERR_TLS] = DARIO_NETWORK,
	[ERR_RESET] = DARIO_UPSTREAM,
	[ERR_UPSTREAM] = DARIO_UPSTREAM,
	[ERR_TIMEOUT] = DARIO_TIMEOUT,
	[ERR_SHUTDOWN] = DARIO_SYSTEM,
	[ERR_MEMORY] = DARIO_NO_MEMORY,
	[ERR_GONE] = DARIO_SYSTEM,
	[ERR_USAGE] = DARIO_MISUSE,
};

const char *dario_code_name(int code)
{
	if (code < 0 || (size_t)code >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[code];
}

void lib_error(struct dario_error *out, const struct err *e)
{
	struct span fit;

	if (!out)
		return;
	out->code = codes[e->code] ? codes[e->code] : DARIO_INTERNAL;
	out->status = e->status ? e->status : err_status(e->code);
	fit = utf8_fit(span_of(e->msg), sizeof(out->message) - 1);
	memcpy(out->message, fit.p, fit.n);
	out->message[fit.n] = '\0';
}

void lib_error_back(struct err *out, const struct dario_error *e)
{
	enum err_code code = ERR_INTERNAL;

	for (int i = 1; i < ERR_CODES; i++) {
		if (codes[i] == e->code) {
			code = (enum err_code)i;
			break;
		}
	}
	err_set(out, code, "%s", e->message);
	out->status = e->status;
}

int lib_misuse(struct dario_error *e, const char *message)
{
	struct err err = { 0 };

	err_set(&err, ERR_USAGE, "%s", message);
	lib_error(e, &err);
	return -1;
}

const char *dario_version(void)
{
	return VERSION;
}

void dario_free(void *p)
{
	free(p);
}
