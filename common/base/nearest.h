/* SPDX-License-Identifier: MIT */
/* nearest: which of a few words somebody meant who mistyped one. */
#ifndef DARIO_NEAREST_H
#define DARIO_NEAREST_H

/* The nearest of `words` (NULL at the end), or NULL when none is near. Letter
 * case, "-" and "_" do not count; two letters that changed places are one
 * mistake; a third of the word may be wrong. */
const char *nearest(const char *word, const char *const *words);

#endif
