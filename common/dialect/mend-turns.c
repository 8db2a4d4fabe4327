/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-fit.h"
#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

#define MESSAGES_MAX 100000

/*
 * The messages as they came, and between them those that are made up: first
 * what becomes of each is settled, then the splices are noted. The same rules
 * as chat-fit.c has for translated requests.
 */
enum turn {
	TURN_SYSTEM,
	TURN_USER,
	TURN_ASSISTANT,
	TURN_CALLS,  /* an assistant's, with calls */
	TURN_RESULT, /* a tool's */
	TURN_OTHER,
};

struct message {
	enum turn turn;
	struct span value; /* as it came; empty: made up, or moved here */
	struct span moved; /* from elsewhere: where it was */
	struct span content;
	struct piece *pieces, **tail; /* of its content */
	bool gone, changed;
	bool moves;              /* goes from here, and stands elsewhere */
	struct message *from;    /* moved: what it was */
	struct message *results; /* the last that was moved behind it */
	struct message *next;
};

struct turns {
	struct mend *m;
	const struct quirks *q;
	struct message *first;
	struct message **assistants; /* from 1 on */
	size_t n_assistants, cap;
};

static struct message *new_message(struct turns *t, struct message **at,
				   enum turn turn)
{
	struct message *n = arena_take(t->m->arena, sizeof(*n));

	n->turn = turn;
	n->tail = &n->pieces;
	n->next = *at;
	*at = n;
	return n;
}

static struct piece *add_piece(struct turns *t, struct message *n)
{
	struct piece *p = arena_take(t->m->arena, sizeof(*p));

	*n->tail = p;
	n->tail = &p->next;
	return p;
}

static enum turn turn_of(struct span message)
{
	static const struct {
		const char *role;
		enum turn turn;
	} roles[] = {
		{ "system", TURN_SYSTEM },       { "developer", TURN_SYSTEM },
		{ "user", TURN_USER },           { "tool", TURN_RESULT },
		{ "assistant", TURN_ASSISTANT },
	};
	struct span role = jwalk_get(message, "role");

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (jwalk_is(role, roles[i].role))
			return roles[i].turn;
	return TURN_OTHER;
}

/* Any that stay? */
static bool has_calls(const struct turns *t, struct span message)
{
	struct jwalk calls = jwalk_in(jwalk_get(message, "tool_calls"));

	while (jwalk_next(&calls))
		if (pairs_fate(&t->m->pairs, calls.value.p) != PAIR_GOES)
			return true;
	return jwalk_is_object(jwalk_get(message, "function_call"));
}

/* All of its calls have gone, and there is nothing else. */
static bool is_left_empty(struct turns *t, const struct message *n)
{
	struct jwalk calls = jwalk_in(jwalk_get(n->value, "tool_calls"));

	return jwalk_next(&calls) && !mend_content_speaks(t->m, n->content) &&
	       !jwalk_is_string(jwalk_get(n->value, "refusal"));
}

/* It goes with what it thought; its content may go on elsewhere. */
static void leave_out(struct turns *t, struct message *n)
{
	n->gone = true;
	mend_lose(t->m, n->value);
}

/* Those that speak, by the turns of the pairs. */
static void note_assistant(struct turns *t, struct message *n)
{
	if (t->n_assistants + 1 >= t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct message **more = arena_try(t->m->arena,
						  cap * sizeof(*more));

		if (!more)
			return;
		for (size_t i = 0; i < t->cap; i++)
			more[i] = t->assistants[i];
		t->assistants = more;
		t->cap = cap;
	}
	t->assistants[++t->n_assistants] = n;
}

/* Behind the message of its call, and the results that are there. */
static void move_result(struct turns *t, struct message *n)
{
	size_t turn = pairs_turn(&t->m->pairs, n->value.p);
	struct message *call, *to, *made;

	if (turn > t->n_assistants) /* no memory */
		return;
	n->gone = n->moves = true;
	mend_note(t->m, "order of results");
	call = t->assistants[turn];
	to = call->results ? call->results : call;
	while (to->next != n && to->next->turn == TURN_RESULT &&
	       !to->next->gone)
		to = to->next;
	made = new_message(t, &to->next, TURN_RESULT);
	made->moved = n->value;
	made->from = n;
	add_piece(t, made)->value = n->content;
	call->results = made;
}

static void read_result(struct turns *t, struct message *n)
{
	switch (pairs_fate(&t->m->pairs, n->value.p)) {
	case PAIR_STAYS:
		break;
	case PAIR_GOES:
		n->gone = true;
		mend_lonely(t->m, false);
		break;
	case PAIR_MOVES:
		move_result(t, n);
		break;
	}
}

/* False when there are more than any provider takes. */
static bool read_messages(struct turns *t)
{
	struct jwalk w = jwalk_in(jwalk_get(t->m->text, "messages"));
	struct message **at = &t->first;

	for (size_t i = 0; jwalk_next(&w); at = &(*at)->next) {
		struct message *n = new_message(t, at, turn_of(w.value));

		if (n->turn == TURN_ASSISTANT)
			note_assistant(t, n);
		if (n->turn == TURN_ASSISTANT && has_calls(t, w.value))
			n->turn = TURN_CALLS;
		n->value = w.value;
		n->content = jwalk_get(w.value, "content");
		add_piece(t, n)->value = n->content;
		n->pieces->spoken = t->q->paired && n->turn != TURN_USER &&
				    n->turn != TURN_RESULT;
		if (n->turn == TURN_RESULT)
			read_result(t, n);
		else if (n->turn == TURN_ASSISTANT && is_left_empty(t, n))
			leave_out(t, n);
		while (*at != n)
			at = &(*at)->next;
		if (++i > MESSAGES_MAX)
			return false;
	}
	return true;
}

/* --- what becomes of them ------------------------------------------------- */

/* In JSON's words. */
static const char *attachment(struct turns *t, struct span result)
{
	struct span id = pairs_mate_name(&t->m->pairs, result.p);
	struct span text =
		span_of(arena_fmt(t->m->arena, WRITE_ATTACHMENT, SPAN_FMT(id)));

	text = mend_quoted(t->m, text);
	return text.n < 2 ? ""
			  : arena_str(t->m->arena,
				      (struct span){ text.p + 1, text.n - 2 });
}

/* Results are text: what else they hold follows as a user's, with the call that
 * it belongs to, behind all results of the turn. */
static void show_media(struct turns *t)
{
	struct message *shown = NULL;

	for (struct message **at = &t->first; *at; at = &(*at)->next) {
		struct message *n = (*at)->from ? (*at)->from : *at;
		struct piece *said, *media;

		if ((*at)->gone)
			continue;
		if ((*at)->turn != TURN_RESULT)
			shown = NULL;
		if ((*at)->turn != TURN_RESULT ||
		    !mend_content_shows(t->m, n->content))
			continue;
		if (!shown) {
			struct message **end = &(*at)->next;

			while (*end &&
			       ((*end)->gone || (*end)->turn == TURN_RESULT))
				end = &(*end)->next;
			shown = new_message(t, end, TURN_USER);
		}
		n->pieces->take = PIECE_WORDS;
		n->changed = true;
		said = add_piece(t, shown);
		said->said = attachment(t, n->value);
		media = add_piece(t, shown);
		media->value = n->content;
		media->take = PIECE_MEDIA;
		mend_note(t->m, "images in results");
	}
}

/* What an assistant says elsewhere than in its content, where only that is
 * read; and one that says nothing at all goes where it is refused. */
static void settle_empty(struct turns *t)
{
	for (struct message *n = t->first; n; n = n->next) {
		struct span refusal = jwalk_get(n->value, "refusal");

		if (n->turn != TURN_ASSISTANT ||
		    mend_content_speaks(t->m, n->content))
			continue;
		if (!t->q->developer && jwalk_is_string(refusal)) {
			n->pieces->value = refusal;
			n->changed = true;
			mend_replace(t->m, refusal, SPAN("null"));
			mend_note(t->m, "refusals");
		} else if (t->q->no_empty) {
			leave_out(t, n);
			mend_note(t->m, "empty messages");
		}
	}
}

/* The leading system messages: all of them, or one out of all. Returns where
 * the others hang. */
static struct message **leading(struct turns *t, bool one)
{
	struct message **at = &t->first;
	struct message *first = NULL;

	for (; *at && (*at)->turn == TURN_SYSTEM; at = &(*at)->next) {
		if (one && first) {
			*first->tail = (*at)->pieces;
			first->tail = (*at)->tail;
			(*at)->gone = first->changed = true;
			mend_note(t->m, "system messages");
		}
		if (!first)
			first = *at;
	}
	return at;
}

/* System text on its way into a user's turn. */
struct moved {
	struct piece *first, **tail;
};

static void move_text(struct turns *t, struct moved *to, struct message *n)
{
	n->gone = true;
	mend_note(t->m, "system messages");
	if (!mend_content_speaks(t->m, n->content))
		return;
	n->pieces->system = true;
	*to->tail = n->pieces;
	to->tail = n->tail;
}

static void append(struct message *n, struct moved *from)
{
	*n->tail = from->first;
	n->tail = from->tail;
	n->changed = true;
}

static void prepend(struct message *n, struct moved *from)
{
	*from->tail = n->pieces;
	n->pieces = from->first;
	n->changed = true;
}

/* To the user's turn before, if that is the last, else to the next one. */
static void place_system(struct turns *t, struct message **at, bool all)
{
	struct message *before = NULL; /* a user's turn */
	struct moved moved = { .tail = &moved.first };

	for (; *at; at = &(*at)->next) {
		struct message *n = *at;

		if (n->gone)
			continue;
		if (n->turn == TURN_SYSTEM && (all || !before)) {
			move_text(t, &moved, n);
			if (moved.first && before) {
				append(before, &moved);
				moved = (struct moved){ .tail = &moved.first };
			}
			continue;
		}
		if (moved.first && n->turn == TURN_USER)
			prepend(n, &moved);
		else if (moved.first && n->turn != TURN_RESULT)
			append(new_message(t, at, TURN_USER), &moved);
		if (n->turn != TURN_RESULT)
			moved = (struct moved){ .tail = &moved.first };
		if (n != *at)
			at = &(*at)->next;
		if (n->turn != TURN_SYSTEM)
			before = n->turn == TURN_USER ? n : NULL;
	}
	if (moved.first)
		append(new_message(t, at, TURN_USER), &moved);
}

/* Neighbours that are the user's become one message. */
static void merge(struct turns *t)
{
	struct message *before = NULL;

	for (struct message *n = t->first; n; n = n->next) {
		if (n->gone)
			continue;
		if (!before || n->turn != TURN_USER ||
		    before->turn != TURN_USER) {
			before = n;
			continue;
		}
		*before->tail = n->pieces;
		before->tail = n->tail;
		before->changed = true;
		n->gone = true;
		mend_note(t->m, "turns");
	}
}

static void say(struct turns *t, struct message **at, enum turn turn,
		const char *text)
{
	struct message *n = new_message(t, at, turn);

	add_piece(t, n)->said = text;
	n->changed = true;
	mend_note(t->m, "turns");
}

static void alternate(struct turns *t, struct message **at)
{
	bool user = true; /* whose turn it is */

	for (; *at; at = &(*at)->next) {
		enum turn turn = (*at)->turn;

		if ((*at)->gone ||
		    (turn != TURN_USER && turn != TURN_ASSISTANT))
			continue;
		if (user != (turn == TURN_USER)) {
			say(t, at, user ? TURN_USER : TURN_ASSISTANT,
			    user ? FIT_USER : FIT_ASSISTANT);
			at = &(*at)->next;
		}
		user = turn != TURN_USER;
	}
}

/* The answer is to begin with it. */
static bool is_prefix(const struct message *n)
{
	return span_is(jwalk_get(n->value, "prefix"), "true");
}

/* What the assistant said is followed by a user's words: at the end, and where
 * it was the end once, so that the beginning stays the same. */
static void end_with_user(struct turns *t)
{
	struct message **at = &t->first;
	struct message *last = NULL;

	for (; *at; at = &(*at)->next) {
		enum turn turn = (*at)->turn;

		if ((*at)->gone)
			continue;
		if (last && last->turn == TURN_ASSISTANT && !is_prefix(last) &&
		    (turn == TURN_ASSISTANT || turn == TURN_CALLS)) {
			say(t, at, TURN_USER, FIT_USER);
			at = &(*at)->next;
		}
		last = *at;
	}
	if (!last)
		return;
	if (last->turn == TURN_ASSISTANT && !is_prefix(last))
		say(t, at, TURN_USER, FIT_USER);
	else if (last->turn == TURN_SYSTEM) {
		last->turn = TURN_USER;
		mend_note(t->m, "system messages");
	}
}

static void settle(struct turns *t)
{
	const struct quirks *q = t->q;
	struct message **others;

	settle_empty(t);
	if (q->paired)
		show_media(t);
	others = leading(t, q->one_system);
	if (q->one_system || q->system_first || q->user_last)
		place_system(t, others, q->one_system || q->user_last);
	if (q->alternate)
		merge(t);
	if (q->user_last)
		end_with_user(t);
	if (q->alternate)
		alternate(t, leading(t, false));
}

/* --- splices -------------------------------------------------------------- */

static struct span made_up(struct turns *t, const struct message *n)
{
	struct span content;

	content = mend_content(t->m, n->pieces);
	return span_of(arena_fmt(t->m->arena,
				 "{\"role\":\"%s\",\"content\":%.*s}",
				 n->turn == TURN_USER ? "user" : "assistant",
				 SPAN_FMT(content)));
}

static void put_role(struct turns *t, const struct message *n,
		     const struct jwalk *w)
{
	const char *role = NULL;

	if (n->turn == TURN_SYSTEM && !t->q->developer &&
	    jwalk_is(w->value, "developer"))
		role = "\"system\"";
	else if (n->turn == TURN_USER && !jwalk_is(w->value, "user"))
		role = "\"user\"";
	if (!role)
		return;
	mend_replace(t->m, w->value, span_of(role));
	mend_note(t->m, "roles");
}

/* Not even null may stand where there is nothing else, and in some places it
 * may not where there is. */
static bool null_is_refused(const struct turns *t, const struct message *n)
{
	return n->turn == TURN_CALLS  ? t->q->empty_content
	     : n->turn == TURN_RESULT ? t->q->paired
	     : n->turn == TURN_ASSISTANT
		     ? !jwalk_is_string(jwalk_get(n->value, "refusal"))
		     : false;
}

static void put_content(struct turns *t, const struct message *n,
			const struct jwalk *role)
{
	bool null = !n->content.n || span_is(n->content, "null");
	struct span now;

	if (n->changed || mend_content_changes(t->m, n->pieces)) {
		now = mend_content(t->m, n->pieces);
	} else if (null && null_is_refused(t, n)) {
		now = SPAN("\"\"");
		mend_note(t->m, "empty content");
	} else {
		return;
	}
	if (n->content.n)
		mend_replace(t->m, n->content, now);
	else
		mend_add(t->m, role,
			 span_of(arena_fmt(t->m->arena, "\"content\":%.*s",
					   SPAN_FMT(now))));
}

static void put_message(struct turns *t, const struct message *n)
{
	struct jwalk w = jwalk_in(n->value);

	while (jwalk_next(&w)) {
		if (!jwalk_key_is(&w, "role"))
			continue;
		put_role(t, n, &w);
		put_content(t, n, &w);
		break;
	}
}

static void insert_made_up(struct turns *t, const struct message *n,
			   const char *at)
{
	if (n->moved.n)
		mend_insert_moved(t->m, at, n->moved);
	else
		mend_insert(t->m, at, made_up(t, n));
}

/* What was made up between `from` and `to`, in front of `at`. */
static void put_made_up(struct turns *t, const struct message *from,
			const struct message *to, const char *at)
{
	for (; from != to; from = from->next) {
		if (from->value.n)
			continue;
		insert_made_up(t, from, at);
		mend_insert(t->m, at, SPAN(","));
	}
}

/* The same behind the last message. */
static void put_at_end(struct turns *t, const struct message *from,
		       struct span list, bool any)
{
	const char *at = list.p + list.n - 1;

	for (; from; from = from->next) {
		if (from->value.n)
			continue;
		if (any)
			mend_insert(t->m, at, SPAN(","));
		insert_made_up(t, from, at);
		any = true;
	}
}

void mend_turns(struct mend *m)
{
	struct turns t = { .m = m, .q = &m->target->quirks };
	struct span list = jwalk_get(m->text, "messages");
	struct jwalk w = jwalk_in(list);
	const struct message *done; /* all before it is put */
	bool any = false;

	if (!read_messages(&t))
		return;
	settle(&t);
	done = t.first;
	for (const struct message *n = t.first; n; n = n->next) {
		if (!n->value.n)
			continue;
		jwalk_next(&w);
		if (n->moves)
			put_message(&t, n);
		if (n->gone) {
			mend_cut(m, &w);
			continue;
		}
		put_made_up(&t, done, n, w.item.p);
		put_message(&t, n);
		done = n;
		any = true;
	}
	jwalk_next(&w);
	if (list.n)
		put_at_end(&t, done, list, any);
}
