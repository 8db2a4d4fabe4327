/* SPDX-License-Identifier: MIT */
/*
 * peek: finds `model` and `stream` in a request body without building a tree,
 * and where the beginning of the conversation is.
 *
 * Feed the body in pieces of any size, then end. The whole text is checked
 * against RFC 8259 (UTF-8 and depth too), because a body that we route by one
 * reading and the upstream by another is a hole; for the same reason a second
 * `model` or `stream` key is refused. So are more members of the body, or of
 * one message, than anybody sends, so that what they cost has a bound.
 * Positions are byte offsets from the first byte fed. Errors name the offset.
 * Nothing is allocated. What only the reading needs, and much of it, is lent,
 * so that the results can stay without.
 */
#ifndef DARIO_PEEK_H
#define DARIO_PEEK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"

#define PEEK_DEPTH_MAX 128
#define PEEK_MODEL_MAX 256    /* bytes of a model name, decoded */
#define PEEK_KEY_MAX 24       /* longer keys are none of ours */
#define PEEK_MEMBERS_MAX 1000 /* of the body; of a message, item or tool */

/* What a text holds that not every target takes, as bits: found on the way, by
 * the names of members at any depth, so that one too many is possible (an
 * argument of a tool may be called "id") and one too few is not. They announce
 * that mend.h has something to look at. */
enum peek_mark {
	MARK_SEAL = 1,   /* a value that begins like one of ours */
	MARK_ID_ODD = 2, /* an id, or the name of a tool, with others than
			  * [A-Za-z0-9_-]; such a name that is too long */
	MARK_ID_EMPTY = 4,
	MARK_ID_LONG = 8,          /* more than PEEK_ID_MAX bytes */
	MARK_ID_NOT_NINE = 16,     /* not nine letters and digits */
	MARK_ID_TWICE = 32,        /* two calls or tools seem to have one */
	MARK_UNSIGNED = 64,        /* signature or encrypted_content is "" */
	MARK_THINKING = 128,       /* thinking of type enabled */
	MARK_REASONING = 256,      /* Responses: reasoning items that lack
				* encrypted_content, or that nothing follows
				* of their own turn; tools as Chat has them */
	MARK_CALLS = 512,          /* calls of tools */
	MARK_ID_ITEM = 1024,       /* an id that Responses has for no item */
	MARK_DEVELOPER = 2048,     /* role developer */
	MARK_SYSTEM = 4096,        /* role system */
	MARK_THINKING_PART = 8192, /* "thinking" below the top */
	MARK_BLANK = 16384, /* a text or content of blanks, or none; no calls
			     * in a list of them */
	MARK_SAMPLER = 1 << 15,  /* temperature, top_p, top_k */
	MARK_FORM = 1 << 16,     /* thinking that adapts itself */
	MARK_FORCED = 1 << 17,   /* a tool must be called, thinking is off, or
				  * there is no max_tokens */
	MARK_SCHEMA = 1 << 18,   /* Messages: a tool that is strict, or whose
				* schema is no plain object */
	MARK_STORED = 1 << 19,   /* what a provider keeps: see refs.h */
	MARK_PARSED = 1 << 20,   /* what SDKs add to the answers they give, and
				* providers to OpenAI's messages */
	MARK_OPAQUE = 1 << 21,   /* values that its provider alone can read */
	MARK_ECHO = 1 << 22,     /* a message with members of an answer, or a
				  * body with those of another API */
	MARK_PAIRS = 1 << 23,    /* calls and results that do not match */
	MARK_NO_TOOLS = 1 << 24, /* calls, and no tools */
	MARK_CACHE = 1 << 25,    /* more than PEEK_CACHE_MAX cache_control */
	MARK_PART = 1 << 26,     /* a part or block of another role */
	MARK_STORED_ODD = 1 << 27, /* the same, its name written with escapes */
	MARK_CUSTOM = 1 << 28,     /* Chat: a tool of free text, or its call */
	MARK_INPUT = 1 << 29,      /* arguments that are no string, input that
				    * is no object, or such a schema; content
				    * that is none */
	MARK_ANY = 1 << 30,        /* every text has it */
	MARK_ALL = -1, /* the text must be looked at whatever it holds */
};

#define PEEK_ID_MAX 64
#define PEEK_CACHE_MAX 4
#define PEEK_SEEN_BITS 32768

enum peek_place {
	PEEK_SYSTEM,
	PEEK_INSTRUCTIONS,
	PEEK_MESSAGES,
	PEEK_INPUT,
	PEEK_USER,
	PEEK_METADATA,
	PEEK_PLACES,
};

struct peek_seen { /* of ids of calls, hashed */
	uint64_t bits[PEEK_SEEN_BITS / 64];
};

struct peek {
	/* results, after peek_end */
	size_t model_at, model_len; /* range of the value with its quotes */
	char model[PEEK_MODEL_MAX + 1];
	size_t model_n;
	bool has_model, stream;
	size_t places[PEEK_PLACES]; /* of the values, or 0 */
	unsigned marks;             /* enum peek_mark */

	/* state */
	int state;
	const char *literal; /* what is left of true, false or null */
	size_t at;           /* offset of the byte looked at */
	unsigned depth;
	unsigned char object[PEEK_DEPTH_MAX / 8]; /* bit set: an object */
	struct utf8 utf8;
	char key[PEEK_KEY_MAX + 1];
	size_t key_n;
	unsigned hex, hex_left;
	unsigned high; /* half of a pair of \u escapes */
	bool in_key, in_model, has_stream, started;
	bool any_keys;   /* look for none of ours */
	bool odd_key;    /* the key is written with escapes */
	bool like_model; /* there is a "Model" */
	/* of the string that is read: is it an id, and what is in it so far? */
	unsigned char watch;  /* enum watch in peek-marks.c */
	unsigned char sealed; /* bytes of a seal's beginning so far */
	bool odd, dashed;
	bool blank; /* a text of which nothing but blanks has come */
	char head[4];
	size_t string_n;
	uint64_t hash;
	long summaries; /* that no encrypted_content stands beside, so far */
	unsigned members, inner; /* of the body, and of the message so far */
	unsigned char top;       /* enum top in peek-marks.c: where we are */
	unsigned item;           /* enum item, of the message or item */
	bool thought;            /* the last item of Responses was reasoning */
	bool behind;       /* what a result may not stand behind has come */
	bool tools, calls; /* are there any? */
	bool blocks;       /* parts of messages that Chat does not have */
	bool media;        /* the same of images and documents */
	bool chats;        /* the body has members that Responses has not */
	bool legacy;  /* Chat: functions and their calls, in place of tools */
	bool limited; /* is there a max_tokens? */
	unsigned limits; /* how many limits of the answer there are */
	size_t limit_at; /* the value of the last of them, or 0 */
	size_t longest;  /* bytes of an id */
	char typed;      /* how the value must begin; 0: any way */
	long inputs;     /* of calls in Messages, less those that are there */
	long schemas;    /* of tools, less those that name their type */
	unsigned caches;
	uint64_t pairs;   /* ids of calls less those of results, hashed */
	uint64_t call_id; /* of the item, hashed */
	struct peek_seen *seen;
};

void peek_init(struct peek *k, struct peek_seen *until_end);
int peek_feed(struct peek *k, struct span in, struct err *e);
int peek_end(struct peek *k, struct err *e);
/* The same where there need be no model. */
int peek_whole(struct peek *k, struct err *e);

/* The value of `model` was replaced in the text by one of `len` bytes, which
 * reads `model`. */
void peek_renamed(struct peek *k, const char *model, size_t len);

/* A member of an item of Responses that is null in what SDKs dump, and refused
 * so? */
bool peek_is_unsaid(struct span key);
/* A member of Anthropic's answers, or of those of its SDKs, that a message has
 * not? */
bool peek_is_echo(struct span key);
/* Members that providers add to OpenAI's messages, calls and parts: ends with
 * NULL. */
extern const char *const peek_foreign[];
/* A member of the body that OpenAI's APIs have, and Messages has not? */
bool peek_is_openai(struct span key);
/* One that Chat or Messages has, and Responses has not? */
bool peek_is_chats(struct span key);
/* A member of a block of Messages that only those have who gather a stream, or
 * that an SDK has added? */
bool peek_is_gathered(struct span key);

/* One complete JSON object, by the same strict rules? */
bool peek_is_object(struct span text);

#endif
