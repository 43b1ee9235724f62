/* What of the configuration concerns files and addresses, not settings. */
#include "daemon/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int config_load(const char *file, size_t max, struct buf *out,
                struct fault *fault)
{
    FILE *in = fopen(file, "rb");
    uint8_t piece[4096];
    size_t len;
    int rc = 0;

    buf_init(out, max);
    if (in) {
        while ((len = fread(piece, 1, sizeof(piece), in)) > 0)
            buf_put(out, piece, len);
        if (ferror(in))
            rc = fault_set(fault, ERR_CONFIG, NULL, "%s", strerror(errno));
        else if (out->full)
            rc = fault_set(fault, ERR_CONFIG, NULL, "larger than %zu bytes",
                           max);
        fclose(in);
    } else {
        rc = fault_set(fault, ERR_CONFIG, NULL, "%s", strerror(errno));
    }
    if (rc < 0 && fault)
        snprintf(fault->where, sizeof(fault->where), "%.199s", file);
    return rc;
}

void config_path(const struct config *config, const char *name, char *out)
{
    snprintf(out, CONFIG_PATH + 64, "%s/%.62s", config->data, name);
}

void config_door(const struct config *config, char *out)
{
    char at[CONFIG_HOST - 8];

    listen_text(&config->local, at, sizeof(at));
    snprintf(out, CONFIG_HOST, "http://%s", at);
}
