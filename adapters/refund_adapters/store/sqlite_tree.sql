-- The sealed tree in SQLite. Every statement may run again on a store that has it.

-- One leaf for each sealed event, numbered from zero in the order of the feed.
CREATE TABLE IF NOT EXISTS tree_leaves (
  number INTEGER PRIMARY KEY CHECK (number >= 0),
  position INTEGER NOT NULL UNIQUE,
  hash BLOB NOT NULL CHECK (length(hash) = 32)
);

-- The tree after each sealing: its root, and the peaks from which it goes on.
CREATE TABLE IF NOT EXISTS tree_heads (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  peaks BLOB NOT NULL CHECK (length(peaks) % 32 = 0),
  sealed_at TEXT NOT NULL
);

-- What is sealed stays so.
CREATE TRIGGER IF NOT EXISTS leaves_stay BEFORE UPDATE ON tree_leaves
BEGIN SELECT RAISE(ABORT, 'leaves are append-only'); END;

CREATE TRIGGER IF NOT EXISTS leaves_remain BEFORE DELETE ON tree_leaves
BEGIN SELECT RAISE(ABORT, 'leaves are append-only'); END;

CREATE TRIGGER IF NOT EXISTS heads_stay BEFORE UPDATE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'heads are append-only'); END;

CREATE TRIGGER IF NOT EXISTS heads_remain BEFORE DELETE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'heads are append-only'); END;
