/*
 * fuzz.h: what the targets have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What must hold, whatever the input. libFuzzer keeps an input that ends the
 * program. */
#define PROMISE(condition, ...) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "broken promise (%s): ", #condition); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            abort(); \
        } \
    } while (0)

/* libFuzzer calls these. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size,
                                 const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max, unsigned int seed);

/* This is libFuzzer's: changes a piece of an input. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
