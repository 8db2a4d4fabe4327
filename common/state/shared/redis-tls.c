/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-tls.h"

#ifdef HAVE_HIREDIS_SSL
#include "base/buf.h"

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct redis_tls {
	SSL_CTX *context;
};

static int refuse(const char *what, struct err *e)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	err_set(e, ERR_CONFIG, "%s: %s", what, why ? why : "it cannot be read");
	ERR_clear_error();
	return -1;
}

static int trust(SSL_CTX *x, const char *ca, struct err *e)
{
	int ok = *ca ? SSL_CTX_load_verify_locations(x, ca, NULL)
		     : SSL_CTX_set_default_verify_paths(x);

	return ok == 1 ? 0 : refuse(*ca ? ca : "the system's authorities", e);
}

static int show_ours(SSL_CTX *x, const char *cert, const char *key,
		     struct err *e)
{
	if (!*cert)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(x, cert) != 1)
		return refuse(cert, e);
	if (!*key)
		key = cert;
	if (SSL_CTX_use_PrivateKey_file(x, key, SSL_FILETYPE_PEM) != 1)
		return refuse(key, e);
	return 0;
}

/* Nobody is there to be asked for the password of a key. */
static int no_password(char *out, int n, int writes, void *arg)
{
	(void)out;
	(void)n;
	(void)writes;
	(void)arg;
	return -1;
}

struct redis_tls *redis_tls_new(const struct redis_tls_files *f, struct err *e)
{
	struct redis_tls *t = xcalloc(1, sizeof(*t));

	t->context = SSL_CTX_new(TLS_client_method());
	if (!t->context) {
		refuse("TLS", e);
		goto out;
	}
	SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(t->context, no_password);
	if (trust(t->context, f->ca, e) ||
	    show_ours(t->context, f->cert, f->key, e))
		goto out;
	return t;
out:
	redis_tls_free(t);
	return NULL;
}

void redis_tls_free(struct redis_tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->context);
	free(t);
}

/* An address is no name: it stands elsewhere in a certificate, and is not sent
 * along. */
static bool expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1)
		return true;
	X509_VERIFY_PARAM_set_hostflags(p,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

int redis_tls_begin(struct redis_tls *t, redisContext *c, const char *host,
		    struct err *e)
{
	SSL *ssl = SSL_new(t->context);
	long verdict;

	if (!ssl || !expect_host(ssl, host)) {
		refuse(host, e);
		goto out;
	}
	if (redisInitiateSSL(c, ssl) == REDIS_OK)
		return 0; /* it is the connection's now */
	verdict = SSL_get_verify_result(ssl);
	if (verdict != X509_V_OK)
		err_set(e, ERR_CONFIG,
			"%s: its certificate is not accepted: %s", host,
			X509_verify_cert_error_string(verdict));
	else
		err_set(e, ERR_INTERNAL, "%s: TLS: %s", host, c->errstr);
out:
	ERR_clear_error();
	SSL_free(ssl);
	return -1;
}

#else

struct redis_tls *redis_tls_new(const struct redis_tls_files *f, struct err *e)
{
	(void)f;
	err_set(e, ERR_CONFIG,
		"store: this dario was built without TLS for "
		"it");
	return NULL;
}

void redis_tls_free(struct redis_tls *t)
{
	(void)t;
}

int redis_tls_begin(struct redis_tls *t, redisContext *c, const char *host,
		    struct err *e)
{
	(void)t;
	(void)c;
	return err_set(e, ERR_INTERNAL, "%s: no TLS", host);
}

#endif
