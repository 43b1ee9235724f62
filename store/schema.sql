-- The store's tables. Truth: journal, origin, settles, token, receipt, kinds.
-- Derived, made again by rebuild: record, cell, knew, lookup, tally, and the
-- chain of changes in journal (past_origin, past_n).
-- Hub: news and gone. Station: stream holds its cursors. The table `audit` is
-- made with its first row (audit.c).

CREATE TABLE meta (
    name TEXT PRIMARY KEY,      -- 'schema', 'kinds'; 'life', 'number', 'seq':
                                -- newest known, at the hub newest drawn; and
                                -- what store_remember keeps; 'hub_reads':
                                -- dictionary the last welcome named, or 0;
                                -- 'hub_brief': that hub reads brief asks;
                                -- 'audit': hash of that trail's last row
    value
) WITHOUT ROWID;

-- Sets of kind files this machine has met. A batch names the set it was
-- written under, and is read by that one.
CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,     -- meta.kinds names the one in use
    hash BLOB NOT NULL UNIQUE,  -- names the set on the wire
    text BLOB NOT NULL          -- the files, as they travel
);

CREATE TABLE origin (
    id INTEGER PRIMARY KEY,     -- parents before children on a station
    origin BLOB NOT NULL UNIQUE,
    own INTEGER NOT NULL,       -- drawn by this machine
    station TEXT,               -- hub: who may speak with it
    parent INTEGER,             -- origin.id it went on from, or NULL
    parent_n INTEGER,
    parent_hash BLOB,           -- anchors the chain of n = 1
    n INTEGER NOT NULL DEFAULT 0,       -- held without a gap through here; of
                                -- the origin in use, when it was opened
    hash BLOB,                  -- of change n
    confirmed INTEGER NOT NULL DEFAULT 0, -- station: settled through here
    again INTEGER NOT NULL DEFAULT 0,   -- station: the hub has lost it; name it
                                -- in the next hello
    branch INTEGER              -- hub: 1 it went on from where its parent did
                                -- not end, and the county was told
);
CREATE INDEX origin_parent ON origin (parent);

CREATE TABLE record (
    id INTEGER PRIMARY KEY,     -- short name inside this file
    record BLOB NOT NULL UNIQUE,
    kind INTEGER NOT NULL,      -- kind id
    org TEXT,                   -- owner as shown; NULL: no identity yet
    host TEXT,                  -- receiver as shown
    ended INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0     -- station: left our view with this seq;
                                -- hidden while > 0
);

CREATE TABLE journal (
    origin INTEGER NOT NULL,    -- origin.id; with n the change's name
    n INTEGER NOT NULL,
    record INTEGER,             -- record.id; NULL: could not be read
    cell INTEGER,               -- cell id
    key TEXT,                   -- of a keyed cell, else ''
    kinds INTEGER NOT NULL,     -- kinds.id it was written under
    state INTEGER NOT NULL,     -- enum state
    number INTEGER,             -- of the decision; NULL: none yet
    reason INTEGER NOT NULL DEFAULT 0,  -- enum reason
    field TEXT,                 -- what the reason speaks of
    rule TEXT,
    hash BLOB NOT NULL,         -- covers the change before it
    bytes BLOB,                 -- canonical; NULL: empty place
    past_origin INTEGER,        -- the change of this cell that came here
    past_n INTEGER,             -- before it; NULL: the first. An index by
                                -- record would dirty a page more each time
    PRIMARY KEY (origin, n)
) WITHOUT ROWID;

CREATE TABLE cell (
    record INTEGER NOT NULL,    -- record.id
    cell INTEGER NOT NULL,      -- cell id, 0 the ending
    key TEXT NOT NULL,          -- '' unless keyed
    origin INTEGER,             -- change in force; NULL: none known
    n INTEGER,
    number INTEGER NOT NULL DEFAULT 0,
    seq INTEGER,                -- hub: of its rows in news
    own_origin INTEGER,         -- station: own undecided change shown on top
    own_n INTEGER,
    own_base INTEGER,
    last_origin INTEGER,        -- the change of it that came here last, from
    last_n INTEGER,             -- which all of them are found
    PRIMARY KEY (record, cell, key)
) WITHOUT ROWID;

-- Whose line knows the state in force although its number is above the base.
CREATE TABLE knew (
    record INTEGER NOT NULL,
    cell INTEGER NOT NULL,
    key TEXT NOT NULL,
    origin INTEGER NOT NULL,    -- a change found the same, or settled for
    n INTEGER NOT NULL,
    PRIMARY KEY (record, cell, key, origin, n)
) WITHOUT ROWID;

-- Fields that other records refer to, or that must be unique, by hash.
CREATE TABLE lookup (
    hash INTEGER NOT NULL,      -- of kind, field and value
    record INTEGER NOT NULL,
    PRIMARY KEY (hash, record)
) WITHOUT ROWID;

CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    origin INTEGER NOT NULL,    -- the change that waits names the case
    n INTEGER NOT NULL,
    record INTEGER,
    cell INTEGER,
    key TEXT,
    reason INTEGER NOT NULL,
    field TEXT,
    rule TEXT,
    open INTEGER NOT NULL,
    seq INTEGER,                -- hub: of its rows in news
    base BLOB,                  -- body in force at the change's base, if known
    UNIQUE (origin, n)
);
CREATE INDEX cases_open ON cases (record, cell, key) WHERE open = 1;

-- Who settled a case first; also when the case itself comes only later.
CREATE TABLE settles (
    origin BLOB NOT NULL,       -- full name: its origin may be unknown here
    n INTEGER NOT NULL,
    by_origin BLOB NOT NULL,
    by_n INTEGER NOT NULL,
    PRIMARY KEY (origin, n)
) WITHOUT ROWID;

-- News by organisation ('520527001') and by station ('@qs-01').
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    cursor INTEGER NOT NULL DEFAULT 0,  -- station: taken in through this seq
    as_of INTEGER NOT NULL DEFAULT 0    -- station: all decisions up to here
);

CREATE TABLE news (
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    what INTEGER NOT NULL,      -- enum news_what
    a INTEGER NOT NULL,         -- record, case or origin
    b INTEGER NOT NULL,         -- cell id, or n of a late verdict
    key TEXT NOT NULL,
    origin INTEGER,             -- the change in force, so that an asker's own
    n INTEGER,                  -- are passed over without a look at the cell
    PRIMARY KEY (stream, seq)
) WITHOUT ROWID;

-- Which streams were last told when that a record left them; it may be back.
CREATE TABLE gone (
    record INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (record, stream)
) WITHOUT ROWID;

CREATE TABLE tally (
    state INTEGER PRIMARY KEY,  -- enum state; 100: living records shown; 101,
                                -- 102: as of which own change (origin.id, n)
    count INTEGER NOT NULL
);

-- A request asked again gives the same receipt; a line is imported once.
CREATE TABLE token (
    token BLOB PRIMARY KEY,     -- a line's stated time, hash of the token
    digest INTEGER,             -- of what was asked; NULL for an imported
                                -- line, whose token is all of it
    record INTEGER,             -- NULL where the first change tells it
    origin INTEGER,             -- of the changes; NULL: none, found the same
    n INTEGER,                  -- first change
    count INTEGER NOT NULL
) WITHOUT ROWID;

-- While an import runs: the number a cell had before news changed it.
CREATE TABLE import_base (
    record INTEGER NOT NULL,
    cell INTEGER NOT NULL,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (record, cell, key)
) WITHOUT ROWID;

-- Station: what the hub confirmed, signed by it: shown to a hub that was set
-- back, which enters it as the facts it is.
CREATE TABLE receipt (
    origin INTEGER NOT NULL,
    n INTEGER NOT NULL,         -- first change it speaks of
    signed BLOB NOT NULL,       -- the CONFIRM as it came, receipt and all
    life INTEGER,               -- of the hub that gave it
    PRIMARY KEY (origin, n)
) WITHOUT ROWID;

-- Hub: changes that came under a new name after a fork, by their old one.
CREATE TABLE moved (
    origin BLOB NOT NULL,
    n INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (origin, n, hash)
) WITHOUT ROWID;

-- Hub: what each station last said of itself.
CREATE TABLE station (
    name TEXT PRIMARY KEY,
    org TEXT NOT NULL,
    contact_ms INTEGER,         -- hub's clock, evidence only
    offset_ms INTEGER,          -- the station's clock minus the hub's
    written INTEGER,
    queued INTEGER,
    parked INTEGER,
    returned INTEGER,
    aside INTEGER
) WITHOUT ROWID;
