#!/bin/sh
# The two roles and the database, made when PostgreSQL first starts: the owner migrates, the application does the rest.
set -eu
psql --set ON_ERROR_STOP=1 --set owner_password="$(cat /run/secrets/owner_password)" \
    --set app_password="$(cat /run/secrets/app_password)" --username postgres --dbname postgres <<'SQL'
CREATE ROLE paravent_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE paravent_app LOGIN PASSWORD :'app_password';
CREATE DATABASE paravent OWNER paravent_owner;
REVOKE ALL ON DATABASE paravent FROM PUBLIC;
GRANT CONNECT ON DATABASE paravent TO paravent_app;
SQL
