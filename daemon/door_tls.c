/*
 * TLS at the public door. The hub asks each caller for a certificate and judges
 * nothing of it but the key, and that not in the handshake but with each
 * request: so a revocation counts on the connection that is open already, and
 * who is refused gets an answer he can read.
 *
 * Sessions are not resumed: a ticket carries the caller's certificate, GnuTLS
 * gives two, and so a resumed handshake takes 2,330 bytes of the line where a
 * whole one takes 1,490, in as many round trips. Early data would save one of
 * these, and could be played again.
 */
#include "daemon/exchange.h"
#include "daemon/open.h"
#include "daemon/talk.h"

#include <gnutls/gnutls.h>
#include <sodium.h>
#include <string.h>

void door_tls_open(struct door *door, const struct keys *keys)
{
    static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
    /* Asking for a certificate takes a list of authorities; any key may come,
     * so this one is as good as another. */
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, keys->key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, keys->certificate},
        {MHD_OPTION_HTTPS_MEM_TRUST, 0, keys->certificate},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)priorities},
        {MHD_OPTION_END, 0, NULL},
    };

    memcpy(door->options, options, sizeof(options));
    door->tls = true;
}

bool door_tls_pin(struct MHD_Connection *connection, uint8_t pin[32])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info ? info->tls_session : NULL;
    const gnutls_datum_t *chain;
    unsigned count = 0;

    if (!session ||
        gnutls_certificate_type_get2(session, GNUTLS_CTYPE_CLIENT) !=
            GNUTLS_CRT_X509)
        return false;
    chain = gnutls_certificate_get_peers(session, &count);
    return chain && count > 0 &&
           keys_pin(bytes_of(chain[0].data, chain[0].size), pin);
}

/* Once on a connection, with the first answer to a whole ask, and only at a hub
 * that has turned its keys: stations had the others when they enrolled. */
bool door_tls_tell(const struct talk *talk, struct MHD_Response *response)
{
    const struct keys *keys = &node_opened(talk->door->node)->keys;
    const char *type = talk->request.reply.type;
    char text[64];

    if (!talk->door->tls || keys->turned_ms == 0 || talk->caller->told ||
        !type || strcmp(type, EXCHANGE_TYPE) != 0)
        return talk->door->public;
    sodium_bin2base64(text, sizeof(text), keys->pins.next,
                      sizeof(keys->pins.next), sodium_base64_VARIANT_ORIGINAL);
    MHD_add_response_header(response, KEYS_HEADER, text);
    talk->caller->told = true;
    return true;
}
