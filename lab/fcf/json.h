/*
 * json.h: text that came from outside, as a JSON string
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdio.h>

/* Writes text to out in quotes, with everything escaped that JSON wants
 * escaped; bytes outside ASCII become '?'. */
void json_string(FILE *out, const char *text);
