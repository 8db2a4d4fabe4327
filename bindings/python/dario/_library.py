# SPDX-License-Identifier: MIT
"""libdario, as cffi sees it: dario.h without its comments."""

import os

from cffi import FFI

ffi = FFI()
ffi.cdef("""
struct dario_error {
	int code;
	int status;
	char message[504];
};
struct dario_bytes {
	const char *p;
	size_t n;
};
const char *dario_version(void);
const char *dario_code_name(int code);
void dario_free(void *p);
struct dario;
struct dario_options {
	size_t size;
	const char *folder;
	unsigned flags;
	unsigned unused;
	const char *data;
	const char *libexec;
	const char *program;
	void (*log)(void *arg, const char *line);
	void *log_arg;
};
struct dario *dario_open(const struct dario_options *o,
				   struct dario_error *e);
void dario_close(struct dario *d);
struct dario_translator;
struct dario_exchange;
struct dario_pair {
	size_t size;
	const char *client;
	const char *provider;
	const char *base_url;
	const char *switches;
};
struct dario_translator *
dario_translator_new(struct dario *d, const struct dario_pair *p,
		     struct dario_error *e);
void dario_translator_free(struct dario_translator *t);
struct dario_exchange *
dario_exchange_new(struct dario_translator *t, const char *model,
		   const void *body, size_t n, struct dario_error *e);
void dario_exchange_free(struct dario_exchange *x);
void dario_exchange_request(const struct dario_exchange *x,
				      struct dario_bytes *out);
int dario_exchange_streams(const struct dario_exchange *x);
const char *dario_exchange_dropped(struct dario_exchange *x);
int dario_exchange_answer(struct dario_exchange *x, int status,
				    const void *body, size_t n,
				    struct dario_bytes *out,
				    struct dario_error *e);
int dario_exchange_feed(struct dario_exchange *x, const void *piece,
				  size_t n, struct dario_bytes *out,
				  struct dario_error *e);
int dario_exchange_end(struct dario_exchange *x,
				 struct dario_bytes *out,
				 struct dario_error *e);
void dario_exchange_error(struct dario_exchange *x,
				    const struct dario_error *what,
				    struct dario_bytes *out);
struct dario_usage {
	int64_t input, cache_read, cache_write, cache_write_1h;
	int64_t output, reasoning;
};
int dario_exchange_usage(const struct dario_exchange *x,
				   struct dario_usage *u);
int dario_exchange_price(const struct dario_exchange *x, int64_t when,
				   double *dollars, struct dario_error *e);
int dario_usage(struct dario *d, const char *dialect,
			  const void *body, size_t n, struct dario_usage *u,
			  struct dario_error *e);
int dario_price(struct dario *d, const char *model, int64_t when,
			  const struct dario_usage *u, double *dollars,
			  struct dario_error *e);
char *dario_accounts(struct dario *d, struct dario_error *e);
char *dario_status(struct dario *d, struct dario_error *e);
char *dario_backends(struct dario *d, struct dario_error *e);
char *dario_explain(struct dario *d, const char *model,
			      const char *api, struct dario_error *e);
struct dario_route {
	char backend[68];
	char model[260];
	char dialect[16];
	int32_t translated;
	int32_t unused;
};
int dario_route(struct dario *d, const char *model, const char *api,
			  struct dario_route *out, struct dario_error *e);
int dario_backend_test(struct dario *d, const char *backend,
				 int64_t *ms, struct dario_error *e);
char *dario_token(struct dario *d, const char *account,
			    int64_t *expires, struct dario_error *e);
struct dario_router;
struct dario_router *dario_router_start(struct dario *d,
						  const char *const flags[],
						  int log_fd,
						  struct dario_error *e);
int dario_router_ready(struct dario_router *r, long ms,
				 struct dario_error *e);
int dario_router_wait(struct dario_router *r, long ms, int *status);
int dario_router_stop(struct dario_router *r, long ms);
void dario_router_free(struct dario_router *r);
""")

lib = ffi.dlopen(os.environ.get("DARIO_LIBRARY", "libdario.so.0"))
