/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "dialect/call-ids.h"
#include "dialect/chat.h"
#include "dialect/seal.h"

static struct arena arena;
static struct seal_origin here, there;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	seal_origin(&here, "https://one.example/v1", NULL);
	seal_origin(&there, "https://two.example/v1", NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct span sealed(enum seal_kind kind, const struct seal_origin *o,
			  uint64_t about, const char *original)
{
	struct seal s = { .kind = kind,
			  .origin = *o,
			  .about = about,
			  .original = span_of(original) };

	return seal_make(&arena, &s);
}

static void a_seal_opens(void **state)
{
	const char *const originals[] = { "", "x", "EqQB+/=\n\"", "rs_1 gAAA" };

	(void)state;
	for (size_t i = 0; i < sizeof(originals) / sizeof(*originals); i++) {
		struct span text = sealed(SEAL_CLAUDE, &here, 7, originals[i]);
		struct seal s = seal_open(&arena, text);

		assert_int_equal(s.kind, SEAL_CLAUDE);
		assert_true(s.about == 7);
		assert_span(s.original, originals[i]);
		assert_true(seal_is_of(&s, &here));
		assert_false(seal_is_of(&s, &there));
		assert_false(seal_is_of(&s, NULL));
		assert_true(seal_is(text));
		/* legal in a JSON string and a header field as it is */
		assert_true(span_visible(text) &&
			    !memchr(text.p, '"', text.n) &&
			    !memchr(text.p, '\\', text.n));
	}
}

static void what_is_torn_is_broken(void **state)
{
	struct span text = sealed(SEAL_OPENAI, &here, 1, "rs_1 gAAAsecret");
	char copy[200];

	(void)state;
	for (size_t n = strlen("dario2_"); n < text.n; n++) {
		struct span cut = { text.p, n };

		assert_int_equal(seal_open(&arena, cut).kind, SEAL_BROKEN);
	}
	for (size_t i = strlen("dario2_"); i < text.n; i++) {
		memcpy(copy, text.p, text.n);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		/* the last character has bits that say nothing */
		if (i < text.n - 1)
			assert_int_equal(
				seal_open(&arena, (struct span){ copy, text.n })
					.kind,
				SEAL_BROKEN);
	}
	assert_int_equal(seal_open(&arena, SPAN("dario2_")).kind, SEAL_BROKEN);
	assert_int_equal(seal_open(&arena, SPAN("dario2_%%%%")).kind,
			 SEAL_BROKEN);
	assert_int_equal(seal_open(&arena, SPAN("EqQB")).kind, SEAL_NONE);
	assert_int_equal(seal_open(&arena, SPAN("")).kind, SEAL_NONE);
}

static void earlier_seals_are_understood(void **state)
{
	struct seal s = seal_open(&arena, SPAN("dario1:signature:Eq:B"));

	(void)state;
	assert_int_equal(s.kind, SEAL_CLAUDE);
	assert_span(s.original, "Eq:B");
	assert_true(s.old);
	assert_int_equal(seal_open(&arena, SPAN("dario1:redacted:d")).kind,
			 SEAL_REDACTED);
	assert_int_equal(seal_open(&arena, SPAN("dario1:signature")).kind,
			 SEAL_BROKEN);
	assert_int_equal(seal_open(&arena, SPAN("dario1:x:y")).kind,
			 SEAL_BROKEN);
}

static void origins_are_providers(void **state)
{
	struct seal_origin a, b;

	(void)state;
	seal_origin(&a, "https://one.example/v1", NULL);
	assert_memory_equal(&a, &here, sizeof(a)); /* another backend of it */
	seal_origin(&b, "https://one.example/v1", "org-1");
	assert_memory_not_equal(&a, &b, sizeof(a));
	/* one router, two makers */
	a = seal_origin_for(&here, "google/gemini-3");
	b = seal_origin_for(&here, "anthropic/claude");
	assert_memory_not_equal(&a, &b, sizeof(a));
	b = seal_origin_for(&here, "google/gemini-4");
	assert_memory_equal(&a, &b, sizeof(a));
	a = seal_origin_for(&here, "gemini-3");
	assert_memory_equal(&a, &here, sizeof(a));
}

static void a_seal_tells_by_whose_key(void **state)
{
	struct seal_origin one = here, two = here;
	struct span text, unknown = sealed(SEAL_OPENAI, &here, 1, "rs_1 g");
	struct seal s;

	(void)state;
	seal_origin_key(&one, "pool", "work");
	seal_origin_key(&two, "pool", "home");
	text = sealed(SEAL_OPENAI, &one, 1, "rs_1 gAAA");
	s = seal_open(&arena, text);
	assert_int_equal(s.kind, SEAL_OPENAI);
	assert_true(s.about == 1);
	assert_span(s.original, "rs_1 gAAA");
	assert_true(seal_is(text));
	/* one provider, as long as nothing else is known of it */
	assert_true(seal_is_of(&s, &two));
	assert_true(seal_is_of(&s, &here));
	assert_false(seal_is_of(&s, &there));
	one.apart = two.apart = true;
	assert_true(seal_is_of(&s, &one));
	assert_false(seal_is_of(&s, &two));
	s = seal_open(&arena, unknown);
	assert_true(seal_is_of(&s, &two));
	for (size_t n = strlen("dario3_"); n < text.n; n++)
		assert_int_equal(
			seal_open(&arena, (struct span){ text.p, n }).kind,
			SEAL_BROKEN);
}

static void ids_come_back(void **state)
{
	const char *const odd[] = {
		"functions.f:0", "a b",
		"\xc3\xa9",      "x.y",
		"dario2-abc",    "functions.mcp__server__look_up_all:12"
	};
	struct span id, original;
	bool whole;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		id = seal_id(&arena, &here, span_of(odd[i]), 5, &whole);
		assert_true(whole);
		assert_true(seal_is_clean(id) && id.n <= SEAL_ID_MAX);
		assert_true(seal_open_id(&arena, &here, id, &original));
		assert_span(original, odd[i]);
		assert_false(seal_open_id(&arena, &there, id, &original));
	}
	/* the same again is another id */
	original = seal_id(&arena, &here, SPAN("f:0"), 6, &whole);
	id = seal_id(&arena, &here, SPAN("f:0"), 5, &whole);
	assert_false(span_eq(id, original));
	/* legal everywhere: as it is */
	assert_span(seal_id(&arena, &here, SPAN("toolu_01"), 5, &whole),
		    "toolu_01");
	assert_span(seal_id(&arena, &here, SPAN("a1B2c3D4e"), 5, &whole),
		    "a1B2c3D4e");
}

static void a_long_id_is_not_whole(void **state)
{
	char text[301];
	struct span id, original;
	bool whole;

	(void)state;
	memset(text, 'x', 300);
	text[300] = '\0';
	for (size_t n = 65; n <= 300; n++) {
		id = seal_id(&arena, &here, (struct span){ text, n }, 1,
			     &whole);
		assert_false(whole);
		assert_true(seal_is_clean(id) && id.n <= SEAL_ID_MAX);
		assert_false(seal_open_id(&arena, &here, id, &original));
	}
}

static void calls_have_ids_of_their_own(void **state)
{
	struct call_ids c = { 0 };
	struct span a, b, d;

	(void)state;
	call_ids_turn(&c);
	a = call_ids_call(&c, &arena, SPAN("f:0"));
	assert_span(a, "f:0");
	assert_true(span_eq(call_ids_result(&c, &arena, SPAN("f:0")), a));
	call_ids_turn(&c); /* two in one turn */
	b = call_ids_call(&c, &arena, SPAN("f:0"));
	d = call_ids_call(&c, &arena, SPAN("f:0"));
	assert_false(span_eq(a, b) || span_eq(b, d) || span_eq(a, d));
	assert_true(span_eq(call_ids_result(&c, &arena, SPAN("f:0")), b));
	assert_true(span_eq(call_ids_result(&c, &arena, SPAN("f:0")), d));
	call_ids_turn(&c); /* the first one here was never answered */
	call_ids_call(&c, &arena, SPAN("f:0"));
	call_ids_turn(&c);
	a = call_ids_call(&c, &arena, SPAN("f:0"));
	assert_true(span_eq(call_ids_result(&c, &arena, SPAN("f:0")), a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seal_opens),
		cmocka_unit_test(what_is_torn_is_broken),
		cmocka_unit_test(earlier_seals_are_understood),
		cmocka_unit_test(origins_are_providers),
		cmocka_unit_test(a_seal_tells_by_whose_key),
		cmocka_unit_test(ids_come_back),
		cmocka_unit_test(a_long_id_is_not_whole),
		cmocka_unit_test(calls_have_ids_of_their_own),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
