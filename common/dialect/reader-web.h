/* SPDX-License-Identifier: MIT */
/* reader-web: searches and citations of an answer. Private to reader*.c. */
#ifndef DARIO_READER_WEB_H
#define DARIO_READER_WEB_H

#include "dialect/reader.h"

/* Characters of a text, which citations are counted in. */
void reader_count(struct reader *r, struct slot *s, struct span text);
/* Before the text's end; in the place of a search. */
int reader_give_cites(struct reader *r, struct slot *s, struct err *e);
int reader_give_search(struct reader *r, struct slot *s, struct err *e);

#endif
