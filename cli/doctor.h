/* SPDX-License-Identifier: MIT */
/*
 * doctor: the checks of dario doctor, and what they find.
 *
 * Each check is a function that says what it has seen, once or several times,
 * through doctor_say: a line at once, or an object for the end (--json). A
 * check that fails hides no other one. Secrets that are known are masked in
 * whatever is said. All of it belongs to the main thread; times are
 * milliseconds.
 */
#ifndef DARIO_DOCTOR_H
#define DARIO_DOCTOR_H

#include "base/jw.h"
#include "cli/doctor-web.h"
#include "net/http.h"
#include "state/config/snapshot.h"

#define DOCTOR_NAME_MAX 200 /* of a check, NUL included */

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_WARN,
	DOCTOR_FAIL,
	DOCTOR_SKIP, /* could not be looked at */
};

/* What some server's clock said. */
struct doctor_clock {
	char who[DOCTOR_NAME_MAX]; /* "" nobody was asked */
	int64_t ahead;             /* of ours */
};

struct doctor {
	const char *home;
	char *url; /* of the router to look at, or NULL: one of our own */
	bool json;
	struct snapshot *config; /* as far as it could be loaded */
	struct err broken;       /* why not all of it; code 0: all */
	struct http *http;
	struct doctor_clock clock;
	const char *key; /* of the router that is looked at */
	int counts[DOCTOR_SKIP + 1];
	struct buf out; /* JSON */
	struct jw w;
};

/* `fix`: what to do about it, or NULL when all is well. */
void doctor_say(struct doctor *d, enum doctor_status s, const char *name,
		const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Keep the clock that is furthest from ours. */
void doctor_note_clock(struct doctor *d, const char *who, int64_t date,
		       int64_t came);

/* The configuration, or what can be had of it: sets config and broken. */
void doctor_load(struct doctor *d);

/* What a router without a key means, and what to do. */
#define DOCTOR_KEYLESS \
	"other users of this machine can use it and what is paid for there, " \
	"for they share its loopback address"
#define DOCTOR_KEYLESS_FIX \
	"set DARIO_API_KEY, or apiKey in config.json, and give it to your " \
	"tools, unless nobody else logs in here"

typedef void doctor_fn(struct doctor *d);
doctor_fn doctor_versions, doctor_home, doctor_files, doctor_config,
	doctor_accounts, doctor_backends, doctor_path, doctor_store;

#endif
