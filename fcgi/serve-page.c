/* SPDX-License-Identifier: MIT */
/*
 * serve-page: the page at "/", for people. It is one file, share/page, with its
 * own style and script, and holds no data: what it shows it asks for. It is
 * read once, when it is first asked for; then its Content-Security-Policy is
 * made, which lets that style and that script in by their hashes, and no other.
 */
#include "config.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/install-path.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_FILE "share/page/index.html"
#define PAGE_MAX_BYTES (1u << 20)

static struct {
	struct buf html, policy;
	struct err error;
	int rc;
} page;
static pthread_once_t page_once = PTHREAD_ONCE_INIT;

/* " 'sha256-…'" for what stands in the first element of that name. */
static void add_hash(struct buf *out, const char *element)
{
	const char *text = page.html.p, *from, *to;
	unsigned char hash[DIGEST_SHA256_BYTES];
	struct arena a;
	char tag[16];

	snprintf(tag, sizeof(tag), "<%s>", element);
	from = strstr(text, tag);
	snprintf(tag, sizeof(tag), "</%s>", element);
	to = from ? strstr(from, tag) : NULL;
	if (!to)
		return;
	from += strlen(element) + 2;
	digest_sha256((struct span){ from, (size_t)(to - from) }, hash);
	arena_init(&a);
	buf_fmt(out, " 'sha256-%.*s'",
		SPAN_FMT(digest_base64(&a, (struct span){ (const char *)hash,
							  sizeof(hash) })));
	arena_release(&a);
}

static void make_policy(struct buf *out)
{
	buf_str(out, "default-src 'none'; script-src");
	add_hash(out, "script");
	buf_str(out, "; style-src");
	add_hash(out, "style");
	buf_str(out, "; connect-src 'self'; img-src data:; form-action 'self'; "
		     "base-uri 'none'; frame-ancestors 'none'");
}

static void load_page(void)
{
	char *path = install_path_data(PAGE_FILE, &page.error);

	buf_init(&page.html, PAGE_MAX_BYTES);
	buf_init(&page.policy, 1024);
	page.rc = path ? file_read(path, &page.html, &page.error) : -1;
	if (page.rc == 0)
		make_policy(&page.policy);
	free(path);
}

bool serve_wants_page(const struct request *r)
{
	return r->vars.accept && strstr(r->vars.accept, "text/html");
}

/* A browser gets a page, everybody else a word. */
int serve_root(struct request *r, struct err *e)
{
	if (!serve_wants_page(r)) {
		reply_json(r, 200,
			   SPAN("{\"name\":\"dario\",\"version\":"
				"\"" PACKAGE_VERSION "\"}"));
		return 0;
	}
	pthread_once(&page_once, load_page);
	if (page.rc) {
		*e = page.error;
		return -1;
	}
	reply_field(r, "Cache-Control", SPAN("no-cache"));
	reply_field(r, "Content-Security-Policy", buf_get(&page.policy));
	reply_field(r, "Referrer-Policy", SPAN("no-referrer"));
	reply_text(r, "text/html; charset=utf-8", buf_get(&page.html));
	return 0;
}
