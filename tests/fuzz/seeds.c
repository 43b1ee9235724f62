/*
 * Makes the corpus: `seeds DIRECTORY` writes what the product itself says, and
 * small inputs for what is drawn (help/draw.h), below DIRECTORY/TARGET. Inputs
 * that once found something are kept beside these by hand, as found-*.
 */
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *directory;

static void directory_make(const char *path)
{
    must(mkdir(path, 0777) == 0 || errno == EEXIST, "%s: %s", path,
         strerror(errno));
}

void seed_write(const char *target, const char *name, struct buf *bytes)
{
    char path[400];
    FILE *out;

    must(!bytes->full, "%s/%s is too large", target, name);
    snprintf(path, sizeof path, "%s/%s", directory, target);
    directory_make(path);
    snprintf(path, sizeof path, "%s/%s/%s", directory, target, name);
    out = fopen(path, "wb");
    must(out != NULL && fwrite(bytes->data, 1, bytes->len, out) == bytes->len &&
             fclose(out) == 0,
         "%s: %s", path, strerror(errno));
    buf_clear(bytes);
}

int main(int argc, char **argv)
{
    must(argc == 2, "usage: seeds DIRECTORY");
    directory = argv[1];
    directory_make(directory);
    seed_messages();
    seed_drawn();
    seed_texts();
    seed_rows();
    seed_bundles();
    return 0;
}
