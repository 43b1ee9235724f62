/* Hub: who must hear of what. Guts of store/. */
#ifndef YZ_STORE_NEWS_H
#define YZ_STORE_NEWS_H

#include "store/case.h"

uint64_t next_number(struct store *store);
uint64_t next_seq(struct store *store);
/* Make sure that numbers and seqs may be drawn up to here; fails into
 * store->rc. */
void numbers_reserve_upto(struct store *store, uint64_t upto);
/* This number was drawn in a life that was lost: what was decided since the start
 * must not stand in its place. (In raise.c, like the next.) */
int numbers_clear(struct store *store, uint64_t number);
/* Tell all news again, above everything that was ever told. */
int news_again(struct store *store);
/* A station knows newer ones: this hub was set back unnoticed. Go on above
 * them, and tell the news of since the start again. */
int numbers_raise(struct store *store, uint64_t life, uint64_t number,
                  uint64_t seq);

/* Does this organisation see a record that stands so? */
bool org_sees(const char *org, const struct record_row *row);
const struct known_station *station_known(const struct store *store,
                                          const char *name);

/* The station that speaks with an origin, "" if none does; the organisation of
 * that station. */
int origin_station(struct store *store, int64_t origin, char *out,
                   size_t size);
const char *origin_org(struct store *store, int64_t origin);

/* A cell changed: one row per stream that sees it, in place of the old one.
 * `was` is how the record stood before. Sets and keeps the cell's seq. */
int news_cell(struct store *store, const struct record_row *was,
              const struct record_row *is, struct cell_row *cell);
/* The record stands otherwise than before: everything of it is news to whoever
 * sees it now, and one row tells whoever sees it no more. */
int news_moved(struct store *store, const struct record_row *was,
               const struct record_row *is);
/* A case opened or closed. `row` is NULL for a change that cannot be read. */
int news_case(struct store *store, const struct record_row *row,
              const struct case_row *which);
/* Tell a new stream of the open cases that concern it. */
int news_open_cases(struct store *store, const struct stream *stream);
/* A change that waited got its verdict: tell its station. */
int news_verdict(struct store *store, struct place_id at);

#endif
