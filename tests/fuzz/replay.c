/* SPDX-License-Identifier: MIT */
/* replay: runs a fuzz target over files, without a fuzzer. */
#include "config.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		static char text[1 << 20];
		FILE *f = fopen(argv[i], "r");
		size_t n;

		if (!f) {
			perror(argv[i]);
			return 1;
		}
		n = fread(text, 1, sizeof(text), f);
		fclose(f);
		/* Every beginning of it as well. */
		for (size_t cut = 0; cut <= n; cut++)
			LLVMFuzzerTestOneInput((const uint8_t *)text, cut);
	}
	return 0;
}
