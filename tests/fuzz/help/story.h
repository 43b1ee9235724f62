/*
 * The county that the targets with a store begin in: a hub and its stations
 * after some weeks of work, with something of everything (tests/world.h). It
 * is the same county each time, to the byte, so that an input means the same.
 */
#ifndef YZ_FUZZ_STORY_H
#define YZ_FUZZ_STORY_H

#include "tests/world.h"

/* Ready for the next exchange: every station has changes that wait. With
 * `shipped` the hub has the shipped kind files too. */
struct world *story_county(bool shipped);
/* The same before they were written. */
struct world *story_quiet(bool shipped);
/* Its files have no names from here on: nothing of them stays behind, however
 * the process ends. */
void story_unlink(struct world *world);

/* A speaker_fn; `world` is a struct world. */
const struct speaker *story_speaker(void *world, const char *station);

/* The kinds that the hub had at first, as they travel. */
struct bytes story_old_kinds(void);

#endif
