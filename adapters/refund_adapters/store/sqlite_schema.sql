-- The tables of a refund ledger in SQLite. Every statement may run again on a store that has them.

-- Events, in the order in which they were saved. The position is an explicit key, since SQLite may
-- renumber implicit row ids when a file is compacted.
CREATE TABLE IF NOT EXISTS stored_events (
  notification_id INTEGER PRIMARY KEY AUTOINCREMENT,
  originator_id TEXT NOT NULL,
  originator_version INTEGER NOT NULL,
  topic TEXT NOT NULL,
  state BLOB NOT NULL,
  recorded_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  hash BLOB NOT NULL,
  UNIQUE (originator_id, originator_version)
);

-- What the events mean in double entry: debit positive, credit negative, whole minor units.
CREATE TABLE IF NOT EXISTS postings (
  position INTEGER NOT NULL REFERENCES stored_events (notification_id),
  seq INTEGER NOT NULL,
  company TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  refund TEXT NOT NULL,
  customer TEXT NOT NULL,
  item TEXT NOT NULL,
  unit TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (typeof(amount) = 'integer'),
  PRIMARY KEY (position, seq)
) WITHOUT ROWID;

-- Statements and explanations of a customer's balance.
CREATE INDEX IF NOT EXISTS postings_of_customer ON postings (customer, kind) WHERE customer <> '';
-- Alerts: what was booked beyond an original.
CREATE INDEX IF NOT EXISTS postings_of_excess ON postings (subject) WHERE kind = 'excess';

-- Balances of the accounts that refunds compete for; the check is what stops an over-refund.
CREATE TABLE IF NOT EXISTS balances (
  company TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  customer TEXT NOT NULL,
  item TEXT NOT NULL,
  unit TEXT NOT NULL,
  side INTEGER NOT NULL CHECK (side IN (1, -1)),
  balance INTEGER NOT NULL CHECK (typeof(balance) = 'integer'),
  since INTEGER NOT NULL,
  PRIMARY KEY (subject, kind, item, customer, unit, company),
  CONSTRAINT never_below_zero CHECK (side * balance >= 0)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS balances_of_customer ON balances (customer, kind) WHERE customer <> '';

-- A document of the accounting system serves one part, grant or original: never two.
CREATE TABLE IF NOT EXISTS claims (
  company TEXT NOT NULL,
  half TEXT NOT NULL,
  series INTEGER NOT NULL,
  number INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (company, half, series, number)
) WITHOUT ROWID;

-- What each refund waits for; follows from its events and can be rebuilt from them.
CREATE TABLE IF NOT EXISTS calls_due (
  refund TEXT NOT NULL,
  part TEXT NOT NULL,
  company TEXT NOT NULL,
  waits TEXT NOT NULL,
  not_before TEXT NOT NULL,
  -- Until when a dispatcher has it in hand, so that others leave it alone; safety does not rest on it.
  taken_by TEXT NOT NULL DEFAULT '',
  taken_until TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (refund, part, waits)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS calls_due_by_time ON calls_due (company, waits, not_before);

-- History is added to and never changed.
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER IF NOT EXISTS events_remain BEFORE DELETE ON stored_events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER IF NOT EXISTS postings_stay BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER IF NOT EXISTS postings_remain BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER IF NOT EXISTS claims_stay BEFORE UPDATE ON claims
BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
CREATE TRIGGER IF NOT EXISTS claims_remain BEFORE DELETE ON claims
BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
