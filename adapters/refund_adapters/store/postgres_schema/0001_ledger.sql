-- A refund ledger in PostgreSQL. Runs once, inside the schema of one company or of several that share it.
-- Text is compared byte by byte, so that both databases and every host sort alike.

CREATE TABLE schema_versions (
  version integer PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Which cluster the rows were written in. Transaction numbers are only comparable inside one era:
-- a restore into another cluster, or a promotion, begins them anew.
CREATE TABLE eras (
  era integer PRIMARY KEY,
  cluster text COLLATE "C" NOT NULL,
  timeline text COLLATE "C" NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  opened_by text COLLATE "C" NOT NULL DEFAULT session_user,
  why text COLLATE "C" NOT NULL
);

-- Events. Their order is that of (era, xid, position): positions are given before the commit, and a
-- later one may be seen earlier; a transaction number below the oldest that still runs is settled.
CREATE TABLE stored_events (
  originator_id uuid NOT NULL,
  originator_version bigint NOT NULL,
  topic text COLLATE "C" NOT NULL,
  state bytea NOT NULL,
  notification_id bigint GENERATED ALWAYS AS IDENTITY,
  era integer NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  hash bytea NOT NULL,
  PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX events_by_position ON stored_events (notification_id);
CREATE INDEX events_in_order ON stored_events (era, xid, notification_id);

-- What the events mean in double entry: debit positive, credit negative, whole minor units.
CREATE TABLE postings (
  position bigint NOT NULL,
  seq integer NOT NULL,
  company text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  refund text COLLATE "C" NOT NULL,
  customer text COLLATE "C" NOT NULL,
  item text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (position, seq)
);
CREATE INDEX postings_of_customer ON postings (customer, kind) WHERE customer <> '';
CREATE INDEX postings_of_excess ON postings (subject) WHERE kind = 'excess';

-- Balances of the accounts that refunds compete for; the check is what stops an over-refund.
CREATE TABLE balances (
  company text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  customer text COLLATE "C" NOT NULL,
  item text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  side smallint NOT NULL CHECK (side IN (1, -1)),
  balance bigint NOT NULL,
  since bigint NOT NULL,
  PRIMARY KEY (subject, kind, item, customer, unit, company),
  CONSTRAINT never_below_zero CHECK (side * balance >= 0)
) WITH (fillfactor = 80);
CREATE INDEX balances_of_customer ON balances (customer, kind) WHERE customer <> '';

-- A document of the accounting system serves one part, grant or original: never two.
CREATE TABLE claims (
  company text COLLATE "C" NOT NULL,
  half text COLLATE "C" NOT NULL,
  series bigint NOT NULL,
  number bigint NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (company, half, series, number)
);

-- What each refund waits for; follows from its events and can be rebuilt from them.
CREATE TABLE calls_due (
  refund uuid NOT NULL,
  part text COLLATE "C" NOT NULL,
  company text COLLATE "C" NOT NULL,
  waits text COLLATE "C" NOT NULL,
  not_before timestamptz NOT NULL,
  -- Until when a dispatcher has it in hand, so that others leave it alone; safety does not rest on it.
  taken_by text COLLATE "C" NOT NULL DEFAULT '',
  taken_until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (refund, part, waits)
) WITH (fillfactor = 70);
CREATE INDEX calls_due_by_time ON calls_due (company, waits, not_before);

-- History is added to and never changed.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% are append-only', TG_ARGV[0] USING ERRCODE = 'RL000';
END $$;
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('events');
CREATE TRIGGER postings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('postings');
CREATE TRIGGER claims_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON claims
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('claims');
CREATE TRIGGER eras_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON eras
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('eras');

-- The hash of an event: over the hash before it in its stream, and each field with its length.
CREATE FUNCTION link(previous bytea, stream uuid, version bigint, topic text, state bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN sha256(
  previous
  || int8send(36) || convert_to(stream::text, 'UTF8')
  || int8send(octet_length(version::text)) || convert_to(version::text, 'UTF8')
  || int8send(octet_length(convert_to(topic, 'UTF8'))) || convert_to(topic, 'UTF8')
  || int8send(octet_length(state)) || state
);

-- Adds bare events, each linked to the one before it; returns their positions.
CREATE FUNCTION add_events(events jsonb) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  event jsonb;
  this_era integer; era_timeline text;
  own_stream uuid; own_version bigint; own_state bytea; own_hash bytea; own_position bigint;
  last_stream uuid;
  positions bigint[] := '{}';
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'a standby is only read' USING ERRCODE = 'read_only_sql_transaction';
  END IF;
  SELECT era, timeline INTO this_era, era_timeline FROM eras ORDER BY era DESC LIMIT 1;
  -- Whoever connected to a standby was not judged then; it may have been promoted since.
  IF era_timeline <> substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) THEN
    RAISE EXCEPTION 'another timeline' USING ERRCODE = 'RL006';
  END IF;
  FOR number IN 0 .. jsonb_array_length(events) - 1 LOOP
    event := events->number;
    own_stream := (event->>0)::uuid;
    own_version := (event->>1)::bigint;
    own_state := convert_to(event->>3, 'UTF8');
    IF own_stream IS DISTINCT FROM last_stream THEN
      own_hash := NULL;
    END IF;
    IF own_version <= 1 THEN
      own_hash := decode(repeat('00', 32), 'hex');
    ELSIF own_hash IS NULL THEN
      SELECT e.hash INTO own_hash FROM stored_events e
        WHERE e.originator_id = own_stream AND e.originator_version = own_version - 1;
      IF own_hash IS NULL THEN
        RAISE EXCEPTION 'event % of stream % has none before it; nothing was written', own_version, own_stream
          USING ERRCODE = 'RL005';
      END IF;
    END IF;
    own_hash := link(own_hash, own_stream, own_version, event->>2, own_state);
    INSERT INTO stored_events (originator_id, originator_version, topic, state, era, hash)
      VALUES (own_stream, own_version, event->>2, own_state, this_era, own_hash)
      RETURNING notification_id INTO own_position;
    positions := positions || own_position;
    last_stream := own_stream;
  END LOOP;
  RETURN positions;
END $$;

-- Saves a batch of events with all that they mean, or nothing.
-- A batch: {company, events: [[stream, version, topic, state]], postings: [[event, seq, kind, subject,
-- refund, customer, item, unit, amount]], balances: [[kind, subject, customer, item, unit, side, change,
-- expected or null]] in the order of their keys, claims: [[event, half, series, number]], clear: [refund],
-- due: [[refund, part, waits, not before]]}; "event" counts from 1 inside the batch.
CREATE FUNCTION append(batch jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  entry jsonb; own_company text := batch->>'company'; holder text;
  positions bigint[] := add_events(batch->'events');
BEGIN
  IF jsonb_array_length(batch->'balances') > 0 THEN
    PERFORM change_balances(own_company, batch->'balances', positions[1]);
  END IF;
  INSERT INTO postings
    SELECT positions[(p->>0)::integer], (p->>1)::integer, own_company, p->>2, p->>3, p->>4, p->>5, p->>6,
      p->>7, (p->>8)::bigint
    FROM jsonb_array_elements(batch->'postings') p;
  FOR number IN 0 .. jsonb_array_length(batch->'claims') - 1 LOOP
    entry := batch->'claims'->number;
    INSERT INTO claims VALUES (own_company, entry->>1, (entry->>2)::bigint, (entry->>3)::bigint,
        positions[(entry->>0)::integer])
      ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT e.topic || ' of ' || e.originator_id INTO holder
        FROM claims c JOIN stored_events e ON e.notification_id = c.position
        WHERE c.company = own_company AND c.half = entry->>1
          AND c.series = (entry->>2)::bigint AND c.number = (entry->>3)::bigint;
      RAISE EXCEPTION 'claimed' USING ERRCODE = 'RL004', DETAIL = entry::text,
        HINT = coalesce(holder, 'another event');
    END IF;
  END LOOP;
  IF jsonb_array_length(batch->'clear') > 0 THEN
    -- As an array, so that the index is used; a join would read the whole table.
    DELETE FROM calls_due WHERE refund = ANY (ARRAY(
      SELECT value::uuid FROM jsonb_array_elements_text(batch->'clear')));
  END IF;
  IF jsonb_array_length(batch->'due') > 0 THEN
    INSERT INTO calls_due (refund, part, company, waits, not_before)
      SELECT (d->>0)::uuid, d->>1, own_company, d->>2, (d->>3)::timestamptz
      FROM jsonb_array_elements(batch->'due') d;
  END IF;
END $$;

-- Changes guarded balances and locks those that were only seen, one after another in the order given.
-- One statement for all: it adds what has no row yet. Its check judges what is proposed and not the sum,
-- so a fall is proposed on the other side. What may not begin a row carries the age 0: where that is found
-- afterwards, or a balance is not what was expected of it, everything is refused.
CREATE FUNCTION change_balances(own_company text, entries jsonb, own_position bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  wanted integer := jsonb_array_length(entries);
  afterwards bigint[]; ages bigint[];
BEGIN
  WITH done AS (
    INSERT INTO balances AS b
      SELECT own_company, e->>0, e->>1, e->>2, e->>3, e->>4,
        CASE WHEN (e->>5)::bigint * (e->>6)::bigint < 0 THEN -(e->>5)::smallint ELSE (e->>5)::smallint END,
        (e->>6)::bigint,
        -- The age of a balance that was only seen begins with its first change; it has a row to be locked by.
        CASE WHEN (e->>5)::bigint * (e->>6)::bigint < 0 OR (e->>7)::bigint <> 0 THEN 0
          WHEN (e->>6)::bigint = 0 THEN 9223372036854775807 ELSE own_position END
      FROM jsonb_array_elements(entries) e
    ON CONFLICT (subject, kind, item, customer, unit, company) DO UPDATE
      SET balance = b.balance + excluded.balance,
        since = CASE WHEN excluded.balance = 0 THEN b.since ELSE least(b.since, own_position) END
      WHERE b.side * (b.balance + excluded.balance) >= 0
    RETURNING b.balance, b.since
  )
  SELECT array_agg(balance), array_agg(since) INTO afterwards, ages FROM done;
  IF cardinality(afterwards) IS DISTINCT FROM wanted THEN
    PERFORM refuse_balances(own_company, entries);
  END IF;
  FOR number IN 1 .. wanted LOOP
    IF ages[number] = 0
        OR afterwards[number] <> (entries->(number - 1)->>6)::bigint + (entries->(number - 1)->>7)::bigint THEN
      PERFORM refuse_balances(own_company, entries);
    END IF;
  END LOOP;
END $$;

-- Says why balances could not be changed: the first that had moved, or would fall below zero.
CREATE FUNCTION refuse_balances(own_company text, entries jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE entry jsonb; held bigint; change bigint;
BEGIN
  FOR entry IN SELECT * FROM jsonb_array_elements(entries) LOOP
    change := (entry->>6)::bigint;
    -- As it was before: what this transaction began or changed is told from the rest by who wrote it.
    SELECT CASE WHEN b.xmin = pg_current_xact_id()::xid THEN b.balance - change ELSE b.balance END INTO held
      FROM balances b
      WHERE b.subject = entry->>1 AND b.kind = entry->>0 AND b.item = entry->>3
        AND b.customer = entry->>2 AND b.unit = entry->>4 AND b.company = own_company;
    IF held <> (entry->>7)::bigint THEN
      RAISE EXCEPTION 'moved' USING ERRCODE = 'RL002', DETAIL = entry::text, HINT = held::text;
    END IF;
    IF (entry->>5)::bigint * (held + change) < 0 THEN
      RAISE EXCEPTION 'guarded' USING ERRCODE = 'RL003', DETAIL = entry::text;
    END IF;
  END LOOP;
  RAISE EXCEPTION 'a balance is no row that the store writes; nothing was written' USING ERRCODE = 'RL005';
END $$;
