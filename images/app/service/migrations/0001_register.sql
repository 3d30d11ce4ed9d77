-- Entries, certificates and the access log, all append-only. The application may add and read; it can't define,
-- change or remove anything. {application} is its role, {auditor} one that reads the access log and nothing else.

CREATE TABLE register.entry (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id          uuid NOT NULL UNIQUE,
    added_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    added_by            text NOT NULL,
    registered_domicile text NOT NULL CHECK (char_length(registered_domicile) BETWEEN 1 AND 200),
    head_of_register    text NOT NULL CHECK (char_length(head_of_register) BETWEEN 1 AND 100),
    name                text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    born_on             date NOT NULL,
    relationship        text NOT NULL CHECK (char_length(relationship) BETWEEN 1 AND 20),
    father              text CHECK (char_length(father) BETWEEN 1 AND 100),
    mother              text CHECK (char_length(mother) BETWEEN 1 AND 100),
    event               text NOT NULL CHECK (event ~ '^[a-z]+$'),
    event_on            date NOT NULL CHECK (event_on >= born_on),
    notified_on         date NOT NULL CHECK (notified_on >= event_on),
    notified_by         text NOT NULL CHECK (char_length(notified_by) BETWEEN 1 AND 100)
);

CREATE TABLE register.certificate (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id uuid NOT NULL UNIQUE,
    entry_id   bigint NOT NULL REFERENCES register.entry,
    issued_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    issued_by  text NOT NULL
);

-- Who, what, when, which entries. Never what they say.
CREATE TABLE register.access_log (
    seq         bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor       text NOT NULL CHECK (actor ~ '^[^[:cntrl:]]+$' AND char_length(actor) <= 200),
    action      text NOT NULL CHECK (action ~ '^[a-z]+$'),
    outcome     text NOT NULL CHECK (outcome ~ '^[a-z]+$'),
    first_entry bigint,
    last_entry  bigint,
    previous    bytea NOT NULL,
    digest      bytea NOT NULL
);

-- The chain's end, one row. Its lock puts the writers in a row: sequence numbers have no gaps, and whoever has read an
-- entry's id has been able to read all smaller ones.
CREATE TABLE register.access_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq      bigint NOT NULL,
    digest   bytea NOT NULL
);
INSERT INTO register.access_head (seq, digest) VALUES (0, sha256('register.access_log'));

CREATE FUNCTION register.take_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM register.access_head FOR UPDATE;
    RETURN NULL;
END $$;

-- For each statement: a row's id is drawn after this, so ids follow the order of the commits.
CREATE TRIGGER take_turn BEFORE INSERT ON register.entry
    FOR EACH STATEMENT EXECUTE FUNCTION register.take_turn();

-- The same bytes as `verify.digest` in Python.
CREATE FUNCTION register.chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head register.access_head;
BEGIN
    SELECT * INTO STRICT head FROM register.access_head FOR UPDATE;
    NEW.seq := head.seq + 1;
    NEW.at := clock_timestamp();
    NEW.previous := head.digest;
    NEW.digest := sha256(convert_to(concat_ws(
        chr(31), NEW.seq, to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        NEW.actor, NEW.action, NEW.outcome, coalesce(NEW.first_entry::text, '-'), coalesce(NEW.last_entry::text, '-'),
        encode(NEW.previous, 'hex')
    ), 'UTF8'));
    UPDATE register.access_head SET seq = NEW.seq, digest = NEW.digest;
    RETURN NEW;
END $$;

CREATE TRIGGER chain BEFORE INSERT ON register.access_log
    FOR EACH ROW EXECUTE FUNCTION register.chain();

CREATE FUNCTION register.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON register.entry
    FOR EACH STATEMENT EXECUTE FUNCTION register.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON register.certificate
    FOR EACH STATEMENT EXECUTE FUNCTION register.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON register.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION register.refuse_change();

REVOKE ALL ON FUNCTION register.take_turn(), register.chain(), register.refuse_change() FROM PUBLIC;

GRANT USAGE ON SCHEMA register TO {application}, {auditor};
GRANT SELECT ON register.schema_version TO {application}, {auditor};
GRANT SELECT ON register.entry, register.certificate TO {application};
GRANT INSERT (request_id, added_by, registered_domicile, head_of_register, name, born_on, relationship, father, mother,
    event, event_on, notified_on, notified_by) ON register.entry TO {application};
GRANT INSERT (request_id, entry_id, issued_by) ON register.certificate TO {application};
-- Times, sequence numbers and digests are the trigger's. The application reads back the number and digest of what it wrote.
GRANT INSERT (actor, action, outcome, first_entry, last_entry) ON register.access_log TO {application};
GRANT SELECT (seq, at, digest) ON register.access_log TO {application};
GRANT SELECT ON register.access_log, register.access_head TO {auditor};
