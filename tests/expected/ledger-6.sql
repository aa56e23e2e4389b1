-- The tables of a ledger of version 6. Whoever changes them gives them a new version, and a migration.
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
    PRIMARY KEY (id)
);
CREATE INDEX runs_by_workbook ON runs (workbook);
CREATE TABLE book (
    id TEXT NOT NULL,
    checked TEXT DEFAULT '' NOT NULL,
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
CREATE INDEX lines_by_target ON lines (target);
CREATE INDEX lines_unsent ON lines (run) WHERE state IN ('not_sent', 'failed') AND cells IS NOT NULL;
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
    code TEXT DEFAULT '' NOT NULL,
    new_task TEXT,
    FOREIGN KEY(run, seq) REFERENCES lines (run, seq)
);
CREATE UNIQUE INDEX one_in_flight ON attempts (fingerprint) WHERE state = 'intent';
CREATE INDEX attempts_by_matter ON attempts (identity, matter);
CREATE UNIQUE INDEX attempts_by_code ON attempts (code) WHERE code <> '';
CREATE INDEX attempts_without_code ON attempts (id) WHERE code = '' AND state IN ('intent', 'done', 'unknown');
CREATE INDEX attempts_by_new_task ON attempts (new_task, identity) WHERE new_task IS NOT NULL;
CREATE INDEX attempts_unsent ON attempts (run, seq) WHERE state IN ('not_sent', 'failed');
CREATE INDEX attempts_in_doubt ON attempts (state, identity) WHERE state = 'unknown';
CREATE UNIQUE INDEX once_per_line ON attempts (run, seq) WHERE state IN ('intent', 'done', 'unknown');
CREATE UNIQUE INDEX once_per_round ON attempts (run, seq, round);
CREATE TABLE marks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    attempt INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    who TEXT NOT NULL,
    marked TEXT NOT NULL,
    FOREIGN KEY(attempt) REFERENCES attempts (id)
);
CREATE INDEX marks_by_attempt ON marks (attempt);
