-- cards_place (placing.sql) is the one way to place a yes; no release has called the one before it.
DROP FUNCTION cards_place_authorization(jsonb, jsonb);
