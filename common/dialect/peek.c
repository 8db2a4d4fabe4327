/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/peek-marks.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NO_CHARACTER 0xfffd

enum state {
	VALUE,     /* a value must come */
	ARR_FIRST, /* a value or ] */
	OBJ_FIRST, /* a key or } */
	KEY,       /* a key must come */
	COLON,
	NEXT, /* a comma or the end of the container */
	STRING,
	ESCAPE,
	HEX,
	LITERAL,
	MINUS,
	ZERO,
	INT,
	DOT,
	FRAC,
	EXP,
	EXP_SIGN,
	EXP_DIGITS,
	DONE, /* only blanks may follow */
};

void peek_init(struct peek *k, struct peek_seen *until_end)
{
	memset(k, 0, sizeof(*k));
	memset(until_end, 0, sizeof(*until_end));
	k->seen = until_end;
	k->state = VALUE;
	k->marks = MARK_ANY;
}

static int bad(struct peek *k, struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "the body is not valid JSON: %s at byte %zu", what,
		       k->at);
}

static bool in_object(const struct peek *k)
{
	unsigned d = k->depth - 1;

	return k->object[d / 8] >> (d % 8) & 1;
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static void value_done(struct peek *k)
{
	k->state = k->depth ? NEXT : DONE;
}

static int push(struct peek *k, bool object, struct err *e)
{
	unsigned d = k->depth;

	if (d == PEEK_DEPTH_MAX)
		return bad(k, e, "nested more than 128 levels deep");
	if (object)
		k->object[d / 8] |= (unsigned char)(1u << (d % 8));
	else
		k->object[d / 8] &= (unsigned char)~(1u << (d % 8));
	k->depth++;
	k->state = object ? OBJ_FIRST : ARR_FIRST;
	if (object && k->depth == 3)
		peek_mark_push(k);
	return 0;
}

static int pop(struct peek *k, bool object, struct err *e)
{
	if (in_object(k) != object)
		return bad(k, e, object ? "unexpected }" : "unexpected ]");
	if (k->blank) { /* "content": [] */
		k->marks |= object ? 0 : MARK_BLANK;
		k->blank = false;
	}
	if (k->depth == 3)
		peek_mark_pop(k);
	k->depth--;
	value_done(k);
	return 0;
}

static int too_many(struct peek *k, const char *where, struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "%s has more than %d members (byte %zu): send each of "
		       "them once",
		       where, PEEK_MEMBERS_MAX, k->at);
}

static bool key_is(const struct peek *k, const char *name)
{
	return k->depth == 1 && k->key_n == strlen(name) &&
	       memcmp(k->key, name, k->key_n) == 0;
}

/* Written with capital letters, which some servers do not mind. */
static bool is_like_model(const struct peek *k)
{
	return k->depth == 1 && k->key_n == strlen("model") &&
	       strncasecmp(k->key, "model", k->key_n) == 0;
}

static const char *const place_keys[PEEK_PLACES] = {
	[PEEK_SYSTEM] = "system",     [PEEK_INSTRUCTIONS] = "instructions",
	[PEEK_MESSAGES] = "messages", [PEEK_INPUT] = "input",
	[PEEK_USER] = "user",         [PEEK_METADATA] = "metadata",
};

/* The first byte of the value of a top-level key of ours. */
static int wanted_value(struct peek *k, unsigned char c, struct err *e)
{
	if (key_is(k, "model")) {
		if (k->has_model || k->like_model)
			return bad(k, e, "second \"model\" key");
		if (c != '"' && !strchr("{[tfn-0123456789", c))
			return bad(k, e, "unexpected character");
		if (c != '"')
			goto type;
		k->has_model = k->in_model = true;
		k->model_at = k->at;
	} else if (key_is(k, "stream")) {
		if (k->has_stream)
			return bad(k, e, "second \"stream\" key");
		k->has_stream = true;
		k->stream = c == 't';
	} else if (is_like_model(k)) {
		if (k->has_model)
			return bad(k, e, "second \"model\" key");
		k->like_model = true;
	}
	for (int i = 0; i < PEEK_PLACES; i++)
		if (key_is(k, place_keys[i]))
			k->places[i] = k->at;
	return 0;
type:
	err_set(e, ERR_BAD_REQUEST, "model must be a string (byte %zu)", k->at);
	memcpy(e->param, "model", sizeof("model"));
	return -1;
}

static int begin_string(struct peek *k, bool key)
{
	k->in_key = key;
	k->high = 0;
	if (key) {
		k->key_n = 0;
		k->odd_key = false;
	}
	k->sealed = key ? PEEK_NO_SEAL : 0;
	k->state = STRING;
	return 0;
}

static int begin_literal(struct peek *k, const char *rest)
{
	k->literal = rest;
	k->state = LITERAL;
	return 0;
}

static int begin_value(struct peek *k, unsigned char c, struct err *e)
{
	bool inside = k->depth && in_object(k);
	bool member = k->depth == 1 && inside;

	if (!k->depth && c != '{') {
		return err_set(e, ERR_BAD_REQUEST,
			       "the body must be a JSON object (byte %zu)",
			       k->at);
	}
	if (member && !k->any_keys) {
		if (++k->members > PEEK_MEMBERS_MAX)
			return too_many(k, "the body", e);
		if (wanted_value(k, c, e))
			return -1;
	}
	if (member)
		peek_mark_top(k);
	if (inside) {
		if (k->depth == 3 && k->top && !k->any_keys &&
		    ++k->inner > PEEK_MEMBERS_MAX)
			return too_many(k, "a message, item or tool", e);
		peek_mark_member(k);
		if (k->typed && k->typed != (char)c)
			peek_mark_type(k, c);
	} else {
		k->watch = 0;
		k->blank = false;
		if (k->depth == 4 && c != '{')
			peek_mark_element(k);
	}
	switch (c) {
	case '{':
		return push(k, true, e);
	case '[':
		return push(k, false, e);
	case '"':
		return begin_string(k, false);
	case 't':
		return begin_literal(k, "rue");
	case 'f':
		return begin_literal(k, "alse");
	case 'n':
		if (inside)
			peek_mark_null(k);
		return begin_literal(k, "ull");
	case '-':
		k->state = MINUS;
		return 0;
	case '0':
		k->state = ZERO;
		return 0;
	}
	if (!is_digit(c))
		return bad(k, e, "unexpected character");
	k->state = INT;
	return 0;
}

static int end_string(struct peek *k)
{
	if (k->in_key) {
		k->state = COLON;
		return 0;
	}
	if (k->watch)
		peek_mark_string(k);
	else if (k->depth == 3)
		peek_mark_text(k);
	if (k->blank)
		k->marks |= MARK_BLANK;
	k->blank = false;
	if (k->in_model) {
		k->in_model = false;
		k->model_len = k->at + 1 - k->model_at;
		k->model[k->model_n] = '\0';
	}
	value_done(k);
	return 0;
}

/* A decoded byte of the current string. */
static int keep(struct peek *k, unsigned char c, struct err *e)
{
	if (k->in_key) {
		if (k->key_n < PEEK_KEY_MAX)
			k->key[k->key_n] = (char)c;
		if (k->key_n <= PEEK_KEY_MAX)
			k->key_n++;
		return 0;
	}
	if (k->blank && !is_blank(c))
		k->blank = false;
	if (k->watch) {
		peek_watch_byte(k, c);
	} else if (k->in_model) {
		if (k->model_n == PEEK_MODEL_MAX || c < 0x20 || c == 0x7f)
			return err_set(e, ERR_BAD_REQUEST,
				       "model must be a name of at most %d "
				       "printable bytes (byte %zu)",
				       PEEK_MODEL_MAX, k->at);
		k->model[k->model_n++] = (char)c;
	}
	return 0;
}

static int keep_point(struct peek *k, unsigned c, struct err *e)
{
	unsigned char bytes[4];
	size_t n = utf8_put(bytes, c);

	for (size_t i = 0; i < n; i++)
		if (keep(k, bytes[i], e))
			return -1;
	return 0;
}

/* Half of a pair of \u escapes that the other half does not follow. */
static int settle(struct peek *k, struct err *e)
{
	if (!k->high)
		return 0;
	k->high = 0;
	return keep_point(k, NO_CHARACTER, e);
}

/* The unit of a \u escape. */
static int keep_escaped(struct peek *k, struct err *e)
{
	unsigned c = k->hex, high = k->high;
	bool low = c >= 0xdc00 && c < 0xe000;

	if (high && low) {
		k->high = 0;
		return keep_point(
			k, 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00), e);
	}
	if (settle(k, e))
		return -1;
	if (c < 0xd800 || c >= 0xe000 || low)
		return keep_point(k, low ? NO_CHARACTER : c, e);
	k->high = c;
	return 0;
}

static int string_byte(struct peek *k, unsigned char c, struct err *e)
{
	if (c != '\\' && settle(k, e))
		return -1;
	if (k->sealed != PEEK_NO_SEAL)
		peek_look_for_seal(k, c);
	if (c >= 0x80 || k->utf8.left) {
		if (!utf8_take(&k->utf8, c))
			return bad(k, e, "invalid UTF-8");
		return keep(k, c, e);
	}
	if (c == '"')
		return end_string(k);
	if (c == '\\') {
		k->odd_key |= k->in_key;
		k->state = ESCAPE;
		return 0;
	}
	if (c < 0x20)
		return bad(k, e, "control character in a string");
	return keep(k, c, e);
}

static int escape_byte(struct peek *k, unsigned char c, struct err *e)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;

	if (c == 'u') {
		k->state = HEX;
		k->hex = 0;
		k->hex_left = 4;
		return 0;
	}
	hit = c ? strchr(from, c) : NULL;
	if (!hit)
		return bad(k, e, "unknown escape");
	if (settle(k, e))
		return -1;
	k->state = STRING;
	return keep(k, (unsigned char)to[hit - from], e);
}

static int hex_byte(struct peek *k, unsigned char c, struct err *e)
{
	unsigned v;

	if (is_digit(c))
		v = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		v = (c | 0x20) - 'a' + 10u;
	else
		return bad(k, e, "bad \\u escape");
	k->hex = k->hex << 4 | v;
	if (--k->hex_left)
		return 0;
	k->state = STRING;
	return keep_escaped(k, e);
}

/* One byte after or inside a number; 1 when it does not belong to it. */
static int number_byte(struct peek *k, unsigned char c, struct err *e)
{
	bool digit = is_digit(c);
	bool exp = c == 'e' || c == 'E';

	switch (k->state) {
	case MINUS:
		if (!digit)
			return bad(k, e, "bad number");
		k->state = c == '0' ? ZERO : INT;
		return 0;
	case ZERO:
	case INT:
		if (digit && k->state == INT)
			return 0;
		if (c == '.' || exp) {
			k->state = exp ? EXP : DOT;
			return 0;
		}
		break;
	case DOT:
	case FRAC:
		if (digit) {
			k->state = FRAC;
			return 0;
		}
		if (k->state == DOT)
			return bad(k, e, "bad number");
		if (exp) {
			k->state = EXP;
			return 0;
		}
		break;
	case EXP:
	case EXP_SIGN:
		if (k->state == EXP && (c == '+' || c == '-')) {
			k->state = EXP_SIGN;
			return 0;
		}
		if (!digit)
			return bad(k, e, "bad number");
		k->state = EXP_DIGITS;
		return 0;
	case EXP_DIGITS:
		if (digit)
			return 0;
		break;
	}
	if (digit)
		return bad(k, e, "bad number");
	value_done(k);
	return 1;
}

static int next_byte(struct peek *k, unsigned char c, struct err *e)
{
	if (c == ',') {
		k->state = in_object(k) ? KEY : VALUE;
		return 0;
	}
	if (c == '}' || c == ']')
		return pop(k, c == '}', e);
	return bad(k, e, "expected , or the end of the container");
}

/* One byte outside strings, numbers and literals. */
static int structure_byte(struct peek *k, unsigned char c, struct err *e)
{
	if (is_blank(c))
		return 0;
	switch (k->state) {
	case ARR_FIRST:
		if (c == ']')
			return pop(k, false, e);
		return begin_value(k, c, e);
	case VALUE:
		return begin_value(k, c, e);
	case OBJ_FIRST:
	case KEY:
		if (c == '"')
			return begin_string(k, true);
		if (c == '}' && k->state == OBJ_FIRST)
			return pop(k, true, e);
		return bad(k, e, "expected a key");
	case COLON:
		if (c != ':')
			return bad(k, e, "expected :");
		k->state = VALUE;
		return 0;
	case NEXT:
		return next_byte(k, c, e);
	}
	return bad(k, e, "text after the end");
}

static int literal_byte(struct peek *k, unsigned char c, struct err *e)
{
	if (c != (unsigned char)*k->literal)
		return bad(k, e, "unknown word");
	if (!*++k->literal)
		value_done(k);
	return 0;
}

static int take(struct peek *k, unsigned char c, struct err *e)
{
	switch (k->state) {
	case STRING:
		return string_byte(k, c, e);
	case ESCAPE:
		return escape_byte(k, c, e);
	case HEX:
		return hex_byte(k, c, e);
	case LITERAL:
		return literal_byte(k, c, e);
	}
	if (k->state >= MINUS && k->state <= EXP_DIGITS) {
		int rc = number_byte(k, c, e);

		if (rc <= 0)
			return rc;
	}
	return structure_byte(k, c, e);
}

static bool is_hex(char c)
{
	return is_digit((unsigned char)c) ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The length of the whole escape or letter of two bytes at p, or 0. */
static size_t one_more(const char *p, size_t n)
{
	static const bool is_short[256] = {
		['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
		['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
	};
	unsigned char c, next;

	if (n < 2)
		return 0;
	c = (unsigned char)p[0];
	next = (unsigned char)p[1];
	if (c != '\\')
		return c >= 0xc2 && c < 0xe0 && next >= 0x80 && next < 0xc0 ? 2
									    : 0;
	if (is_short[next])
		return 2;
	return next == 'u' && n >= 6 && is_hex(p[2]) && is_hex(p[3]) &&
			       is_hex(p[4]) && is_hex(p[5])
		     ? 6
		     : 0;
}

/* The same with escapes, for text of which nothing is kept. */
static size_t text_run(struct span in)
{
	size_t i = 0, more = 1;

	while (more) {
		i += utf8_plain(span_skip(in, i));
		more = one_more(in.p + i, in.n - i);
		i += more;
	}
	return i;
}

static size_t key_run(struct peek *k, struct span in)
{
	size_t n = k->high ? 0 : utf8_plain(in);

	for (size_t i = 0; i < n && k->key_n <= PEEK_KEY_MAX; i++) {
		if (k->key_n < PEEK_KEY_MAX)
			k->key[k->key_n] = in.p[i];
		k->key_n++;
	}
	return n;
}

/* Most of a body is plain text inside values: how much of `in` is? */
static size_t plain_run(struct peek *k, struct span in)
{
	size_t n;

	if (k->state != STRING || k->in_model || k->utf8.left)
		return 0;
	if (k->in_key)
		return key_run(k, in);
	if (k->sealed != PEEK_NO_SEAL) {
		if (*in.p == PEEK_SEAL_HEAD[k->sealed])
			return 0;
		k->sealed = PEEK_NO_SEAL;
	}
	if (!k->watch && !k->blank)
		return text_run(in);
	n = utf8_plain(in);
	if (k->watch)
		peek_watch_run(k, (struct span){ in.p, n });
	for (size_t i = 0; i < n && k->blank; i++)
		k->blank = in.p[i] == ' ';
	return n;
}

int peek_feed(struct peek *k, struct span in, struct err *e)
{
	while (in.n) {
		size_t n = plain_run(k, in);

		if (!n) {
			if (take(k, (unsigned char)in.p[0], e))
				return -1;
			n = 1;
		}
		k->at += n;
		in.p += n;
		in.n -= n;
	}
	return 0;
}

int peek_whole(struct peek *k, struct err *e)
{
	if (k->at == 0)
		return err_set(e, ERR_BAD_REQUEST,
			       "the body is empty: send a "
			       "JSON object");
	if (k->state != DONE)
		return bad(k, e, "the text ends too early");
	peek_mark_end(k);
	return 0;
}

int peek_end(struct peek *k, struct err *e)
{
	if (peek_whole(k, e))
		return -1;
	if (!k->has_model) {
		err_set(e, ERR_BAD_REQUEST, "model is missing");
		memcpy(e->param, "model", sizeof("model"));
		return -1;
	}
	return 0;
}

void peek_renamed(struct peek *k, const char *model, size_t len)
{
	size_t n;

	for (int i = 0; i < PEEK_PLACES; i++)
		if (k->places[i] > k->model_at)
			k->places[i] += len - k->model_len;
	if (k->limit_at > k->model_at)
		k->limit_at += len - k->model_len;
	k->model_len = len;
	n = strnlen(model, sizeof(k->model) - 1);
	memcpy(k->model, model, n);
	k->model[n] = '\0';
}

bool peek_is_object(struct span text)
{
	struct err unused;
	struct peek_seen seen;
	struct peek k;

	peek_init(&k, &seen);
	k.any_keys = true;
	return peek_feed(&k, text, &unused) == 0 && k.state == DONE;
}
