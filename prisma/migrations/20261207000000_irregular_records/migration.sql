-- Records with irregular quotes that were loaded, because only one reading fits.

create table source.irregular_record (
  file_id integer not null,
  record_number integer not null,
  line_number integer not null,
  column_name text not null,
  detail text not null,
  constraint irregular_record_pkey primary key (file_id, record_number),
  constraint irregular_record_file_id_fkey foreign key (file_id)
    references source.file (id) on update cascade on delete cascade
);
alter table source.irregular_record owner to marquee_pipeline;
