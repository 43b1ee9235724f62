/*
 * Confirmations that wait for a quiet moment. To settle what a large answer
 * confirms costs the station as much as deciding it cost the hub: done at once,
 * each would wait for the other. So the next ask goes out first, and they are
 * settled while the hub works on it.
 *
 * They wait in memory only: what is lost with the process is confirmed again,
 * as the store does not count it as confirmed yet.
 */
#ifndef YZ_LATER_H
#define YZ_LATER_H

#include "store/peer.h"

struct later;

struct later *later_new(struct store *store);
void later_free(struct later *later);
/* Keep a confirmation for later. False when it is one to be settled now: small,
 * or not plainly the next of its origin; what waits was settled before then. Where
 * there is no more room the oldest is settled. */
bool later_keep(struct later *later, const struct confirm *confirm,
                struct bytes payload);
/* Does something wait? */
bool later_waits(const struct later *later);
/* Settle the oldest. After an error nothing waits any more, and nothing is kept
 * again: the next answer will say it once more. */
int later_settle(struct later *later, struct fault *fault);
/* A hello speaks of what was confirmed, settled or not. */
void later_tell(struct later *later, struct hello *hello);

#endif
