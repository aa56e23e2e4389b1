-- The tables of a ledger of version 5. Whoever changes them gives them a new version, and a migration.
CREATE TABLE runs (
    id TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT,
    who TEXT NOT NULL,
    computer TEXT NOT NULL,
    key_owner TEXT NOT NULL,
    environment TEXT NOT NULL,
    base_url TEXT NOT NULL,
    workbook TEXT NOT NULL,
    workbook_sha256 TEXT NOT NULL,
    version TEXT NOT NULL,
    options JSON NOT NULL,
    results TEXT,
    totals JSON,
    follows INTEGER NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE book (
    id TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE accounts (
    run TEXT NOT NULL,
    source TEXT,
    owner TEXT,
    customer TEXT,
    PRIMARY KEY (run),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE lines (
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sheet TEXT NOT NULL,
    "row" INTEGER NOT NULL,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    identity TEXT NOT NULL,
    method TEXT,
    path TEXT,
    body TEXT,
    fingerprint TEXT,
    matter TEXT,
    released TEXT NOT NULL,
    asked BOOLEAN NOT NULL,
    round INTEGER NOT NULL,
    cells JSON,
    outcome JSON,
    PRIMARY KEY (run, seq),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE attempts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    round INTEGER NOT NULL,
    identity TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    matter TEXT NOT NULL,
    released TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT,
    outcome JSON,
    evidence JSON,
    FOREIGN KEY(run, seq) REFERENCES lines (run, seq)
);
CREATE UNIQUE INDEX one_in_flight ON attempts (fingerprint) WHERE state = 'intent';
CREATE INDEX attempts_by_matter ON attempts (identity, matter);
CREATE UNIQUE INDEX once_per_line ON attempts (run, seq) WHERE state IN ('intent', 'done', 'unknown');
CREATE UNIQUE INDEX once_per_round ON attempts (run, seq, round);
CREATE TABLE marks (
    attempt INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    who TEXT NOT NULL,
    marked TEXT NOT NULL,
    "after" TEXT NOT NULL,
    PRIMARY KEY (attempt),
    FOREIGN KEY(attempt) REFERENCES attempts (id),
    FOREIGN KEY("after") REFERENCES runs (id)
);
