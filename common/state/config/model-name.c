/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/model-name.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CLAUDE "claude-"

static bool ends(const char *name, const char *with, size_t *n)
{
	size_t all = strlen(name), k = strlen(with);

	if (all <= k || strcasecmp(name + all - k, with))
		return false;
	*n = all - k;
	return true;
}

static const char *keep(const char *name, size_t n, struct model_name *out)
{
	if (n >= sizeof(out->text))
		return NULL;
	memmove(out->text, name, n);
	out->text[n] = '\0';
	return out->text;
}

bool model_name_million(const char *name, struct model_name *out)
{
	size_t n;

	return ends(name, MODEL_MILLION, &n) && keep(name, n, out);
}

/* Does the end look like `form`, where 0 is any digit? */
static bool has_form(const char *name, const char *form, size_t *n)
{
	size_t all = strlen(name), k = strlen(form);

	if (all <= k)
		return false;
	*n = all - k;
	for (size_t i = 0; i < k; i++) {
		char c = name[*n + i];

		if (form[i] == '0' ? !isdigit((unsigned char)c) : c != form[i])
			return false;
	}
	return true;
}

const char *model_name_undated(const char *name, struct model_name *out)
{
	static const char *const dates[] = { "-00000000", "@00000000",
					     "-0000-00-00" };
	static const char *const words[] = { ":latest", "-latest", "@latest" };
	size_t n = strlen(name);
	char last = n ? name[n - 1] : '\0';

	if (!isdigit((unsigned char)last) && last != 't' && last != 'T')
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ends(name, words[i], &n))
			return keep(name, n, out);
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		if (has_form(name, dates[i], &n))
			return keep(name, n, out);
	return NULL;
}

/* Of whatever date, the latest? */
static bool is_latest(const char *name)
{
	size_t n;

	return ends(name, "-latest", &n) || ends(name, ":latest", &n) ||
	       ends(name, "@latest", &n);
}

bool model_name_same(const char *a, const char *b)
{
	struct model_name x, y;
	const char *p = model_name_undated(a, &x);
	const char *q = model_name_undated(b, &y);

	return strcmp(a, b) == 0 || (p && strcmp(p, b) == 0) ||
	       (q && strcmp(a, q) == 0) ||
	       (p && q && (is_latest(a) || is_latest(b)) && strcmp(p, q) == 0);
}

const char *model_name_bare(const char *name)
{
	static const char *const makers[] = { "models", "anthropic", "openai" };

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		size_t n = strlen(makers[i]);

		if (strncasecmp(name, makers[i], n) == 0 &&
		    (name[n] == '/' || name[n] == ':') && name[n + 1])
			return name + n + 1;
	}
	return NULL;
}

static const char *const families[] = { "opus", "sonnet", "haiku" };
#define FAMILIES (sizeof(families) / sizeof(families[0]))

const char *model_name_family(const char *name, bool *million)
{
	*million = false;
	if (strncasecmp(name, CLAUDE, strlen(CLAUDE)) == 0)
		name += strlen(CLAUDE);
	for (size_t i = 0; i < FAMILIES; i++) {
		size_t n = strlen(families[i]);

		if (strncasecmp(name, families[i], n))
			continue;
		*million = strncasecmp(name + n, "1m", 2) == 0;
		n += *million ? 2 : 0;
		if (!name[n] || strcasecmp(name + n, "-latest") == 0)
			return families[i];
	}
	*million = false;
	return NULL;
}

/* "sonnet-4-5", "haiku3": without the word that the maker has before it. */
static bool is_version(const char *name)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		size_t n = strlen(families[i]);

		if (strncasecmp(name, families[i], n) == 0)
			return isdigit(
				(unsigned char)name[n + (name[n] == '-')]);
	}
	return false;
}

bool model_name_is_claude(const char *name)
{
	bool million;

	return strncasecmp(name, CLAUDE, strlen(CLAUDE)) == 0 ||
	       model_name_family(name, &million) || is_version(name);
}

bool model_name_small(const char *name, struct model_name *out)
{
	if (!keep(name, strlen(name), out))
		return false;
	for (char *p = out->text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return strcmp(name, out->text) != 0;
}

bool model_name_as_claude(const char *name, struct model_name *out)
{
	if (strncasecmp(name, CLAUDE, strlen(CLAUDE)) ||
	    !keep(name, strlen(name), out))
		return false;
	for (char *p = out->text; *p; p++)
		if (*p == '@' || (*p == '.' && isdigit((unsigned char)p[-1]) &&
				  isdigit((unsigned char)p[1])))
			*p = '-';
		else
			*p = (char)tolower((unsigned char)*p);
	return strcmp(name, out->text) != 0;
}

/* Words that begin the names of other providers' models. */
static const char *const words[] = {
	"afm",          "airoboros",  "alpaca",       "apertus",
	"arcee",        "arctic",     "athene",       "aya",
	"babbage",      "baichuan",   "bert",         "bge",
	"bloom",        "c4ai",       "cerebras",     "chatglm",
	"chatgpt",      "codegemma",  "codellama",    "codestral",
	"codex",        "cogito",     "cogvlm",       "command",
	"computer-use", "dall-e",     "davinci",      "dbrx",
	"deepcoder",    "deepscaler", "deepseek",     "devstral",
	"dolphin",      "doubao",     "ernie",        "exaone",
	"falcon",       "flux",       "gemini",       "gemma",
	"glm",          "gpt",        "granite",      "grok",
	"gte",          "hermes",     "hunyuan",      "imagen",
	"intern-s1",    "internlm",   "internvl",     "jamba",
	"jina",         "kimi",       "learnlm",      "lfm",
	"ling",         "llama",      "llava",        "longcat",
	"magistral",    "marco-o1",   "mimo",         "minicpm",
	"minimax",      "ministral",  "mistral",      "mixtral",
	"molmo",        "moondream",  "moonshot",     "mpt",
	"mxbai",        "nemotron",   "neural-chat",  "nomic",
	"notus",        "nova",       "o1",           "o3",
	"o4",           "olmo",       "openchat",     "openthinker",
	"orca",         "palm",       "pangu",        "phi",
	"pixtral",      "pythia",     "qvq",          "qwen",
	"qwq",          "redpajama",  "reka",         "rerank",
	"ring",         "rnj",        "sdxl",         "seed-oss",
	"skywork",      "smollm",     "snowflake",    "solar",
	"sonar",        "sora",       "sqlcoder",     "stable-diffusion",
	"stablelm",     "starcoder",  "starling",     "step",
	"teuken",       "text-bison", "text-davinci", "text-embedding",
	"tinydolphin",  "titan",      "trinity",      "tts",
	"tulu",         "veo",        "vicuna",       "voxtral",
	"voyage",       "whisper",    "wizard",       "wizardcoder",
	"wizardlm",     "xgen",       "xverse",       "yi",
	"zamba",        "zephyr",
};

#define LONG_WORD 5 /* letters: more may stand right before it: tinyllama */

/* As a word of its own; figures may follow it at once, as in llama3. */
static bool has_word(const char *name, const char *word)
{
	size_t n = strlen(word);
	bool figure = isdigit((unsigned char)word[n - 1]);

	for (const char *at = name; (at = strcasestr(at, word)); at++)
		if ((at == name || n >= LONG_WORD ||
		     !isalnum((unsigned char)at[-1])) &&
		    !isalpha((unsigned char)at[n]) &&
		    !(figure && isdigit((unsigned char)at[n])))
			return true;
	return false;
}

bool model_name_is_foreign(const char *name)
{
	if (strpbrk(name, "/:"))
		return true;
	if (strcasestr(name, "claude"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has_word(name, words[i]))
			return true;
	return false;
}

/* --- patterns ------------------------------------------------------------ */

void model_pattern_init(struct model_pattern *p, struct span text)
{
	struct model_name plain;
	const char *undated;

	p->text = xstrndup(text.p, text.n);
	undated = model_name_undated(p->text, &plain);
	p->needs = glob_needs(undated ? undated : p->text);
}

void model_pattern_release(struct model_pattern *p)
{
	free(p->text);
	p->text = NULL;
}

void asked_name_init(struct asked_name *a, const char *model)
{
	a->model = model;
	a->has = glob_name(model).has;
	a->undated = model_name_undated(model, &a->text);
}

bool model_pattern_matches(const struct model_pattern *p,
			   const struct asked_name *a)
{
	if (p->needs & ~a->has)
		return false;
	if (fnmatch(p->text, a->model, 0) == 0 ||
	    (a->undated && fnmatch(p->text, a->undated, 0) == 0))
		return true;
	return !strpbrk(p->text, "*?[\\") && model_name_same(p->text, a->model);
}
