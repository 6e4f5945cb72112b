-- The tables of one app.

-- One row a job. `id` names one incarnation; `key` is the id its user knows, free again once the job is retired.
-- `status` is the semaphore: how many activity instances are open; 0 = complete, -1000000000 = ended otherwise.
CREATE TABLE {schema}.jobs (
  id               uuid PRIMARY KEY,
  key              text NOT NULL,
  entity           text,
  topic            text NOT NULL,
  version          text NOT NULL,
  status           bigint NOT NULL CHECK (status >= 0 OR status = -1000000000),
  revision         integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  error            json,
  facets           jsonb,
  parent_id        uuid,
  parent_key       text,
  parent_activity  text,
  parent_dimension text,
  parent_waits     boolean NOT NULL DEFAULT true,
  origin           text,
  trace            json,
  persisted        boolean NOT NULL DEFAULT false,
  paused_at        timestamptz,
  pause_reason     text,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  completed_at     timestamptz,
  expired_at       timestamptz,
  retired_at       timestamptz NOT NULL DEFAULT 'infinity',
  CONSTRAINT jobs_key UNIQUE (key, retired_at),
  CHECK ((completed_at IS NULL) = (status > 0))
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX jobs_parent ON {schema}.jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX jobs_facets ON {schema}.jobs USING gin (facets jsonb_path_ops) WHERE facets IS NOT NULL;

-- The rules of machine/ledger.py. In a function, since a statement prepares a table's written-out check anew each time it runs.
CREATE FUNCTION {schema}.ledger_is_valid(ledger bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN ledger / 100000000000000 IN (1, 3)
    AND ledger / 100000000000 % 10 IN (0, 1)
    AND ledger / 100000000 % 1000 = 0
    AND (ledger / 100000000000 % 10 = 1) = (ledger / 1000000000000 % 100 > 0)
    AND (ledger % 100000000 = 0 OR ledger / 100000000000 % 10 = 1);
END $$;

-- Activity instances (dimension ',0…', with a ledger) and the fields of the job's data (dimension '', without).
CREATE TABLE {schema}.jobs_attributes (
  job_id    uuid NOT NULL,
  symbol    text NOT NULL,
  dimension text NOT NULL,
  value     json NOT NULL,
  ledger    bigint,
  PRIMARY KEY (job_id, symbol, dimension),
  CONSTRAINT ledger_digits CHECK ((ledger IS NULL) = (dimension = '') AND (ledger IS NULL OR {schema}.ledger_is_valid(ledger)))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

-- Messages to the engines. `visible_at`: NULL = ready; else the moment it becomes claimable: a delay, a lease's deadline,
-- or infinity while its job is paused. `claims` counts how often the present attempt was leased.
CREATE TABLE {schema}.engine_streams (
  id         uuid PRIMARY KEY,
  kind       text NOT NULL,
  job_id     uuid,
  symbol     text,
  dimension  text,
  payload    json,
  priority   smallint NOT NULL DEFAULT 5,
  visible_at timestamptz,
  claims     smallint NOT NULL DEFAULT 0,
  owner      text,
  token      bigint
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.1);
CREATE INDEX engine_streams_ready ON {schema}.engine_streams (priority DESC, id) WHERE visible_at IS NULL;
CREATE INDEX engine_streams_due ON {schema}.engine_streams (visible_at) WHERE visible_at IS NOT NULL;
CREATE INDEX engine_streams_suspects ON {schema}.engine_streams (claims) WHERE claims >= 3;

-- Tasks for the workers; the payload is the input of the instance row it names. `details`: what its last attempt has said of itself.
CREATE TABLE {schema}.worker_streams (
  id         uuid PRIMARY KEY,
  topic      text NOT NULL,
  job_id     uuid NOT NULL,
  symbol     text NOT NULL,
  dimension  text NOT NULL,
  priority   smallint NOT NULL DEFAULT 5,
  visible_at timestamptz,
  attempt    smallint NOT NULL DEFAULT 1,
  claims     smallint NOT NULL DEFAULT 0,
  owner      text,
  token      bigint,
  details    json
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.1);
CREATE INDEX worker_streams_ready ON {schema}.worker_streams (topic, priority DESC, id) WHERE visible_at IS NULL;
CREATE INDEX worker_streams_due ON {schema}.worker_streams (topic, visible_at) WHERE visible_at IS NOT NULL;
CREATE INDEX worker_streams_suspects ON {schema}.worker_streams (claims) WHERE claims >= 3;

-- Hooks that wait for a signal (`job_id` set), and signals that nobody waited for yet (`payload` set), under what they meet by.
-- Under a codec `key` is a fingerprint, and `sealed` what it was made of, encoded.
CREATE TABLE {schema}.waits (
  id         uuid PRIMARY KEY,
  sequence   bigint GENERATED ALWAYS AS IDENTITY,
  topic      text NOT NULL,
  key        text NOT NULL,
  sealed     text,
  job_id     uuid,
  symbol     text,
  dimension  text,
  signal_id  uuid,
  payload    json,
  final      boolean NOT NULL DEFAULT true,
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  CHECK ((job_id IS NULL) = (payload IS NOT NULL))
);
CREATE INDEX waits_meet ON {schema}.waits (topic, key, sequence);
CREATE INDEX waits_job ON {schema}.waits (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX waits_signal ON {schema}.waits (signal_id) WHERE signal_id IS NOT NULL;

CREATE TABLE {schema}.escalations (
  id           uuid PRIMARY KEY,
  job_id       uuid NOT NULL,
  symbol       text NOT NULL,
  dimension    text NOT NULL,
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'claimed', 'resolved', 'cancelled', 'expired')),
  role         text,
  type         text,
  subtype      text,
  entity       text,
  priority     integer NOT NULL DEFAULT 5,
  description  text,
  fields       json NOT NULL,
  topic        text,
  key          text,
  assignee     text,
  claimed_until timestamptz,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL
);
CREATE INDEX escalations_open ON {schema}.escalations (priority, created_at) WHERE state IN ('pending', 'claimed');
CREATE INDEX escalations_job ON {schema}.escalations (job_id);

CREATE TABLE {schema}.dead_letters (
  id         uuid PRIMARY KEY,
  job_id     uuid NOT NULL,
  symbol     text NOT NULL,
  dimension  text NOT NULL,
  error      json,
  created_at timestamptz NOT NULL
);

CREATE TABLE {schema}.versions (
  version      text PRIMARY KEY,
  program      json NOT NULL,
  source       text,
  digest       text NOT NULL,
  deployed_at  timestamptz NOT NULL,
  activated_at timestamptz
);

-- Who takes part: one row a process.
CREATE TABLE {schema}.members (
  guid          text PRIMARY KEY,
  topics        text[] NOT NULL DEFAULT '{{}}',
  subscriptions text[] NOT NULL DEFAULT '{{}}',
  profile       json NOT NULL,
  seen_at       timestamptz NOT NULL
);

-- A pause or a brake: milliseconds per message, -1 = paused. `scope` is 'all', 'topic:<topic>' or 'guid:<guid>'.
CREATE TABLE {schema}.throttles (
  scope text PRIMARY KEY,
  ms    integer NOT NULL CHECK (ms >= -1)
);

-- One row: the active version, and a number that grows whenever members, versions or throttles change; every commit reads it.
CREATE TABLE {schema}.mesh (
  single  boolean PRIMARY KEY DEFAULT true CHECK (single),
  epoch   bigint NOT NULL DEFAULT 1,
  version text
);
INSERT INTO {schema}.mesh DEFAULT VALUES;
