/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/fields.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#define UP FIELD_STAYS_UP
#define DOWN FIELD_STAYS_DOWN
#define BOTH (FIELD_STAYS_UP | FIELD_STAYS_DOWN)

static const struct {
	struct span name;
	unsigned ways;
} known[] = {
#define FIELD(name, ways) \
	{ \
		SPAN_INIT(name), ways \
	}
	/* credentials and cookies */
	FIELD("AUTHORIZATION", UP),
	FIELD("X_API_KEY", UP),
	FIELD("API_KEY", UP),
	FIELD("X_GOOG_API_KEY", UP),
	FIELD("OCP_APIM_SUBSCRIPTION_KEY", UP),
	FIELD("COOKIE", UP),
	FIELD("COOKIE2", UP),
	FIELD("SET_COOKIE", DOWN),
	FIELD("SET_COOKIE2", DOWN),
	/* who asks, by which way, from which page */
	FIELD("HOST", UP),
	FIELD("FORWARDED", UP),
	FIELD("X_REAL_IP", UP),
	FIELD("VIA", UP),
	FIELD("ORIGIN", UP),
	FIELD("REFERER", UP),
	FIELD("X_FORWARDED", UP),
	FIELD("X_CLIENT_IP", UP),
	FIELD("TRUE_CLIENT_IP", UP),
	/* another method, path or host than those that were looked at */
	FIELD("X_HTTP_METHOD", UP),
	FIELD("X_HTTP_METHOD_OVERRIDE", UP),
	FIELD("X_METHOD_OVERRIDE", UP),
	FIELD("X_REWRITE_URL", UP),
	FIELD("X_HOST", UP),
	/* hop-by-hop */
	FIELD("CONNECTION", BOTH),
	FIELD("KEEP_ALIVE", BOTH),
	FIELD("PROXY_CONNECTION", BOTH),
	FIELD("PROXY_AUTHORIZATION", BOTH),
	FIELD("PROXY_AUTHENTICATE", BOTH),
	FIELD("PROXY_AUTHENTICATION_INFO", BOTH),
	FIELD("TE", BOTH),
	FIELD("TRAILER", BOTH),
	FIELD("TRANSFER_ENCODING", BOTH),
	FIELD("UPGRADE", BOTH),
	FIELD("HTTP2_SETTINGS", BOTH),
	FIELD("EXPECT", UP),
	/* no field at all: the web server's own environment */
	FIELD("PROXY", UP),
	/* how the body comes: each side has its own way */
	FIELD("CONTENT_LENGTH", BOTH),
	FIELD("CONTENT_ENCODING", BOTH),
	FIELD("ACCEPT_ENCODING", UP),
	FIELD("CONTENT_TYPE", UP | DOWN | FIELD_MADE),
	FIELD("ACCEPT", UP | FIELD_MADE),
	FIELD("USER_AGENT", UP | FIELD_MADE),
	FIELD("ANTHROPIC_VERSION", FIELD_MADE),
	FIELD("ANTHROPIC_BETA", FIELD_MADE),
	/* of the server that sent it, not of the answer */
	FIELD("SERVER", DOWN),
	FIELD("DATE", DOWN),
	FIELD("ALT_SVC", DOWN),
	FIELD("STRICT_TRANSPORT_SECURITY", DOWN),
	/* orders to the web server or the browser, as if they were ours */
	FIELD("STATUS", DOWN),
	FIELD("LOCATION", DOWN),
	FIELD("REFRESH", DOWN),
	FIELD("CLEAR_SITE_DATA", DOWN),
	FIELD("NEL", DOWN),
	FIELD("REPORT_TO", DOWN),
	FIELD("REPORTING_ENDPOINTS", DOWN),
	FIELD("ACCEPT_CH", DOWN),
	FIELD("SERVICE_WORKER_ALLOWED", DOWN),
	FIELD("SET_LOGIN", DOWN),
	FIELD("ORIGIN_TRIAL", DOWN),
	FIELD("CROSS_ORIGIN_RESOURCE_POLICY", DOWN),
	FIELD("X_CONTENT_TYPE_OPTIONS", DOWN),
	FIELD("TRACEPARENT", FIELD_NEUTRAL),
	FIELD("TRACESTATE", FIELD_NEUTRAL),
	FIELD("BAGGAGE", FIELD_NEUTRAL),
	FIELD("IDEMPOTENCY_KEY", FIELD_NEUTRAL),
	FIELD("X_CLIENT_REQUEST_ID", FIELD_NEUTRAL),
};

/* What begins so. */
static const struct {
	struct span name;
	unsigned ways;
} families[] = {
	FIELD("X_FORWARDED_", UP),
	FIELD("X_ORIGINAL_", UP),
	FIELD("CF_", UP),
	FIELD("SEC_", UP),
	FIELD("X_DARIO_", BOTH),
	FIELD("X_ACCEL_", DOWN),
	FIELD("X_SENDFILE", DOWN),
	FIELD("X_LIGHTTPD_", DOWN),
	FIELD("ACCESS_CONTROL_", DOWN),
#undef FIELD
};

#define KNOWN (sizeof(known) / sizeof(known[0]))
#define FAMILIES (sizeof(families) / sizeof(families[0]))
#define PLACES 256

/* By length and three characters: nearly each has a place of its own. Both
 * count from one. */
static struct {
	unsigned char first[PLACES], next[KNOWN + 1];
	unsigned char plain[256]; /* a character as it stands in the tables */
} index_of;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static unsigned char plain(char c)
{
	return index_of.plain[(unsigned char)c];
}

static unsigned char *place_of(struct span name)
{
	unsigned h = (unsigned)name.n * 5 + plain(name.p[0]) * 3u +
		     plain(name.p[name.n / 2]) * 7u +
		     plain(name.p[name.n - 1]) * 31u;

	return &index_of.first[h % PLACES];
}

static void fill_index(void)
{
	for (int c = 0; c < 256; c++)
		index_of.plain[c] = c == '-' ? '_' : (unsigned char)toupper(c);
	for (size_t i = 0; i < KNOWN; i++) {
		unsigned char *to = place_of(known[i].name);

		index_of.next[i + 1] = *to;
		*to = (unsigned char)(i + 1);
	}
}

static bool begins(struct span name, struct span with)
{
	for (size_t i = 0; i < with.n; i++)
		if (plain(name.p[i]) != (unsigned char)with.p[i])
			return false;
	return true;
}

unsigned field_ways(struct span name)
{
	unsigned i;

	if (!name.n)
		return BOTH;
	pthread_once(&index_once, fill_index);
	for (i = *place_of(name); i; i = index_of.next[i])
		if (name.n == known[i - 1].name.n &&
		    begins(name, known[i - 1].name))
			return known[i - 1].ways;
	if (!strchr("ACSX", plain(*name.p))) /* what families begin with */
		return 0;
	for (i = 0; i < FAMILIES; i++)
		if (name.n >= families[i].name.n &&
		    begins(name, families[i].name))
			return families[i].ways;
	return 0;
}

bool field_same(struct span a, struct span b)
{
	pthread_once(&index_once, fill_index);
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (plain(a.p[i]) != plain(b.p[i]))
			return false;
	return true;
}

bool field_is_token(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) &&
		    (!name.p[i] || !strchr("!#$%&'*+-.^_`|~", name.p[i])))
			return false;
	return name.n > 0;
}

bool field_named(struct span list, struct span name)
{
	while (list.n)
		if (field_same(span_trim(span_cut(&list, ',')), name))
			return true;
	return false;
}
