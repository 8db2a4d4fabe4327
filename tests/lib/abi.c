/* SPDX-License-Identifier: MIT */
/*
 * abi: what programs that are built already rely on, as doc/library.md promises
 * it for libdario.so.0. It builds, or the promise is broken: functions are
 * declared once more, numbers and layouts are asserted. Lines come, none goes.
 */
#include <dario.h>

#define SAME(a, b) _Static_assert((a) == (b), #a)

SAME(DARIO_OK, 0);
SAME(DARIO_MISUSE, 1);
SAME(DARIO_BAD_REQUEST, 2);
SAME(DARIO_TOO_BIG, 3);
SAME(DARIO_NO_MEMORY, 4);
SAME(DARIO_NOT_FOUND, 5);
SAME(DARIO_CONFIG, 6);
SAME(DARIO_UNSUPPORTED, 7);
SAME(DARIO_REFUSED, 8);
SAME(DARIO_UPSTREAM, 9);
SAME(DARIO_NETWORK, 10);
SAME(DARIO_TIMEOUT, 11);
SAME(DARIO_BUSY, 12);
SAME(DARIO_SYSTEM, 13);
SAME(DARIO_INTERNAL, 14);
SAME(DARIO_ENVIRONMENT, 1u);

/* These keep their size. */
SAME(sizeof(struct dario_error), 512);
SAME(offsetof(struct dario_error, status), 4);
SAME(offsetof(struct dario_error, message), 8);
SAME(sizeof(struct dario_bytes), 2 * sizeof(void *));
SAME(offsetof(struct dario_bytes, n), sizeof(void *));
SAME(sizeof(struct dario_usage), 48);
SAME(offsetof(struct dario_usage, cache_read), 8);
SAME(offsetof(struct dario_usage, cache_write), 16);
SAME(offsetof(struct dario_usage, cache_write_1h), 24);
SAME(offsetof(struct dario_usage, output), 32);
SAME(offsetof(struct dario_usage, reasoning), 40);
SAME(sizeof(struct dario_route), 352);
SAME(offsetof(struct dario_route, model), 68);
SAME(offsetof(struct dario_route, dialect), 328);
SAME(offsetof(struct dario_route, translated), 344);

/* These may grow behind their last member of today. */
#define WORDS(n) ((n) * sizeof(void *))
SAME(offsetof(struct dario_options, folder), WORDS(1));
SAME(offsetof(struct dario_options, flags), WORDS(2));
SAME(offsetof(struct dario_options, data), WORDS(2) + 8);
SAME(offsetof(struct dario_options, libexec), WORDS(3) + 8);
SAME(offsetof(struct dario_options, program), WORDS(4) + 8);
SAME(offsetof(struct dario_options, log), WORDS(5) + 8);
SAME(offsetof(struct dario_options, log_arg), WORDS(6) + 8);
SAME(offsetof(struct dario_pair, client), WORDS(1));
SAME(offsetof(struct dario_pair, provider), WORDS(2));
SAME(offsetof(struct dario_pair, base_url), WORDS(3));
SAME(offsetof(struct dario_pair, switches), WORDS(4));

const char *dario_version(void);
const char *dario_code_name(int);
void dario_free(void *);
struct dario *dario_open(const struct dario_options *, struct dario_error *);
void dario_close(struct dario *);
struct dario_translator *dario_translator_new(struct dario *,
					      const struct dario_pair *,
					      struct dario_error *);
void dario_translator_free(struct dario_translator *);
struct dario_exchange *dario_exchange_new(struct dario_translator *,
					  const char *, const void *, size_t,
					  struct dario_error *);
void dario_exchange_free(struct dario_exchange *);
void dario_exchange_request(const struct dario_exchange *,
			    struct dario_bytes *);
int dario_exchange_streams(const struct dario_exchange *);
const char *dario_exchange_dropped(struct dario_exchange *);
int dario_exchange_answer(struct dario_exchange *, int, const void *, size_t,
			  struct dario_bytes *, struct dario_error *);
int dario_exchange_feed(struct dario_exchange *, const void *, size_t,
			struct dario_bytes *, struct dario_error *);
int dario_exchange_end(struct dario_exchange *, struct dario_bytes *,
		       struct dario_error *);
void dario_exchange_error(struct dario_exchange *, const struct dario_error *,
			  struct dario_bytes *);
int dario_exchange_usage(const struct dario_exchange *, struct dario_usage *);
int dario_exchange_price(const struct dario_exchange *, int64_t, double *,
			 struct dario_error *);
int dario_usage(struct dario *, const char *, const void *, size_t,
		struct dario_usage *, struct dario_error *);
int dario_price(struct dario *, const char *, int64_t,
		const struct dario_usage *, double *, struct dario_error *);
char *dario_accounts(struct dario *, struct dario_error *);
char *dario_status(struct dario *, struct dario_error *);
char *dario_backends(struct dario *, struct dario_error *);
char *dario_explain(struct dario *, const char *, const char *,
		    struct dario_error *);
int dario_route(struct dario *, const char *, const char *,
		struct dario_route *, struct dario_error *);
int dario_backend_test(struct dario *, const char *, int64_t *,
		       struct dario_error *);
char *dario_token(struct dario *, const char *, int64_t *,
		  struct dario_error *);
struct dario_router *dario_router_start(struct dario *, const char *const[],
					int, struct dario_error *);
int dario_router_ready(struct dario_router *, long, struct dario_error *);
int dario_router_wait(struct dario_router *, long, int *);
int dario_router_stop(struct dario_router *, long);
void dario_router_free(struct dario_router *);
