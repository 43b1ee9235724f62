/*
 * The token file. Written aside, synced and renamed, so a power cut leaves the
 * old one or the new one; kept over restarts, so that a page or script that
 * read it once goes on working.
 */
#include "daemon/token.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_token(const char *path, char *out)
{
    struct stat info;
    char text[TOKEN_TEXT + 2] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = -1;

    if (file < 0)
        return false;
    /* A token others could read is none. */
    if (fstat(file, &info) == 0 && (info.st_mode & 077) == 0)
        got = read(file, text, sizeof(text));
    close(file);
    if (got < TOKEN_TEXT || got > TOKEN_TEXT + 1 ||
        (got == TOKEN_TEXT + 1 && text[TOKEN_TEXT] != '\n'))
        return false;
    text[TOKEN_TEXT] = '\0';
    memcpy(out, text, TOKEN_TEXT + 1);
    return strspn(out, "0123456789abcdef") == TOKEN_TEXT;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0)
        close(fd);
    return rc;
}

static int write_token(const char *folder, const char *path,
                       const char *token)
{
    char fresh[CONFIG_PATH + 80], line[TOKEN_TEXT + 2];
    bool good;
    int file;

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    snprintf(line, sizeof(line), "%s\n", token);
    unlink(fresh);
    file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return -1;
    good = write(file, line, TOKEN_TEXT + 1) == TOKEN_TEXT + 1 &&
           fsync(file) == 0;
    if (close(file) != 0 || !good || rename(fresh, path) != 0)
        return -1;
    return sync_folder(folder);
}

int token_open(const struct config *config, char *out, struct fault *fault)
{
    uint8_t secret[TOKEN_TEXT / 2];
    char path[CONFIG_PATH + 64];

    config_path(config, "token", path);
    if (read_token(path, out))
        return 0;
    if (sodium_init() < 0)
        return fault_set(fault, ERR_FAULT, "", "libsodium does not start");
    randombytes_buf(secret, sizeof(secret));
    sodium_bin2hex(out, TOKEN_TEXT + 1, secret, sizeof(secret));
    if (write_token(config->data, path, out) != 0)
        return fault_set(fault, ERR_IO, "token", "%s", strerror(errno));
    return 0;
}
