#include "daemon/carry.h"
#include "daemon/os.h"
#include "daemon/shell.h"

/* What the store remembers: the number of the station's last bundle. */
#define LAST_BUNDLE "last_bundle"

int carry_may(const struct node *node, struct fault *fault)
{
    bool may = node->config->hub || node->config->secret[0] ||
               node->open.enrolled;

    return may ? 0 : fault_set(fault, ERR_ENROL, "", "%s", "");
}

const char *carry_name(const struct node *node)
{
    return node->open.name;
}

const struct speaker *carry_speaker(void *node, const char *name)
{
    const struct opened *open = &((struct node *)node)->open;

    return open->devices ? devices_named(open->devices, name)
                         : stations_find(open->stations, name);
}

const uint8_t *carry_key(const struct node *node)
{
    return node->open.key;
}

int carry_number(struct node *node, uint64_t *out)
{
    int64_t last = store_recall(node->open.store, LAST_BUNDLE);

    *out = (uint64_t)last + 1;
    return store_remember(node->open.store, LAST_BUNDLE, last + 1);
}

/* When the county was heard is when it spoke, not when the stick came back:
 * weeks may lie between, so it says nothing about this machine's clock. */
void carry_settled(struct node *node, const struct asked *asked)
{
    struct node_progress *progress = &node->progress;
    int64_t now = os_wall_ms();
    int64_t at = asked->hub_wall_ms < now ? asked->hub_wall_ms : now;

    if (asked->proven && at > progress->last_contact) {
        progress->last_contact = at;
        store_remember(node->open.store, LAST_CONTACT, at);
    }
    if (asked->whole && !asked->more && at > progress->last_complete) {
        progress->last_complete = at;
        store_remember(node->open.store, LAST_COMPLETE, at);
    }
    if (asked->more)            /* a line, if there is one, can do the rest */
        node_saved(node);
}
