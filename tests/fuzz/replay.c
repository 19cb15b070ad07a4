/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main() of a fuzz target where there is no libFuzzer. In: files and directories of inputs, as
 * arguments. Out: one TAP result; a target that finds something ends the process itself.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

/* nftw() hands nothing on to its function. */
static unsigned inputs;

/* Runs the target over octets that end where their allocation ends. */
static int run(const char *path, FILE *file)
{
	static uint8_t all[INPUT_MAX];
	const size_t len = fread(all, 1, sizeof(all), file);
	uint8_t *input = malloc(len ? len : 1);

	if (ferror(file) || !input) {
		perror(path);
		free(input);
		return -1;
	}
	memcpy(input, all, len);
	LLVMFuzzerTestOneInput(input, len);
	free(input);
	inputs++;
	return 0;
}

static int replay(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	FILE *file;
	int result;

	(void)status;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	/* On standard error, and so at hand if this is the one that crashes. */
	fprintf(stderr, "# %s\n", path);
	file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return -1;
	}
	result = run(path, file);
	fclose(file);
	return result;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	int result = 0;

	for (int i = 1; i < argc && result == 0; i++) {
		result = nftw(argv[i], replay, 8, FTW_PHYS);
		if (result != 0)
			perror(argv[i]);
	}
	if (inputs == 0)
		result = -1;
	printf("1..1\n%s 1 - %s (%u inputs)\n", result == 0 ? "ok" : "not ok", name, inputs);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
