#!/usr/bin/env bash
# Run once by the postgres image, on an empty server: the database, its owner, and the roles of the processes with
# their passwords. The migrations give the roles their rights, as the owner, who is no superuser.
set -euo pipefail
psql --username "${POSTGRES_USER:-postgres}" --dbname postgres --set ON_ERROR_STOP=1 \
  --set owner="$MARQUEE_OWNER_PASSWORD" \
  --set pipeline="$MARQUEE_PIPELINE_PASSWORD" \
  --set reader="$MARQUEE_READER_PASSWORD" << 'SQL'
create role marquee_owner login createrole createdb password :'owner';
create role marquee_pipeline login password :'pipeline' admin marquee_owner;
create role marquee_reader login password :'reader' admin marquee_owner;
create database marquee owner marquee_owner;
SQL
