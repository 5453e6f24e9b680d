/* Seeds for engines, and the folders that fuzzing works in. */
#ifndef WALKDIFF_FUZZ_CMD_SEEDS_H
#define WALKDIFF_FUZZ_CMD_SEEDS_H

#include "fuzz/cmd.h"

/* A string to free; ends the command when there is no memory. */
char *path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The folder and those above it; ends the command when it cannot be had. */
void make_folder(const char *path);

/* Remove its files, if there is such a folder. */
void empty_folder(const char *path);

/*
 * Write every .txt program of FROM/seeds and FROM/regress as bytes into TO/TARGET-FORMAT/, and
 * TO/TARGET-FORMAT.dict beside; what was there goes, and each of them has one seed at least.
 * Ends the command at the first that is no program.
 */
void plant_seeds(const char *from, const char *to);

#endif
