#!/bin/sh
# Who may include whom, and what the pure objects may call (README, the house).
# Prints every breach and exits 1 when there is one.
set -u
bad=0

breach() {
    echo "rules: $*"
    bad=1
}

# only FILES-PATTERN may include HEADER-PATTERN
only() {
    hits=$(grep -lE "^#include [<\"]$2" proto/*.[ch] store/*.[ch] \
        daemon/*.[ch] | grep -vE "$1")
    [ -z "$hits" ] || breach "$2 is included by" $hits
}

never() {
    hits=$(grep -lE "^#include \"$2/" $1/*.[ch])
    [ -z "$hits" ] || breach "$1 includes $2:" $hits
}

never proto store
never proto daemon
never store daemon
only '^store/' 'sqlite3\.h'
only '^daemon/(uplink|client|node|tls|knock|sockets)\.[ch]$' 'curl/'
only '^daemon/(node|shell|door|uplink|sockets)\.[ch]$' 'uv\.h'
only '^daemon/os_windows\.c$' 'windows\.h'
only '^daemon/(door|talk|door_tls)\.[ch]$' 'microhttpd\.h'
only '^daemon/(keys|door_tls)\.c$' 'gnutls/'
only '^daemon/' 'jansson\.h'
only '^proto/ini\.c$' 'ini\.h'

# Symbols of an object that are on the list, without their version.
calls() {
    nm -u "$1" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -xE "$2"
}

clock='clock_gettime|gettimeofday|time|localtime(_r)?|gmtime(_r)?'
chance='getrandom|randombytes(_.*)?|arc4random.*|rand|random'
files='f?open(64)?|openat|f?read|f?write|close|f?printf|puts|fwrite|getenv'
lines='socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?'
threads='pthread_.*|fork|exec.*|system'

# Below the line: no clock, no chance, no file, no socket, no thread.
for o in "$B"/proto/*.o "$B"/store/merge.o "$B"/store/check.o \
    "$B"/daemon/core.o; do
    found=$(calls "$o" "$clock|$chance|$files|$lines|$threads")
    [ -z "$found" ] || breach "$o is not pure:" $found
done

# The store and the conversation ask the world for nothing either: what they
# need is handed in, and files are SQLite's.
for o in "$B"/store/*.o "$B"/daemon/asking*.o "$B"/daemon/answer*.o \
    "$B"/daemon/compared.o "$B"/daemon/framing.o "$B"/daemon/reconcile.o \
    "$B"/daemon/reconcile_talk.o; do
    found=$(calls "$o" "$clock|$chance|$lines|$threads|f?open(64)?")
    [ -z "$found" ] || breach "$o asks the world:" $found
done

exit $bad
