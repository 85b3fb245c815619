-- The sealed tree over the events, and its heads. What is sealed can be compared with a head kept outside.
CREATE TABLE tree_leaves (
  number bigint PRIMARY KEY,
  position bigint NOT NULL UNIQUE,
  hash bytea NOT NULL
);
CREATE TABLE tree_heads (
  size bigint PRIMARY KEY,
  root bytea NOT NULL,
  peaks bytea NOT NULL,
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TRIGGER leaves_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tree_leaves
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('leaves');
CREATE TRIGGER heads_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tree_heads
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('heads');
