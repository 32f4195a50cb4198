-- The inner step of holding.sql is the one way to open a hold beside ledger_post; no release has called the one before it.
DROP FUNCTION ledger_open_hold(text, text, text, text, text, bigint, text, text, timestamptz);
