#include "daemon/demo.h"

#include <sodium.h>
#include <string.h>

struct digest {
    crypto_hash_sha256_state state;
    int64_t lines;
};

static int on_line(void *user, struct bytes line)
{
    struct digest *digest = user;

    if (line.len == 0)
        return 0;
    crypto_hash_sha256_update(&digest->state, line.data, line.len);
    crypto_hash_sha256_update(&digest->state, (const uint8_t *)"\n", 1);
    digest->lines++;
    return 0;
}

static int take(struct demo_node *node, const char *scope, uint8_t hash[32],
                int64_t *lines)
{
    struct digest digest = {.lines = 0};
    struct buf query;
    int rc;

    crypto_hash_sha256_init(&digest.state);
    query_open(&query, "/api/export");
    query_add(&query, "full", "1");
    query_add(&query, "scope", scope);
    rc = cli_lines(&node->cli, query_text(&query), on_line, &digest);
    buf_done(&query);
    crypto_hash_sha256_final(&digest.state, hash);
    *lines = digest.lines;
    return rc;
}

int demo_agrees(struct demo *demo, int index, bool *agree, int64_t *lines)
{
    uint8_t here[32] = {0}, there[32] = {0};
    int64_t at_hub = 0;
    int rc = take(&demo->node[index], NULL, here, lines);

    if (rc == 0)
        rc = take(&demo->node[DEMO_HUB], demo->node[index].org, there,
                  &at_hub);
    *agree = rc == 0 && *lines == at_hub && memcmp(here, there, 32) == 0;
    return rc;
}
