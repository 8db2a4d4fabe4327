/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-fit.h"

#include "dialect/chat-read.h"
#include "dialect/chat-write.h"

/* --- media ---------------------------------------------------------------- */

static void name_instead(struct chat *c, struct part *p, const char *why)
{
	const char *kind = p->kind == PART_IMAGE ? "image" : "document";
	struct span what = p->url.n ? p->url : p->name.n ? p->name : p->mime;

	p->text = span_of(arena_fmt(c->arena, "[%s left out: %.*s%s%s]", kind,
				    what.n > 200 ? 200 : (int)what.n, what.p,
				    what.n && *why ? ", " : "", why));
	p->kind = PART_TEXT;
	chat_dropped(c, kind);
}

static void drop_media(struct chat *c, struct part *p)
{
	static const char *const why = "this model takes none";

	for (; p; p = p->next) {
		if (write_is_media(p))
			name_instead(c, p, why);
		for (struct part *i = p->content; i; i = i->next)
			if (write_is_media(i))
				name_instead(c, i, why);
	}
}

static void fit_media(struct chat *c, struct part *p,
		      const char *(*why_not)(const struct part *))
{
	for (; p; p = p->next) {
		const char *why = write_is_media(p) ? why_not(p) : NULL;

		if (why)
			name_instead(c, p, why);
		fit_media(c, p->content, why_not);
	}
}

void chat_fit_media(struct chat *c, const char *(*why_not)(const struct part *))
{
	for (struct msg *m = c->msgs; m; m = m->next)
		fit_media(c, m->parts, why_not);
}

/* What the assistant says is text, wherever it goes, and so is what a system
 * message says. */
static void only_text(struct chat *c, struct part *p)
{
	for (; p; p = p->next) {
		if (write_is_media(p))
			name_instead(c, p, "");
		else if (p->kind == PART_DOCUMENT)
			p->text = write_text(c->arena, p);
		if (p->kind == PART_DOCUMENT)
			p->kind = PART_TEXT;
	}
}

void chat_fit(struct chat *c, const struct quirks *q, bool paired)
{
	if (paired)
		read_lonely(c);
	for (struct msg *m = c->msgs; m; m = m->next) {
		if (m->role != ROLE_USER)
			only_text(c, m->parts);
		else if (q->no_images)
			drop_media(c, m->parts);
	}
}

/* --- turns ---------------------------------------------------------------- */

/* Says a message nothing that could be written? */
static bool is_empty(const struct msg *m)
{
	if (m->role == ROLE_USER)
		return !m->parts;
	for (const struct part *p = m->parts; p; p = p->next)
		if (p->kind == PART_TOOL_USE || write_is_text(p))
			return false;
	return true;
}

static void drop_empty(struct chat *c)
{
	struct msg **at = &c->msgs;

	while (*at) {
		struct msg *m = *at;

		if (!is_empty(m)) {
			at = &m->next;
			continue;
		}
		if (write_has(m->parts, PART_THINKING) ||
		    write_has(m->parts, PART_REDACTED))
			chat_dropped(c, "thinking");
		*at = m->next;
	}
	c->tail = at;
}

/* Parts on their way into a user's turn. */
struct moved {
	struct part *first, **tail;
};

static void move_text(struct chat *c, struct moved *to, const struct msg *m)
{
	struct span text = write_joined(c->arena, m->parts, "\n\n");
	struct part *p = text.n ? arena_try(c->arena, sizeof(*p)) : NULL;

	if (!p)
		return;
	p->kind = PART_TEXT;
	p->text = span_of(
		arena_fmt(c->arena, "<system>%.*s</system>", SPAN_FMT(text)));
	*to->tail = p;
	to->tail = &p->next;
}

/* Behind the results that the message begins with. */
static void put_moved(struct moved *from, struct msg *m)
{
	struct part **at = &m->parts;

	while (*at && (*at)->kind == PART_TOOL_RESULT)
		at = &(*at)->next;
	*from->tail = *at;
	*at = from->first;
	if (!*from->tail)
		m->tail = from->tail;
}

static void insert_text(struct chat *c, struct msg **at, enum role role,
			const char *text)
{
	chat_text(c, chat_msg_at(c, at, role), span_of(text));
}

/* The leading system messages: all of them, or one out of all. Returns where
 * the first other one hangs. */
static struct msg **leading(struct chat *c, bool one)
{
	struct msg **at = &c->msgs;
	struct msg *first = NULL;

	while (*at && (*at)->role == ROLE_SYSTEM) {
		struct msg *m = *at;

		if (!one || !first) {
			first = m;
			at = &m->next;
			continue;
		}
		*first->tail = m->parts;
		if (m->parts)
			first->tail = m->tail;
		first->next = m->next;
	}
	return at;
}

/* Does anything but results stand at its end? Results come first. */
static bool speaks(const struct msg *m)
{
	const struct part *p = m->parts;

	while (p && p->kind == PART_TOOL_RESULT)
		p = p->next;
	return m->role == ROLE_USER && p;
}

/* System messages from `at` on that may not stay go into the user's turn: the
 * one before, if it has words, else the next one. */
static void place_system(struct chat *c, struct msg **at, bool all)
{
	struct msg *before = NULL; /* a turn of the user's, with words */

	while (*at) {
		struct moved moved = { .tail = &moved.first };

		while (*at && (*at)->role == ROLE_SYSTEM && (all || !before)) {
			move_text(c, &moved, *at);
			*at = (*at)->next;
		}
		if (moved.first && before) {
			*before->tail = moved.first;
			before->tail = moved.tail;
		} else if (moved.first && *at && (*at)->role == ROLE_USER) {
			put_moved(&moved, *at);
		} else if (moved.first) {
			struct msg *m = chat_msg_at(c, at, ROLE_USER);

			m->parts = moved.first;
			m->tail = moved.tail;
		}
		if (!*at)
			break;
		if ((*at)->role != ROLE_SYSTEM)
			before = speaks(*at) ? *at : NULL;
		at = &(*at)->next;
	}
	c->tail = at;
}

/* What is said behind results becomes a message of its own. */
static struct msg **split_results(struct chat *c, struct msg **at)
{
	struct msg *m = *at;
	struct part **p = &m->parts;
	struct msg *rest;

	while (*p && (*p)->kind == PART_TOOL_RESULT)
		p = &(*p)->next;
	if (p == &m->parts || !*p)
		return at;
	rest = chat_msg_at(c, &m->next, ROLE_USER);
	rest->parts = *p;
	rest->tail = m->tail;
	*p = NULL;
	m->tail = p;
	return &m->next;
}

/* What a result shows, behind the results: its role takes text alone, and what
 * is said there is a turn. */
static void show_media(struct chat *c, const struct quirks *q, struct msg *m)
{
	struct moved moved = { .tail = &moved.first };

	for (struct part *r = m->parts; r && r->kind == PART_TOOL_RESULT;
	     r = r->next) {
		struct part *name, **at = &r->content;

		if (!write_has_media(r->content))
			continue;
		name = arena_try(c->arena, sizeof(*name));
		if (!name)
			return;
		name->kind = PART_TEXT;
		name->text = write_attachment(c->arena, r, q);
		*moved.tail = name;
		moved.tail = &name->next;
		while (*at) {
			struct part *p = *at;

			if (!write_is_media(p)) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			p->next = NULL;
			*moved.tail = p;
			moved.tail = &p->next;
		}
	}
	if (moved.first)
		put_moved(&moved, m);
}

/* As templates count: calls and their results are nobody's turn. */
static void alternate(struct chat *c, struct msg **at)
{
	bool user = true; /* whose turn it is */

	for (; *at; at = &(*at)->next) {
		enum role role = (*at)->role;

		if (role == ROLE_USER && !speaks(*at))
			continue;
		if (role == ROLE_SYSTEM ||
		    (role == ROLE_ASSISTANT &&
		     write_has((*at)->parts, PART_TOOL_USE)))
			continue;
		if (role == ROLE_USER)
			at = split_results(c, at);
		if (user != (role == ROLE_USER)) {
			insert_text(c, at, user ? ROLE_USER : ROLE_ASSISTANT,
				    user ? FIT_USER : FIT_ASSISTANT);
			at = &(*at)->next;
			user = !user;
		}
		user = !user;
		if (!*at)
			break;
	}
}

/* Where an answer begins behind another one's words: the first of its parts. */
static struct part **next_answer(struct msg *m)
{
	bool said = false;

	for (struct part **p = &m->parts; *p; p = &(*p)->next) {
		if ((*p)->begins && said)
			return p;
		if ((*p)->kind == PART_TOOL_USE)
			break;
		said = said || write_is_text(*p);
	}
	return NULL;
}

/* What the assistant said was the end once, and followed by a user's words. */
static void split_answers(struct chat *c)
{
	for (struct msg *m = c->msgs; m; m = m->next) {
		struct part **at = m->role == ROLE_ASSISTANT ? next_answer(m)
							     : NULL;
		struct msg *rest;

		if (!at)
			continue;
		insert_text(c, &m->next, ROLE_USER, FIT_USER);
		rest = chat_msg_at(c, &m->next->next, ROLE_ASSISTANT);
		rest->parts = *at;
		rest->tail = m->tail;
		*at = NULL;
		m->tail = at;
		m = m->next;
	}
}

/* A conversation that ends with the assistant, or has system text only. */
static void end_with_user(struct chat *c)
{
	struct msg **last = &c->msgs;

	while (*last && (*last)->next)
		last = &(*last)->next;
	if (!*last)
		return;
	if ((*last)->role == ROLE_ASSISTANT)
		insert_text(c, &(*last)->next, ROLE_USER, FIT_USER);
	else if ((*last)->role == ROLE_SYSTEM)
		(*last)->role = ROLE_USER;
}

void chat_fit_turns(struct chat *c, const struct quirks *q)
{
	struct msg **first;

	drop_empty(c);
	first = leading(c, q->one_system);
	if (q->one_system || q->system_first || q->user_last)
		place_system(c, first, q->one_system || q->user_last);
	read_merge(c);
	if (q->user_last)
		split_answers(c);
	if (q->alternate) {
		for (struct msg *m = c->msgs; m; m = m->next)
			if (m->role == ROLE_USER)
				show_media(c, q, m);
		alternate(c, leading(c, false));
	}
	if (q->user_last)
		end_with_user(c);
}
