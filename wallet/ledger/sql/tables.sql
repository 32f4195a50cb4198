-- The ledger's tables (money.md). Their only writers are the functions in transfers.sql.
-- Rules about one column are domains: they are checked where that column is written. A CHECK of the table is prepared
-- and checked with every UPDATE of every row, so only what a change of balance could break is one.

CREATE DOMAIN ledger_currency AS text CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN ledger_account_kind AS text CHECK (VALUE IN (
    'main', 'card', 'parked', 'shortfall',
    'sandbox_clearing', 'stripe_clearing', 'network_settlement', 'fees', 'dispute_receivable', 'losses'));
CREATE DOMAIN ledger_total AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN ledger_amount AS bigint CHECK (VALUE > 0);
CREATE DOMAIN ledger_key AS text CHECK (length(VALUE) BETWEEN 1 AND 300);
CREATE DOMAIN ledger_operation AS text CHECK (VALUE IN ('post', 'hold', 'settle', 'release'));

CREATE TABLE wallet_account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind ledger_account_kind NOT NULL,
    -- What the account is of: a holder's id, a card's id, or '' for the programme's own.
    owner text NOT NULL,
    -- Whose money it is, '' for the programme's own.
    holder_id text NOT NULL,
    currency ledger_currency NOT NULL,
    debits_posted ledger_total NOT NULL DEFAULT 0,
    credits_posted ledger_total NOT NULL DEFAULT 0,
    debits_pending ledger_total NOT NULL DEFAULT 0,
    credits_pending ledger_total NOT NULL DEFAULT 0,
    -- A programme-wide account would be one row in every transaction: its balance is derived from the transfers.
    is_derived boolean NOT NULL,
    -- How far a roll-up has brought the four columns of a derived account.
    rolled_to_xid xid8 NOT NULL DEFAULT '0',
    rolled_to_id bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL DEFAULT core_now(),
    closed_at timestamptz,
    CONSTRAINT wallet_account_once UNIQUE (kind, owner, currency),
    -- A holder's account is never overdrawn; the mirror: what a holder owes is never less than nothing.
    CONSTRAINT wallet_account_never_below_zero CHECK (is_derived OR CASE kind
        WHEN 'shortfall' THEN debits_posted - credits_posted - credits_pending
        ELSE credits_posted - debits_posted - debits_pending END >= 0)
) WITH (fillfactor = 70);  -- room for updates in place: no index holds a balance
CREATE INDEX wallet_account_of_holder ON wallet_account (holder_id) WHERE holder_id <> '';

-- Whose an account is never changes, and is right from the start.
CREATE FUNCTION ledger_check_account() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'whose an account is never changes' USING ERRCODE = 'PV009';
    END IF;
    IF (NEW.is_derived = (NEW.kind NOT IN ('main', 'card', 'parked', 'shortfall'))
        AND NEW.is_derived = (NEW.holder_id = '') AND NEW.is_derived = (NEW.owner = '')
        -- A holder's own accounts are named after nobody else: one could take another's place.
        AND (NEW.kind NOT IN ('main', 'parked', 'shortfall') OR NEW.owner = NEW.holder_id)) IS NOT TRUE THEN
        RAISE EXCEPTION 'no such account' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER wallet_account_is BEFORE INSERT OR UPDATE OF id, kind, owner, holder_id, currency, is_derived
    ON wallet_account FOR EACH ROW EXECUTE FUNCTION ledger_check_account();
ALTER TABLE wallet_account ENABLE ALWAYS TRIGGER wallet_account_is;

-- No foreign keys to accounts: their check would lock the programme's rows in every transaction.
CREATE TABLE wallet_transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Orders a roll-up below pg_snapshot_xmin: an id alone would skip what commits late.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    key ledger_key NOT NULL,
    op ledger_operation NOT NULL,
    debit_account bigint NOT NULL,
    credit_account bigint NOT NULL,
    amount ledger_amount NOT NULL,
    currency text NOT NULL,
    -- The transfer that opened the hold: its own id there.
    hold_id bigint,
    code text NOT NULL,
    ref text NOT NULL,
    at timestamptz NOT NULL DEFAULT core_now(),
    expires_at timestamptz,
    CONSTRAINT wallet_transfer_key UNIQUE (key),
    CONSTRAINT wallet_transfer_is_one CHECK (debit_account <> credit_account AND (op = 'post') = (hold_id IS NULL))
);
CREATE INDEX wallet_transfer_in_order ON wallet_transfer (xid, id);
CREATE INDEX wallet_transfer_of_hold ON wallet_transfer (hold_id) WHERE hold_id IS NOT NULL;

-- What is left of a hold: its transfers say the same, this row is what is locked.
CREATE TABLE wallet_hold (
    id bigint PRIMARY KEY,
    debit_account bigint NOT NULL,
    credit_account bigint NOT NULL,
    remaining ledger_total NOT NULL,
    code text NOT NULL,
    expires_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT wallet_hold_closed CHECK ((remaining = 0) = (closed_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX wallet_hold_expiring ON wallet_hold (code, expires_at) WHERE closed_at IS NULL AND expires_at IS NOT NULL;

CREATE FUNCTION ledger_refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN RAISE EXCEPTION 'the ledger is never rewritten' USING ERRCODE = 'PV009'; END $$;

-- For everybody, the owner role included; ALWAYS: also where session_replication_role says replica.
CREATE TRIGGER wallet_transfer_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE wallet_transfer ENABLE ALWAYS TRIGGER wallet_transfer_stays;
CREATE TRIGGER wallet_account_stays BEFORE DELETE OR TRUNCATE ON wallet_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE wallet_account ENABLE ALWAYS TRIGGER wallet_account_stays;
CREATE TRIGGER wallet_hold_stays BEFORE DELETE OR TRUNCATE ON wallet_hold
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE wallet_hold ENABLE ALWAYS TRIGGER wallet_hold_stays;
