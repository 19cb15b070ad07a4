/* SPDX-License-Identifier: BSD-2-Clause */
/* shakedown: performs, times and judges TCP handshakes and closes. main() only dispatches. */
#include "cmd/command.h"

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}
