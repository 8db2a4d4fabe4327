/* SPDX-License-Identifier: MIT */
/*
 * mend: makes a request legal for a provider of its own dialect, by splices.
 *
 * A request in the target's dialect passes as it came. What of it is known to
 * be refused there (peek.h has seen marks of it, or a switch of the backend
 * asks for it) is mended in place: each rule walks the text (jwalk.h) and
 * notes splices; mend_apply puts them in, all other bytes stay. There is no
 * tree, so numbers, blanks, escapes and repeated keys stay what they were.
 *
 * The order of calls: mend_init, dialects[].mend, then mend_apply if there are
 * splices, then mend_release. A rule sees the text as it came, never what
 * another has changed; of two splices the one that begins first wins, and
 * what lies within a range that goes is forgotten with it. Rules are pure
 * functions of the text and the target: the same history always gives the same
 * bytes, so that a provider's prompt cache hits. For that reason none may look
 * at how far from the end a message stands, if it can be helped.
 *
 * A new rule (of a switch in struct quirks, chat.h) goes into the dialect's
 * *-mend.c, as a function that is called from its entry; what it asks for
 * stands in `target`. mend_wanted says for which marks of the text (peek.h) it
 * is looked at: a rule that no mark announces makes that MARK_ALL.
 * Errors are ERR_MEMORY, ERR_TOO_BIG, and ERR_BAD_REQUEST of a content that is
 * none.
 */
#ifndef DARIO_MEND_H
#define DARIO_MEND_H

#include "base/jwalk.h"
#include "dialect/call-ids.h"
#include "dialect/chat.h"
#include "dialect/mend-pairs.h"
#include "dialect/peek.h"
#include "dialect/seal.h"

#define MEND_NAMES_MAX 512 /* bytes of the list of what was mended */

struct splice {
	size_t at, del;
	struct span ins;
	struct span moved; /* a part of the text, with its own splices */
	bool comma;        /* and one, where a member stays behind it */
	size_t turn;       /* in the order of the calls */
};

/* What a provider has refused of a history, by its own words. */
enum refused {
	REFUSED_NOTHING,
	REFUSED_THINKING,   /* signed thinking; Chat: reasoning_details */
	REFUSED_REASONING,  /* Responses: an item */
	REFUSED_SIGNATURES, /* Chat: Google's, on calls */
	REFUSED_SWITCH,     /* what a switch mends that was off */
};

struct mend_refusal {
	enum refused what;
	size_t message, block; /* Messages: that it names; MEND_NOWHERE */
	struct span item, end; /* Responses: an id, the end of its content */
	struct span tool; /* Chat: whose call lacks a signature of its own */
	bool missing;     /* it has none, whosever it is */
	bool all;  /* whatever is of that kind; of signatures it is the last
		   * turn's first, for only those are looked at */
	bool rest; /* what is named, and of its kind all behind it */
};

#define MEND_NOWHERE ((size_t)-1)

struct mend {
	struct arena *arena;
	struct span text; /* the whole body */
	const struct upstream_model *target;
	struct splice *splices;
	size_t n, cap;
	struct buf names;   /* for x-dario-mended */
	struct buf dropped; /* content that went, for x-dario-dropped */
	struct call_ids ids;
	struct pairs pairs;          /* of calls and results */
	struct mend_refusal refusal; /* to be mended, too */
	const char *refused;         /* what that names, once it is found */
	const char *last_turn;       /* Chat: where it begins */
	bool lacking;                /* and has a refused call no signature? */
	bool anew;        /* Chat: the text is no longer that which came */
	bool usage_asked; /* Chat: not by the client */
	bool renamed;     /* tools have other names: their calls have to come
			* back under the client's (name-back.h) */
	bool retooled;    /* tools became functions, or functions tools: calls
			* of them have to come back as what they were */
	/* Messages: */
	bool limited; /* max_tokens, not by the client */
	struct anthropic_places {
		struct turn_place *list; /* by turn */
		size_t cap;
	} places;
	struct names tops;   /* mend_has_top */
	struct names called; /* tools */
	struct names items;  /* Responses: their ids */
	struct buf tools;    /* the same as a list, when there are any */
	const char *ill;     /* what is no request: the error's text */
	const char *ill_param;
};

/* mend-refused.c: "messages.1.content.0: Invalid `signature` in `thinking`
 * block", in a request of dialect `d`. Switches of which it speaks are on
 * then. */
struct mend_refusal mend_refusal(enum dialect_id d, struct span text,
				 struct quirks *q);

void mend_init(struct mend *m, struct arena *a, struct span text,
	       const struct upstream_model *target);
void mend_release(struct mend *m);
/* Is there anything to be looked at for this target? `k` has read `text`. */
bool mend_wanted(const struct peek *k, struct span text,
		 enum dialect_id dialect, const struct upstream_model *t);

/* `what` is a part of the text; `by` lives as long as the arena. */
void mend_replace(struct mend *m, struct span what, struct span by);
/* Before the byte at `at`, behind what was put there earlier. */
void mend_insert(struct mend *m, const char *at, struct span text);
/* A member in front of all others of the object, if it is one. */
void mend_put_first(struct mend *m, struct span object, struct span member);
/* Before `at`, a part of the text that goes from where it is: as the
 * splices within it make it. */
void mend_insert_moved(struct mend *m, const char *at, struct span part);
/* The item that the walk stands at goes, with its comma. Asked once an item,
 * before the walk goes on. After the walk `w->kept` says whether any stayed. */
void mend_cut(struct mend *m, struct jwalk *w);
/* Behind the item that the walk stands at, which must stay: ",MEMBER". */
void mend_add(struct mend *m, const struct jwalk *w, struct span member);
/* Has the body this member? It is looked for once, so that this may be asked at
 * each of any number of members. */
bool mend_has_top(struct mend *m, const char *key);
/* The key of the member that the walk stands at, without escapes; of what is in
 * a list none. */
struct span mend_key(struct mend *m, const struct jwalk *w);
/* `text` as a JSON string, with its quotes. */
struct span mend_quoted(struct mend *m, struct span text);

/* What was mended ("tool ids"), and what content is lost by it; each once. */
void mend_note(struct mend *m, const char *name);
void mend_dropped(struct mend *m, const char *name);

/* The model goes by another name; `value`: where its own stands in the body
 * that came. */
void mend_rename(struct mend *m, struct span value, const char *model);
/* Is there anything to apply? Then: the text with its splices. */
bool mend_any(const struct mend *m);
int mend_apply(struct mend *m, struct buf *out, struct err *e);
/* Chat: the splices so far are put in, and the rules that follow see what comes
 * of them. False: there are none. */
bool mend_rebase(struct mend *m);

/* --- what the dialects' rules share --------------------------------------- */

/* Another id in the place of that of a call or a result. */
void mend_id(struct mend *m, struct span value, struct span now);
/* A value that may be sealed: SEAL_NONE is another's own text. */
struct seal mend_open(struct mend *m, struct span value);
/* Its original in the seal's place, where it is of this target and `kind`;
 * else false. */
bool mend_unseal(struct mend *m, struct span value, enum seal_kind kind);

/* A call without its result goes, or the reverse. */
void mend_lonely(struct mend *m, bool call);

/* Where a tool cannot be forced by its name it is the only one, and `any` has
 * to be called. */
void mend_forced_tool(struct mend *m, const char *any);
/* responses-fields.c: members of the body that are none of Responses'. */
void responses_fields(struct mend *m);
/* responses-shapes.c: what is written as Chat has it. Before all else: the
 * other rules see the text as it is then. */
void responses_shapes(struct mend *m);
/* mend-names.c: names of tools that are refused; Chat's: mend-chat.h. */
void responses_names(struct mend *m);
/* Not there, null, or empty: PHP's [] and {} are one. */
bool mend_is_nothing(struct span value);
/* Content that is none, a number or a list with one, is no request that could
 * be mended: it is told in the end with its place in the list `key`. So is a
 * text among the parts where `strict`; some servers read that. And so is what
 * is no list of messages, or no message. */
void mend_check_content(struct mend *m, const char *key, bool strict);
/* A limit of the answer that is too small for the target is raised. */
void mend_limit(struct mend *m, struct span value);

/* OpenAI's: a schema with null, or PHP's [], in place of an object. */
void mend_ill_schema(struct mend *m, struct span schema);

/* mend-images.c: images and files of a list of messages or items, as text that
 * names them; the text for one, and a name out of a URL. */
void mend_images(struct mend *m, const char *messages);
struct span mend_media_text(struct mend *m, const char *kind, struct span name);
/* One of them in the same way, and why it is left out. */
void mend_image(struct mend *m, struct span part, const char *why);

#endif
