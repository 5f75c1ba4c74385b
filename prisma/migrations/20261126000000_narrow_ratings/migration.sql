-- A file that holds no character but those of plain numbers is cleaned without a test of each value.
alter table source.file add column plain_numbers boolean;

-- Raters go by 63 bits of their keyed hash instead of 128: a third of a rating and half of an index entry was this column.
-- Both are the first bits of the same hash, so that what is there is cut short, not computed anew.
alter table warehouse.movie_ratings alter column rater_id type bigint
  using ('x' || left(replace(rater_id::text, '-', ''), 16))::bit(64)::bigint & 9223372036854775807;

update support.retirement
set row_key = jsonb_set(
  row_key, '{rater_id}',
  to_jsonb((('x' || left(replace(row_key ->> 'rater_id', '-', ''), 16))::bit(64)::bigint & 9223372036854775807)::text)
)
where table_name = 'movie_ratings' and row_key ->> 'rater_id' like '________-%';

update support.data_mapping set end_data_type = 'bigint'
where end_schema = 'warehouse' and end_table = 'movie_ratings' and end_field = 'rater_id' and end_data_type = 'uuid';

-- What the hash over the rows of the first mapping becomes; another mapping is noticed as changed once it is imported.
update support.mapping_version
set content_hash = '22367bd5f4e84afb0fc72ccff393a5643ab54a0a90cb85927efc4842e2df0444'
where content_hash = 'df70b9e8506fe5b93f35a29f4a005730b9cb74c036c608f65be6863795606ee4';
