#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stands for all unit tests where cmocka was missing: without it they would be gone unsaid.
echo '1..0 # SKIP the unit tests need cmocka (Debian: libcmocka-dev)'
