-- How many of the keys that a file mentions were known before, and how many of these got another name.

alter table support.file_transform
  add column known_count integer not null default 0,
  add column renamed_count integer not null default 0;
