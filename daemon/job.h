/*
 * Jobs: work that takes longer than a turn of the loop may. A job is done in
 * slices, each after a commit, so that saves and exchanges go on meanwhile; one
 * job after the other.
 */
#ifndef YZ_JOB_H
#define YZ_JOB_H

#include "proto/err.h"

#include <stdbool.h>

struct node;

struct job {
    /* A few ms of it. 1: there is more, 0: done, or ERR_* with `fault`. */
    int (*step)(void *user, struct fault *fault);
    /* Once, with what the last step returned; the job is free then. */
    void (*done)(void *user, int rc, const struct fault *fault);
    void *user;
    bool writes;                /* a slice need not wait for the commit of what
                                 * went before it, as it writes itself */
    struct job *next;
    bool queued;
};

/* `job` is the caller's and must live until done, or until it is taken back. */
void job_begin(struct node *node, struct job *job);
void job_forget(struct node *node, struct job *job);
/* The node's part: after a commit, with nothing open. */
void job_turn(struct node *node);

#endif
