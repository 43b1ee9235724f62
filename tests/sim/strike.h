/* Between the files that carry out the schedule. */
#ifndef YZ_SIM_STRIKE_H
#define YZ_SIM_STRIKE_H

#include "tests/sim/fault.h"
#include "tests/sim/machine.h"

struct copy {                   /* of a disk, for one line */
    struct disk_image *image;
    struct rng dice;            /* the machine's, then */
    int64_t at;
    int clone;                  /* the machine that was made of it */
    bool rotted;
};

/* Does a line of this kind need a copy of what the disk was? */
bool strike_copies(enum fault_kind kind);
void copy_take(struct machine *machine, const struct fault_line *line,
               struct copy *out);
/* A disk refuses, lies, rots; false when the line is of another kind. */
bool strike_disk(struct machine *machine, const struct fault_line *line,
                 int at);
/* A disk becomes what it was. */
bool strike_disks(struct machine *machine, const struct fault_line *line,
                  int at);
bool strike_disk_ends(struct machine *machine, const struct fault_line *line,
                      int at);
/* From now on its disk does what it is told. */
void strike_well(struct machine *machine);
/* Its store is damaged beyond use: what an operator does then. */
void strike_broken(struct machine *machine);
/* A disk that changed bits by itself may have been found out by now, or not:
 * somebody looks. */
void strike_look(struct machine *machine);
void strike_new_disk(struct machine *machine, int64_t down_ms);

/* stick.c: an exchange that is carried, one for each line. */
struct stick {
    struct buf file;
    int stage, tries;
};
void stick_pack(struct machine *station, const struct fault_line *line, int at,
                struct stick *stick);
void stick_comes(struct machine *station, const struct fault_line *line, int at,
                 struct stick *stick);
void stick_done(struct stick *stick);

/* poison.c: somebody with this station's secret says what no station of ours
 * would say. */
#define POISON_AUTHOR "外人"
void poison(struct machine *station, int64_t what, uint64_t dice);

#endif
