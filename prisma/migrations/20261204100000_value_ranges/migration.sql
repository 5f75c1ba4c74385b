-- The values that a mapped field may have.

alter table support.data_mapping
  add column min text,
  add column max text,
  add column allowed text;
