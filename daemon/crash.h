/*
 * Dying on request: YZ_CRASH_AT=NAME or NAME:TIMES in the environment names a
 * place of store/reach.h, and the process kills itself the TIMESth time it gets
 * there. For the tests of what a restart finds; nobody else sets it.
 */
#ifndef YZ_CRASH_H
#define YZ_CRASH_H

#include "store/reach.h"

/* What the store is to call; NULL when nobody asked. */
void (*crash_hook(void))(void *user, enum reach mark);

#endif
