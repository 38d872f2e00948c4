#!/bin/sh
# Makes the two database roles of a production database: an owner that migrates, an app role that owns nothing.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres <<SQL
CREATE ROLE keel_owner LOGIN PASSWORD '$OWNER_PASSWORD';
CREATE ROLE keel_app LOGIN PASSWORD '$APP_PASSWORD';
ALTER ROLE keel_app SET statement_timeout = '15s';
ALTER ROLE keel_app SET lock_timeout = '5s';
ALTER ROLE keel_app SET idle_in_transaction_session_timeout = '30s';
CREATE DATABASE keel OWNER keel_owner;
SQL
