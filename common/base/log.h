/* SPDX-License-Identifier: MIT */
/*
 * log: the one writer of log lines.
 *
 * Lines go to standard error with one write(2) each, so threads do not mix. A
 * thread that serves many requests may hold its lines for a moment and write
 * several at once.
 * Everything passes the redaction: what looks like a credential is replaced by
 * its prefix and "***". Callers never hand in bodies or header values that
 * hold keys; the redaction is the second line of defence. Thread-safe after
 * log_init.
 */
#ifndef DARIO_LOG_H
#define DARIO_LOG_H

#include "base/buf.h"

#include <stdint.h>

/* One request. NULL and empty strings are left out; times in ms, -1 unknown. */
struct log_access {
	const char *id, *method, *path, *api;
	const char *person; /* the name of the key */
	const char *backend, *model, *upstream_model, *upstream_id;
	const char *account;  /* of the Claude pool */
	const char *fallback; /* who could not answer, and why */
	const char *dropped;  /* what the target dialect lacks */
	const char *error;    /* err_name, or NULL */
	const char *cause;    /* message of the error */
	int status;
	bool stream;
	int64_t first_ms, total_ms;
	uint64_t bytes_in, bytes_out;
};

void log_init(bool json);
bool log_is_json(void);
void log_msg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_request(const struct log_access *a);

/* From now on this thread's lines wait for log_flush, or until there are as
 * many as a pipe takes in one piece; false: no more. */
void log_hold(bool on);
void log_flush(void);

/* Does it begin like a credential of a known provider? */
bool log_is_secret(struct span s);
/* What log_* do to a line; for whoever shows text of foreign origin. */
void log_redact(struct span in, struct buf *out);

#endif
