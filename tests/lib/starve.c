/* SPDX-License-Identifier: MIT */
/*
 * starve: a host that runs out of memory in the middle of an answer: from the
 * n-th allocation of a call on there is none, for each n. No call may end the
 * process. Needs glibc's malloc.
 */
#include <dario.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "claude-sonnet-4-5"

static const char request[] =
	"{\"model\":\"" MODEL "\",\"stream\":true,\"max_tokens\":99,"
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\","
	"\"parameters\":{\"type\":\"object\",\"properties\":{\"at\":"
	"{\"type\":\"string\"}}}}}],\"messages\":[{\"role\":\"system\","
	"\"content\":\"be short\"},{\"role\":\"user\",\"content\":\"a few "
	"words of a question, and then a few more of them\"},{\"role\":"
	"\"assistant\",\"content\":\"an answer\"},{\"role\":\"user\","
	"\"content\":\"and another question\"}]}";

#define WORD \
	"event: content_block_delta\n" \
	"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":" \
	"{\"type\":\"text_delta\",\"text\":\"some words\"}}\n\n"
#define WORDS WORD WORD WORD WORD WORD

static const char events[] =
	"event: message_start\n"
	"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
	"\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\","
	"\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
	"event: content_block_start\n"
	"data: {\"type\":\"content_block_start\",\"index\":0,"
	"\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" WORDS
		WORDS WORDS WORDS
	"event: content_block_stop\n"
	"data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	"event: message_delta\n"
	"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	"\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n"
	"event: message_stop\n"
	"data: {\"type\":\"message_stop\"}\n\n";

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t n);

static _Thread_local long left = -1; /* allocations; -1: any number */

static int none(void)
{
	if (left < 0 || left-- > 0)
		return 0;
	left = 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n)
{
	return none() ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t size)
{
	return none() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t n)
{
	return none() ? NULL : __libc_realloc(p, n);
}

/* The code that the stream ends with when there are so many allocations. */
static int stream(struct dario_translator *t, long n)
{
	struct dario_error e = { 0 };
	struct dario_bytes out;
	struct dario_exchange *x = dario_exchange_new(t, NULL, request,
						      strlen(request), &e);
	int rc;

	if (!x)
		return -1;
	left = n;
	rc = dario_exchange_feed(x, events, strlen(events), &out, &e);
	if (rc == 0)
		rc = dario_exchange_end(x, &out, &e);
	left = -1;
	if (rc && e.code != DARIO_NO_MEMORY)
		printf("# %ld: %d %s\n", n, e.code, e.message);
	dario_exchange_free(x);
	return rc ? e.code : 0;
}

/* The same for reading a request, where json-c takes part. */
static int ask(struct dario_translator *t, long n)
{
	struct dario_error e = { 0 };
	struct dario_exchange *x;

	left = n;
	x = dario_exchange_new(t, NULL, request, strlen(request), &e);
	left = -1;
	dario_exchange_free(x);
	return x ? 0 : e.code;
}

int main(void)
{
	struct dario_pair p = { .size = sizeof(p),
				.client = "openai",
				.provider = "anthropic" };
	struct dario *d = dario_open(NULL, NULL);
	struct dario_translator *t = dario_translator_new(d, &p, NULL);
	int failed = 0, other = 0, code = 0;
	long n = 0;

	if (!t || stream(t, -1)) {
		puts("FAIL it works with memory");
		return 1;
	}
	for (; n < 2000; n++) {
		code = stream(t, n);
		failed += code == DARIO_NO_MEMORY;
		other += code && code != DARIO_NO_MEMORY;
		if (!code)
			break;
	}
	printf("# %ld allocations\n", n);
	printf("%s without memory it says so\n",
	       failed > 3 && !other ? "PASS" : "FAIL");
	printf("%s with enough it works\n", code == 0 ? "PASS" : "FAIL");
	printf("%s and afterwards as before\n",
	       stream(t, -1) == 0 ? "PASS" : "FAIL");
	failed = other = 0;
	for (n = 0; n < 2000 && (code = ask(t, n)); n++) {
		failed += code == DARIO_NO_MEMORY;
		other += code != DARIO_NO_MEMORY;
	}
	printf("# %ld allocations, %d other errors\n", n, other);
	printf("%s nor does a request end the process\n",
	       failed > 3 && n < 2000 ? "PASS" : "FAIL");
	left = 0;
	printf("%s nothing can be opened\n",
	       dario_open(NULL, NULL) ? "FAIL" : "PASS");
	left = -1;
	dario_translator_free(t);
	dario_close(d);
	return 0;
}
