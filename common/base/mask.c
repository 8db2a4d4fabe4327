/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/mask.h"

#include <string.h>

#define FORM_MAX 8     /* bytes that stand for one, such as \\\\u0073 */
#define SLASHES_MAX 16 /* before one character */
#define CUT_MIN 6 /* bytes of a secret that must not stand at a cut either */

void mask_add(struct mask *m, struct span secret)
{
	for (size_t i = 0; i < m->n; i++)
		if (span_eq(m->secrets[i], secret))
			return;
	if (secret.n >= MASK_SECRET_MIN && m->n < MASK_SECRETS_MAX)
		m->secrets[m->n++] = secret;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The number of `digits` hexadecimal digits at s; -1: they are none. */
static int number(struct span s, size_t digits)
{
	int v = 0;

	if (s.n < digits)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int d = hex(s.p[i]);

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* How many bytes of s stand for the character c; 0: they do not. A JSON text
 * inside a JSON text escapes its backslashes once more. */
static size_t stands_for(struct span s, unsigned char c)
{
	size_t n = 0;

	if (!s.n)
		return 0;
	if ((unsigned char)s.p[0] == c)
		return 1;
	if (s.p[0] == '%')
		return number(span_skip(s, 1), 2) == c ? 3 : 0;
	while (n < s.n && n < SLASHES_MAX && s.p[n] == '\\')
		n++;
	if (!n || n == s.n)
		return 0;
	if (s.p[n] == 'u')
		return number(span_skip(s, n + 1), 4) == c ? n + 5 : 0;
	return (unsigned char)s.p[n] == c ? n + 1 : 0;
}

/* How many bytes at the beginning of s are the secret; 0: none. */
static size_t length_at(struct span s, struct span secret)
{
	size_t at = 0;

	for (size_t i = 0; i < secret.n; i++) {
		size_t n = stands_for(span_skip(s, at),
				      (unsigned char)secret.p[i]);

		if (!n)
			return 0;
		at += n;
	}
	return at;
}

/* The next place from `at` on where a secret stands; its length, or 0. */
static size_t find(const struct mask *m, struct span text, size_t *at)
{
	for (; *at < text.n; (*at)++) {
		struct span rest = span_skip(text, *at);

		for (size_t i = 0; i < m->n; i++) {
			struct span secret = m->secrets[i];
			size_t n;

			if (*rest.p != *secret.p && *rest.p != '\\' &&
			    *rest.p != '%')
				continue;
			n = length_at(rest, secret);
			if (n)
				return n;
		}
	}
	return 0;
}

bool mask_finds(const struct mask *m, struct span text)
{
	size_t at = 0;

	if (!m->n || !text.n)
		return false;
	if (memchr(text.p, '\\', text.n) || memchr(text.p, '%', text.n))
		return find(m, text, &at);
	for (size_t i = 0; i < m->n; i++)
		if (span_has(text, m->secrets[i]))
			return true;
	return false;
}

static void hide(const struct mask *m, char *p, size_t n)
{
	struct span text = { p, n };
	size_t at = 0, len;

	while (m->n && (len = find(m, text, &at))) {
		memset(p + at, '*', len);
		at += len;
	}
}

/* Is all of s the beginning of the secret, and not yet all of it? Half an
 * escape may be. */
static bool may_begin(struct span s, struct span secret)
{
	for (size_t i = 0; i < secret.n; i++) {
		size_t n;

		if (!s.n)
			return true;
		n = stands_for(s, (unsigned char)secret.p[i]);
		if (!n)
			return s.n < FORM_MAX && (*s.p == '\\' || *s.p == '%');
		s = span_skip(s, n);
	}
	return false;
}

size_t mask_open(const struct mask *m, struct span text)
{
	size_t most = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->secrets[i].n * FORM_MAX > most)
			most = m->secrets[i].n * FORM_MAX;
	text = span_skip(text, text.n > most ? text.n - most : 0);
	for (; text.n; text = span_skip(text, 1))
		for (size_t i = 0; i < m->n; i++)
			if (may_begin(text, m->secrets[i]))
				return text.n;
	return 0;
}

void mask_buf(const struct mask *m, struct buf *b)
{
	hide(m, b->p, b->n);
}

/* A message that was cut may end in the beginning of a secret. */
static void hide_cut(const struct mask *m, char *p, size_t n)
{
	for (size_t i = 0; i < m->n; i++) {
		struct span secret = m->secrets[i];
		size_t most = secret.n - 1 < n ? secret.n - 1 : n;

		for (size_t k = most; k >= CUT_MIN; k--) {
			if (memcmp(p + n - k, secret.p, k))
				continue;
			memset(p + n - k, '*', k);
			break;
		}
	}
}

void mask_err(const struct mask *m, struct err *e)
{
	size_t n = strlen(e->msg);

	hide(m, e->msg, n);
	hide_cut(m, e->msg, n);
	hide(m, e->type, strlen(e->type));
	hide(m, e->param, strlen(e->param));
}
