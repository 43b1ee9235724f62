/* The backup that a node makes by itself. */
#ifndef YZ_DAILY_H
#define YZ_DAILY_H

struct node;
struct daily;

/* NULL where no directory is configured. */
struct daily *daily_open(struct node *node);
/* One that is under way is given up. Accepts NULL. */
void daily_close(struct daily *daily);

#endif
