/* SPDX-License-Identifier: MIT */
/* The path through the web server: of the router at --url, else of one that is
 * run for the purpose. */
#include "config.h"

#include "base/clock.h"
#include "cli/doctor-ask.h"
#include "cli/doctor-router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_MS 30000 /* for all of it, when everything is slow */
#define SHORT_MS 3000
#define BODY_MS 10000
#define BODY_BYTES (10u << 20)
#define ANSWER_MAX (1u << 20)

static void ask_begin(struct doctor_ask *a, const char *method,
		      const char *path, long timeout_ms)
{
	*a = (struct doctor_ask){ .method = method,
				  .path = path,
				  .timeout_ms = timeout_ms };
	buf_init(&a->answer, ANSWER_MAX);
}

/* --- is there a router, and behind what? --------------------------------- */

/* As the worker sees it; else as it calls itself in the answer. */
static void find_software(struct doctor_target *t, struct json_object *health,
			  const char *field)
{
	const char *name = json_cstr(health, "server");

	if (name && !*name)
		name = "lighttpd"; /* with an empty server.tag */
	snprintf(t->software, sizeof(t->software), "%s", name ? name : field);
}

static const char *message_of(struct json_object *o)
{
	const char *s = json_cstr(json_get(o, "error"), "message");

	return s ? s : "";
}

static bool not_healthy(struct doctor_target *t, const struct doctor_ask *a,
			struct json_object *o)
{
	struct doctor *d = t->d;

	if (!a->ours)
		doctor_say(d, DOCTOR_FAIL, "path health",
			   doctor_directive(t->software, NEED_WORKER),
			   "%s/health is answered by the web server, not by "
			   "the worker (HTTP %d)",
			   t->url, a->status);
	else if (a->status == 403)
		doctor_say(d, DOCTOR_FAIL, "path health",
			   "add the name to DARIO_ALLOWED_HOSTS (allowedHosts "
			   "in config.json) of the worker",
			   "%s", message_of(o));
	else if (a->status == 404 || a->status == 405)
		doctor_say(d, DOCTOR_FAIL, "path health",
			   doctor_directive(t->software, NEED_WORKER),
			   "the worker gets another path or method than GET "
			   "/health: %s",
			   message_of(o));
	else if (!json_cstr(o, "status"))
		doctor_say(d, DOCTOR_FAIL, "path health",
			   "correct what the message names, in the worker's "
			   "home",
			   "HTTP %d: %s", a->status, message_of(o));
	else
		return false;
	return true;
}

static void judge_health(struct doctor_target *t, const struct doctor_ask *a,
			 struct json_object *o)
{
	const char *broken = json_cstr(o, "configError");
	const char *version = json_cstr(o, "version");
	const char *status = json_cstr(o, "status");
	struct doctor *d = t->d;

	if (a->status != 200)
		doctor_say(d, DOCTOR_FAIL, "path health",
			   "dario backend add or dario login, as the user "
			   "that the worker runs as",
			   "%s answers, but could serve nothing: %s", t->url,
			   status);
	else if (broken)
		doctor_say(d, DOCTOR_FAIL, "path health",
			   "correct what is named, in the worker's home",
			   "the router serves an older configuration, for: %s",
			   broken);
	else if (version && strcmp(version, PACKAGE_VERSION))
		doctor_say(d, DOCTOR_WARN, "path health",
			   "restart the worker, or install this version there",
			   "%s answers in %lld ms with version %.40s, not %s",
			   t->url, (long long)a->took, version,
			   PACKAGE_VERSION);
	else
		doctor_say(d, DOCTOR_OK, "path health", NULL,
			   "%s answers in %lld ms", t->url, (long long)a->took);
}

/* False: there is nothing that could be asked more. */
static bool check_health(struct doctor_target *t)
{
	struct json_object *o = NULL;
	struct doctor_ask a;
	struct err e, unused;
	bool up;
	int rc;

	ask_begin(&a, "GET", "/health", SHORT_MS);
	rc = doctor_ask(t, &a, &e);
	up = rc == 0;
	if (up) {
		o = json_read(buf_get(&a.answer), &unused);
		find_software(t, o, a.server);
		up = !not_healthy(t, &a, o);
		if (up)
			judge_health(t, &a, o);
		if (t->d->url)
			doctor_note_clock(t->d, "the router", a.date, a.came);
	} else {
		doctor_say(t->d, DOCTOR_FAIL, "path health",
			   "start the web server, or correct --url", "%s: %s",
			   t->url, e.msg);
	}
	if (up)
		doctor_say(t->d, DOCTOR_OK, "path server", NULL, "%s",
			   *t->software ? t->software
					: "a web server that does not say "
					  "its name");
	json_object_put(o);
	buf_release(&a.answer);
	return up;
}

/* --- the key ------------------------------------------------------------- */

static int try_key(struct doctor_target *t, const char *field, const char *key)
{
	struct buf all;
	int status;

	buf_init(&all, 16384);
	buf_fmt(&all, "%s%s", field, key);
	status = doctor_status_of(t, "/", buf_cstr(&all));
	buf_release(&all);
	return status;
}

static void judge_key(struct doctor_target *t, int by_field, int by_bearer)
{
	struct doctor *d = t->d;
	int wrong = try_key(t, "Authorization: Bearer ", "not-the-key");

	if (by_field != 200 && by_bearer != 200)
		doctor_say(d, DOCTOR_FAIL, "path key",
			   "set DARIO_API_KEY for dario doctor to the "
			   "router's own",
			   "the router refuses the key that is set here (HTTP "
			   "%d)",
			   by_field);
	else if (by_bearer != 200)
		doctor_say(d, DOCTOR_FAIL, "path key",
			   doctor_directive(t->software, NEED_KEY),
			   "the key arrives as x-api-key, but not as "
			   "Authorization (HTTP %d)",
			   by_bearer);
	else if (by_field != 200)
		doctor_say(d, DOCTOR_FAIL, "path key",
			   "let the web server pass the field x-api-key on",
			   "the key arrives as Authorization, but not as "
			   "x-api-key (HTTP %d)",
			   by_field);
	else if (wrong != 401)
		doctor_say(d, DOCTOR_FAIL, "path key",
			   "let the web server pass Authorization on as the "
			   "client sent it",
			   "a wrong key gets HTTP %d, not 401", wrong);
	else
		doctor_say(d, DOCTOR_OK, "path key", NULL,
			   "Authorization and x-api-key arrive, a wrong key "
			   "gets 401");
}

static void check_key(struct doctor_target *t)
{
	const char *key = t->d->key ? t->d->key : "";
	int bare = doctor_status_of(t, "/", ""), by_field, by_bearer;

	buf_reset(&t->field);
	t->shut = bare != 200;
	if (bare == 200) {
		doctor_say(t->d, DOCTOR_WARN, "path key", DOCTOR_KEYLESS_FIX,
			   "the router asks for no key: " DOCTOR_KEYLESS);
	} else if (bare != 401) {
		doctor_say(t->d, DOCTOR_FAIL, "path key",
			   doctor_directive(t->software, NEED_WORKER),
			   "%s/ gives HTTP %d", t->url, bare);
	} else if (!*key) {
		doctor_say(t->d, DOCTOR_FAIL, "path key",
			   "set DARIO_API_KEY for dario doctor to the "
			   "router's own",
			   "the router asks for a key, and none is set here");
	} else {
		by_field = try_key(t, "x-api-key: ", key);
		by_bearer = try_key(t, "Authorization: Bearer ", key);
		judge_key(t, by_field, by_bearer);
		t->shut = by_field != 200 && by_bearer != 200;
		buf_fmt(&t->field, "%s%s",
			by_field == 200 ? "x-api-key: "
					: "Authorization: Bearer ",
			key);
	}
}

/* --- methods and bodies -------------------------------------------------- */

static void check_methods(struct doctor_target *t)
{
	struct doctor_ask head, other;
	struct err e;
	bool good;

	ask_begin(&head, "HEAD", "/", SHORT_MS);
	ask_begin(&other, "OPTIONS", "/v1/messages", SHORT_MS);
	good = doctor_ask(t, &head, &e) == 0 && head.status == 200 &&
	       head.is_json && doctor_ask(t, &other, &e) == 0 &&
	       other.status == 204 && other.ours;
	doctor_say(t->d, good ? DOCTOR_OK : DOCTOR_FAIL, "path methods",
		   good ? NULL : doctor_directive(t->software, NEED_METHODS),
		   "HEAD / gives HTTP %d, OPTIONS gives %d", head.status,
		   other.status);
	buf_release(&head.answer);
	buf_release(&other.answer);
}

/* No backend is asked: the body has no model, and who says so has read it. */
static void check_body(struct doctor_target *t, const char *name,
		       enum doctor_need need, size_t bytes)
{
	bool chunked = need == NEED_CHUNKED, good;
	struct doctor_ask a;
	struct err e = { 0 };
	struct buf body;
	char *fill, why[40];

	buf_init(&body, bytes + 100);
	buf_str(&body, "{\"input\":\"");
	fill = buf_room(&body, bytes);
	memset(fill, 'x', bytes);
	buf_took(&body, bytes);
	buf_str(&body, "\"}");
	ask_begin(&a, "POST", "/v1/responses", BODY_MS);
	a.extra = chunked ? "Transfer-Encoding: chunked" : NULL;
	a.body = buf_get(&body);
	good = doctor_ask(t, &a, &e) == 0 && a.status == 400 && a.ours &&
	       span_has(buf_get(&a.answer), SPAN("\"model\""));
	snprintf(why, sizeof(why), "HTTP %d", a.status);
	if (good)
		doctor_say(t->d, DOCTOR_OK, name, NULL,
			   "%zu KiB arrive in %lld ms", bytes >> 10,
			   (long long)a.took);
	else
		doctor_say(t->d, chunked ? DOCTOR_WARN : DOCTOR_FAIL, name,
			   doctor_directive(t->software, need),
			   "%zu KiB do not arrive: %s", bytes >> 10,
			   a.status ? why : e.msg);
	buf_release(&a.answer);
	buf_release(&body);
}

/* --- all of it ----------------------------------------------------------- */

/* Web server, worker, its HTTP client, provider, and back. */
static void check_answer(struct doctor_target *t)
{
	struct doctor_ask a;
	struct err e = { 0 };
	bool good;

	ask_begin(&a, "POST", "/v1/messages", SHORT_MS);
	a.body = SPAN("{\"model\":\"demo:demo\",\"max_tokens\":100,\"messages\""
		      ":[{\"role\":\"user\",\"content\":\"hello\"}]}");
	good = doctor_ask(t, &a, &e) == 0 && a.status == 200 &&
	       span_has(buf_get(&a.answer), SPAN("\"end_turn\""));
	doctor_say(t->d, good ? DOCTOR_OK : DOCTOR_FAIL, "path answer",
		   good ? NULL
			: "run dario proxy --demo --verbose, ask its model "
			  "\"demo\", and read its log",
		   "model demo: HTTP %d in %lld ms", a.status,
		   (long long)a.took);
	buf_release(&a.answer);
}

static void check_streams(struct doctor_target *t)
{
	if (doctor_status_of(t, "/demo/v1/models", NULL) == 200) {
		doctor_stream(t);
		doctor_leave(t);
		return;
	}
	doctor_say(t->d, DOCTOR_SKIP, "path stream",
		   "set DARIO_DEMO=1 for the worker to have streams and the "
		   "client's departure looked at",
		   "the router has no demo provider");
}

static void check_target(struct doctor_target *t)
{
	if (!check_health(t))
		return;
	check_key(t);
	if (t->shut) {
		doctor_say(t->d, DOCTOR_SKIP, "path", NULL,
			   "methods, bodies and streams need the key");
		return;
	}
	check_methods(t);
	check_body(t, "path body", NEED_BODY, BODY_BYTES);
	check_body(t, "path chunked", NEED_CHUNKED, 64u << 10);
	if (!t->d->url)
		check_answer(t);
	check_streams(t);
}

static void look_at(struct doctor *d, const char *url)
{
	struct doctor_target t = { .d = d,
				   .url = url,
				   .end = clock_ms() + ALL_MS };

	buf_init(&t.field, 16384);
	if (d->key && *d->key) /* for the details of /health */
		buf_fmt(&t.field, "x-api-key: %s", d->key);
	check_target(&t);
	buf_release(&t.field);
}

void doctor_path(struct doctor *d)
{
	struct doctor_router r;
	const char *key;
	struct err e;

	doctor_load(d);
	key = d->key;
	if (d->url) {
		look_at(d, d->url);
		return;
	}
	if (doctor_router_start(&r, &e)) {
		doctor_say(d, DOCTOR_FAIL, "path",
			   "run dario proxy --demo, and read what it says",
			   "no router can be started: %s", e.msg);
	} else {
		d->key = r.key;
		look_at(d, r.url);
	}
	d->key = key;
	doctor_router_stop(&r);
}
