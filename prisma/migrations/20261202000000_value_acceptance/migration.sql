-- Which columns of a file were accepted although too many of their values cannot be used.

create table support.value_acceptance (
  file_id integer not null,
  column_name text not null,
  mapping_version integer not null,
  accepted_by text not null,
  accepted_date timestamptz(6) not null default current_timestamp,
  unusable_count integer not null,
  value_count integer not null,
  constraint value_acceptance_pkey primary key (file_id, column_name, mapping_version),
  constraint value_acceptance_file_id_fkey foreign key (file_id)
    references source.file (id) on update cascade on delete restrict,
  constraint value_acceptance_mapping_version_fkey foreign key (mapping_version)
    references support.mapping_version (number) on update cascade on delete restrict
);
