/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/words.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct split {
	const char *at;
	char *to; /* where the next character goes */
	char quote;
};

static bool is_blank(char c)
{
	return isspace((unsigned char)c);
}

static int for_shell(const struct split *s, struct err *e)
{
	return err_set(e, ERR_CONFIG,
		       "there is no shell to understand \"%.1s\": quote it, or "
		       "put the command into a script",
		       s->at);
}

/* A character that stands for something else in a shell? */
static bool is_shells(const struct split *s)
{
	if (s->quote == '\'')
		return false;
	if (*s->at == '`')
		return true;
	if (*s->at == '$')
		return strchr("({", s->at[1]) || s->at[1] == '_' ||
		       isalpha((unsigned char)s->at[1]);
	return !s->quote && strchr("|&;<>", *s->at);
}

static int take(struct split *s, struct err *e)
{
	bool escapes = s->quote != '\'';

	if (is_shells(s))
		return for_shell(s, e);
	if (*s->at == s->quote) {
		s->quote = '\0';
		s->at++;
	} else if (!s->quote && (*s->at == '\'' || *s->at == '"')) {
		s->quote = *s->at++;
	} else {
		if (*s->at == '\\' && escapes && s->at[1] &&
		    (!s->quote || strchr("\"\\$`", s->at[1])))
			s->at++;
		*s->to++ = *s->at++;
	}
	return 0;
}

static int take_word(struct split *s, struct err *e)
{
	s->quote = '\0';
	if (*s->at == '~')
		return for_shell(s, e);
	while (*s->at && (s->quote || !is_blank(*s->at)))
		if (take(s, e))
			return -1;
	if (s->quote)
		return err_set(e, ERR_CONFIG, "a quote (%c) is not closed",
			       s->quote);
	*s->to++ = '\0';
	return 0;
}

char **words_split(const char *line, struct err *e)
{
	size_t head = (WORDS_MAX + 1) * sizeof(char *), n = 0;
	char **words = xcalloc(1, head + strlen(line) + WORDS_MAX + 1);
	struct split s = { .at = line, .to = (char *)words + head };

	for (;;) {
		while (is_blank(*s.at))
			s.at++;
		if (!*s.at)
			break;
		if (n == WORDS_MAX) {
			err_set(e, ERR_CONFIG, "more than %d words", WORDS_MAX);
			goto fail;
		}
		words[n++] = s.to;
		if (take_word(&s, e))
			goto fail;
	}
	if (n && *words[0])
		return words;
	err_set(e, ERR_CONFIG, "no program is named");
fail:
	free(words);
	return NULL;
}
