/* SPDX-License-Identifier: MIT */
/* dario doctor: looks at everything that a request needs, and says what to do
 * about what is wrong. */
#include "config.h"

#include "base/log.h"
#include "base/mask.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/doctor.h"
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096
#define CLOCK_WARN_MS 60000
#define CLOCK_FAIL_MS 300000

static doctor_fn check_clock;

/* In this order; the clock last, for the others ask the servers. */
static doctor_fn *const checks[] = {
	doctor_versions, doctor_home,  doctor_files,
	doctor_config,   doctor_store, doctor_accounts,
	doctor_backends, doctor_path,  check_clock,
};

/* --- what is said -------------------------------------------------------- */

static void hide(struct buf *b, const char *secret)
{
	struct mask m = { 0 };

	mask_add(&m, span_of(secret));
	mask_buf(&m, b);
}

/* Some of it is foreign: no secret, no line end, nothing for the terminal. */
static void clean(const struct doctor *d, struct buf *in, struct buf *out)
{
	const struct snapshot *c = d->config;

	utf8_clean_buf(in);
	hide(in, d->key);
	hide(in, c ? c->settings.api_key : NULL);
	for (size_t i = 0; c && i < c->n_backends; i++)
		hide(in, c->backends[i].api_key);
	for (size_t i = 0; c && i < c->accounts.n; i++) {
		hide(in, c->accounts.list[i].api_key);
		hide(in, c->accounts.list[i].access_token);
		hide(in, c->accounts.list[i].refresh_token);
	}
	log_redact(buf_get(in), out);
}

static const char *const words[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "fail",
	[DOCTOR_SKIP] = "skip",
};

void doctor_say(struct doctor *d, enum doctor_status s, const char *name,
		const char *fix, const char *fmt, ...)
{
	char text[TEXT_MAX];
	struct buf raw, seen;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&raw, TEXT_MAX);
	buf_init(&seen, TEXT_MAX * 2);
	buf_str(&raw, text);
	clean(d, &raw, &seen);
	d->counts[s]++;
	if (d->json) {
		jw_obj(&d->w);
		jw_kcstr(&d->w, "name", name);
		jw_kcstr(&d->w, "status", words[s]);
		jw_kstr(&d->w, "seen", buf_get(&seen));
		jw_kcstr(&d->w, "fix", fix);
		jw_obj_end(&d->w);
	} else {
		say_line(6, "%-4s  %-22s  %s%s%s", words[s], name,
			 buf_cstr(&seen), fix ? ": " : "", fix ? fix : "");
		fflush(stdout); /* some checks take their time */
	}
	buf_release(&raw);
	buf_release(&seen);
}

/* --- the clock ----------------------------------------------------------- */

void doctor_note_clock(struct doctor *d, const char *who, int64_t date,
		       int64_t came)
{
	int64_t ahead = date - came;

	if (!date || (*d->clock.who && llabs(ahead) <= llabs(d->clock.ahead)))
		return;
	snprintf(d->clock.who, sizeof(d->clock.who), "%s", who);
	d->clock.ahead = ahead;
}

static void check_clock(struct doctor *d)
{
	long long off = llabs(d->clock.ahead) / 1000;
	bool late = d->clock.ahead > 0;
	enum doctor_status s = off * 1000 > CLOCK_FAIL_MS ? DOCTOR_FAIL
			     : off * 1000 > CLOCK_WARN_MS ? DOCTOR_WARN
							  : DOCTOR_OK;

	if (!*d->clock.who)
		doctor_say(d, DOCTOR_SKIP, "clock", NULL,
			   "no server has told its time");
	else if (s == DOCTOR_OK)
		doctor_say(d, s, "clock", NULL, "within %lld s of that of %s",
			   off + 1, d->clock.who);
	else
		doctor_say(d, s, "clock",
			   "set it with timedatectl set-ntp true: log-ins and "
			   "the ends of limits are moments in time",
			   "this machine's clock is %lld s %s that of %s", off,
			   late ? "behind" : "ahead of", d->clock.who);
}

/* --- the command --------------------------------------------------------- */

/* Without the slash at its end, and below it the API's paths. */
static int take_url(const struct cmd *c, struct doctor *d, struct err *e)
{
	const char *url = cmd_value(c, "url");
	bool tls, loopback, has_path;
	size_t n = url ? strlen(url) : 0;

	if (!url)
		return 0;
	if (http_check_url(url, &tls, &loopback, &has_path, e)) {
		e->code = ERR_USAGE;
		return -1;
	}
	while (n && url[n - 1] == '/')
		n--;
	if (n > 3 && strncmp(url + n - 3, "/v1", 3) == 0)
		n -= 3;
	d->url = xstrndup(url, n);
	return 0;
}

static int summary(const struct doctor *d, struct err *e)
{
	int failed = d->counts[DOCTOR_FAIL];

	if (!d->json)
		printf("\nok %d, warn %d, fail %d, skip %d\n",
		       d->counts[DOCTOR_OK], d->counts[DOCTOR_WARN], failed,
		       d->counts[DOCTOR_SKIP]);
	if (!failed)
		return 0;
	return err_set(e, ERR_CONFIG, "%d of the checks failed", failed);
}

static void check_all(struct doctor *d)
{
	struct buf all;
	struct jw w = jw_to(&all);

	buf_init(&d->out, 4u << 20);
	d->w = jw_to(&d->out);
	jw_arr(&d->w);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](d);
	jw_arr_end(&d->w);
	if (d->json) {
		buf_init(&all, 5u << 20);
		jw_obj(&w);
		jw_kbool(&w, "ok", !d->counts[DOCTOR_FAIL]);
		jw_key(&w, "checks");
		jw_raw(&w, buf_get(&d->out));
		jw_obj_end(&w);
		say_json(buf_get(&all));
		buf_release(&all);
	}
	buf_release(&d->out);
}

static int run(struct cmd *c, struct err *e)
{
	struct doctor d = { .home = c->home, .json = cmd_value(c, "json") };
	int rc;

	if (take_url(c, &d, e))
		return -1;
	d.http = http_new(NULL, 4);
	if (!d.http) {
		free(d.url);
		return err_set(e, ERR_INTERNAL, "libcurl cannot start");
	}
	check_all(&d);
	rc = summary(&d, e);
	free(d.url);
	http_free(d.http);
	snapshot_free(d.config);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "json", NULL, "as JSON" },
	{ "url", "URL",
	  "look at the router that runs there, behind whatever web server; "
	  "else one is run for a moment" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "[--json] [--url=URL]",
	  "check everything that a request needs, and say what to do", 0, 0,
	  flags, false, run },
	{ 0 },
};

static const char *const doctor_examples[] = {
	"dario doctor",
	"dario doctor --url=https://llm.example.org",
	NULL,
};

const struct cmd_group cmd_doctor = { "doctor", "health of the whole path",
				      entries, doctor_examples };
