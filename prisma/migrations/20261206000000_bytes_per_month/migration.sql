-- The same bytes may come for several months: an unchanged file is sent again, or a file that was withdrawn under a wrong month is
-- sent under the right one. For one month they count once.
drop index source.file_sha256_key;
create unique index file_sha256_period_key on source.file (sha256, period) where state <> 'withdrawn';
create index file_sha256_idx on source.file (sha256);
