/*
 * Places worth reaching: branches that only bad luck takes, and moments at
 * which a machine may die. A test counts that each was reached, or ends the
 * process there. Nothing else looks at them.
 */
#ifndef YZ_REACH_H
#define YZ_REACH_H

struct store;

#define REACH_LIST(X) \
    X(REACH_PUT, "put.written")           /* in the turn, not yet on disk */ \
    X(REACH_PUT_AGAIN, "put.again")       /* a token used before */ \
    X(REACH_COMMIT, "commit.before") \
    X(REACH_COMMITTED, "commit.after") \
    X(REACH_COMMIT_FAILED, "commit.failed") \
    X(REACH_CHECKPOINT, "checkpoint.before") \
    X(REACH_CHECKPOINTED, "checkpoint.after") \
    X(REACH_ORIGIN, "origin.drawn") \
    X(REACH_RESERVE, "reserve.before") \
    X(REACH_RESERVED, "reserve.after") \
    X(REACH_COPY_PAGES, "copy.pages")     /* some pages are in the copy */ \
    X(REACH_COPY_ENDED, "copy.ended")     /* whole, under its first name */ \
    X(REACH_COPY_NAMED, "copy.named")     /* under its own */ \
    X(REACH_COPY_SECURED, "copy.secured") /* older ones are gone */ \
    X(REACH_RESTORE_COPIED, "restore.copied") \
    X(REACH_RESTORE_MARKED, "restore.marked") \
    X(REACH_RESTORE_KEPT, "restore.kept") /* the old store is out of the way */ \
    X(REACH_RESTORE_PLACED, "restore.placed") \
    X(REACH_ADMITTED, "enrol.admitted")   /* on the hub's list, not told yet */ \
    X(REACH_ENROL, "enrol.proven")        /* the hub's keys, not kept yet */ \
    X(REACH_ENROLLED, "enrol.kept") \
    X(REACH_TAKE, "take.before") \
    X(REACH_TAKEN, "take.after") \
    X(REACH_KNOWN, "take.known")          /* a change that is here already */ \
    X(REACH_GAP, "take.gap") \
    X(REACH_FORKED, "take.forked") \
    X(REACH_LOST, "take.lost")            /* the turn was undone */ \
    X(REACH_CAREFUL, "take.careful")      /* one change, behind its mark */ \
    X(REACH_DEADLY, "take.deadly")        /* one found under its own mark */ \
    X(REACH_ASIDE, "take.aside") \
    X(REACH_RELEASED, "take.released")    /* one that was set aside */ \
    X(REACH_WAITED, "take.waited")        /* decided once its identity came */ \
    X(REACH_SAME, "merge.same") \
    X(REACH_CLASH, "merge.clash") \
    X(REACH_PROPOSAL, "merge.proposal") \
    X(REACH_ENDED, "merge.ended") \
    X(REACH_FIXED, "merge.fixed") \
    X(REACH_STEP, "merge.step") \
    X(REACH_RULE, "check.rule") \
    X(REACH_SCOPE, "check.scope") \
    X(REACH_DUPLICATE, "check.duplicate") \
    X(REACH_REPLACED, "case.replaced")    /* by a newer one of its line */ \
    X(REACH_CLOSED, "case.closed") \
    X(REACH_CLOSED_EARLY, "case.closed-early") /* named before it came */ \
    X(REACH_MOVED, "news.moved")          /* entered or left an organisation */ \
    X(REACH_ANSWER, "answer.before") \
    X(REACH_ANSWERED, "answer.end") \
    X(REACH_ASK, "ask.before") \
    X(REACH_CONFIRM, "settle.confirm") \
    X(REACH_CONFIRM_OLD, "settle.confirm-old") \
    X(REACH_NEWS, "settle.news") \
    X(REACH_NEWS_OLD, "settle.news-old")  /* of an old answer, passed over */ \
    X(REACH_DEPARTED, "settle.departed") \
    X(REACH_KEPT, "settle.kept")          /* an own value stays on top */ \
    X(REACH_LIFE_OLD, "settle.life-old")  /* an answer of a lost life */ \
    X(REACH_RAISED, "heal.raised")        /* a hub set back unnoticed */ \
    X(REACH_HEALED, "heal.sent-again") \
    X(REACH_ORPHAN, "heal.orphan") \
    X(REACH_FORK, "heal.fork")            /* moved on under a new origin */ \
    X(REACH_MOVED_KNOWN, "heal.fork-known") /* came under its old name before */ \
    X(REACH_BRANCH, "heal.branch")        /* told the county of a copy */ \
    X(REACH_REFILLED, "heal.refilled") \
    X(REACH_RENUMBERED, "heal.renumbered") \
    X(REACH_RESTORED, "heal.restored")    /* a refilled state became a case */ \
    X(REACH_CLEARED, "heal.cleared")      /* numbers moved out of a fact's way */ \
    X(REACH_RETOLD, "heal.retold")        /* news told under new seqs */ \
    X(REACH_NEWS_HEARD, "settle.cursor-before")   /* told, cursor not moved */ \
    X(REACH_CONFIRM_HEARD, "settle.confirmed-before") \
    X(REACH_OPEN, "open.before")          /* a hub's life is raised already */ \
    X(REACH_SCHEMA, "open.schema")        /* of a new file, not committed */ \
    X(REACH_OPENED, "open.read")          /* the log of the last run is read */ \
    X(REACH_REBUILD, "rebuild.half") \
    X(REACH_IMPORT, "import.piece")       /* a piece of the lines is taken in */ \
    X(REACH_ANSWER_GONE, "answer.gone")   /* to its last byte, or cut off */ \
    X(REACH_STOP, "stop.begun") \
    X(REACH_STOPPED, "stop.committed") \
    X(REACH_COMPARED, "compare.rows") \
    X(REACH_MEND, "mend.before") \
    X(REACH_MENDED, "mend.after") \
    X(REACH_DAMAGED, "mend.damaged")      /* a row that rotted here */ \
    X(REACH_LOST_LIFE, "mend.lost-life")  /* known here, not at the county */

enum reach {
#define REACH_ENUM(name, text) name,
    REACH_LIST(REACH_ENUM)
#undef REACH_ENUM
    REACHES
};

/* Static, never freed. */
const char *reach_text(enum reach mark);
/* Tell the world of this store, if it wants to know. */
void reached(const struct store *store, enum reach mark);

#endif
