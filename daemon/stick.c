/*
 * Bundles as files. What is written stands beside its name as NAME.part until
 * it is whole and synced: a stick that is full, or pulled out, leaves no half
 * bundle under the name it is looked for.
 */
#include "daemon/stick.h"
#include "daemon/os.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a bundle as it lies there ---- */

static int read_part(FILE *file, long at, int whence, size_t want,
                     struct buf *out)
{
    uint8_t *room = buf_room(out, want);

    if (room == NULL || fseek(file, at, whence) != 0)
        return -1;
    out->len -= want - fread(room, 1, want, file);
    return ferror(file) ? -1 : 0;
}

static int look_at(FILE *file, struct look *out)
{
    uint8_t room[BUNDLE_HEAD_MAX + BUNDLE_TAIL];
    struct buf buf = {.data = room, .cap = sizeof room, .max = sizeof room};
    struct bytes rest;
    int rc;

    memset(out, 0, sizeof *out);
    if (read_part(file, 0, SEEK_SET, BUNDLE_HEAD_MAX, &buf) < 0)
        return ERR_IO;
    rest = buf_view(&buf);
    rc = rest.len == 0 ? 0 : bundle_head_read(&rest, &out->head);
    if (rc <= 0)
        return rc < 0 ? rc : rest.len < 3 ? ERR_BUNDLE : ERR_TORN;
    buf_clear(&buf);
    if (read_part(file, -BUNDLE_TAIL, SEEK_END, BUNDLE_TAIL, &buf) == 0)
        out->whole = bundle_tail_read(buf_view(&buf), &out->counts) == 0;
    out->bytes = (uint64_t)ftell(file);
    return 0;
}

static int disk_fault(const char *path, struct fault *fault)
{
    return fault_file(fault,
                      errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO,
                      path, strerror(errno));
}

FILE *stick_open(const char *path, struct look *look, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    int rc;

    if (file == NULL || fstat(fileno(file), &info) < 0 ||
        !S_ISREG(info.st_mode)) {
        fault_file(fault, ERR_USAGE, path,
                   strerror(file == NULL             ? errno
                            : S_ISDIR(info.st_mode) ? EISDIR
                                                    : EINVAL));
        if (file != NULL)
            fclose(file);
        return NULL;
    }
    rc = look_at(file, look);
    if (rc == 0) {
        rewind(file);
        return file;
    }
    fault_file(fault, rc, path, rc == ERR_IO ? strerror(errno) : "");
    fclose(file);
    return NULL;
}

/* ---- a bundle that is made ---- */

/* What is there already must be a bundle: a letter is not written over. */
static int may_replace(const char *path, struct fault *fault)
{
    struct stat info;
    struct look look;
    FILE *file;

    if (stat(path, &info) < 0 && errno == ENOENT)
        return 0;
    file = stick_open(path, &look, fault);
    if (file != NULL)
        return fclose(file);
    if (fault->err == ERR_BUNDLE || fault->err == ERR_VERSION)
        fault_file(fault, ERR_USAGE, path, "it is there, and is no bundle");
    return fault->err;
}

int stick_make(struct making *making, const char *path, const char *station,
               struct fault *fault)
{
    struct stat info;

    memset(making, 0, sizeof *making);
    if (strlen(path) + STATION_MAX + 64 > sizeof making->path)
        return fault_file(fault, ERR_USAGE, path, "the name is too long");
    making->folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    snprintf(making->path, sizeof making->path, "%.400s", path);
    if (making->folder)
        snprintf(making->part, sizeof making->part, "%.400s/yizhan-%s.part",
                 path, station);
    else
        snprintf(making->part, sizeof making->part, "%.400s.part", path);
    return making->folder ? 0 : may_replace(path, fault);
}

int stick_put(void *user, struct bytes piece)
{
    struct making *making = user;

    if (making->file == NULL)
        making->file = fopen(making->part, "wb");
    if (making->file == NULL ||
        fwrite(piece.data, 1, piece.len, making->file) != piece.len)
        return disk_fault(making->part, &making->fault);
    return 0;
}

static int sync_and_look(struct making *making)
{
    FILE *file = making->file;
    int rc;

    if (fflush(file) != 0 || fsync(fileno(file)) != 0)
        return disk_fault(making->part, &making->fault);
    file = fopen(making->part, "rb");
    if (file == NULL)
        return disk_fault(making->part, &making->fault);
    rc = look_at(file, &making->look);
    fclose(file);
    return rc == 0 && making->look.whole
               ? 0
               : fault_file(&making->fault, ERR_TORN, making->part,
                            "read back");
}

int stick_finish(struct making *making)
{
    const struct bundle_head *head = &making->look.head;
    char folder[STICK_PATH];
    int rc = sync_and_look(making);

    if (fclose(making->file) != 0 && rc == 0)
        rc = disk_fault(making->part, &making->fault);
    making->file = NULL;
    if (making->folder) {
        memcpy(folder, making->path, sizeof folder);
        snprintf(making->path, sizeof making->path,
                 "%.400s/yizhan-%s-%llu.ask", folder, head->station,
                 (unsigned long long)head->number);
    }
    if (rc == 0)
        rc = os_rename(making->part, making->path, &making->fault);
    if (rc < 0)
        unlink(making->part);
    return rc;
}

void stick_drop(struct making *making)
{
    if (making->file == NULL)
        return;
    fclose(making->file);
    unlink(making->part);
}
