-- A file that holds no character but those of plain numbers is cleaned without a test of each value.
alter table source.file add column plain_numbers boolean;

-- Raters go by 63 bits of their keyed hash instead of 128: a third of a rating and half of an index entry was this column.
-- Both are the first bits of the same hash, so that what is there is cut short, not computed anew.
alter table warehouse.movie_ratings alter column rater_id type bigint
  using ('x' || left(replace(rater_id::text, '-', ''), 16))::bit(64)::bigint & 9223372036854775807;

-- Live ratings lie in two ranges of raters, which are filled side by side: hashes are spread evenly.
alter table warehouse.movie_ratings detach partition warehouse.movie_ratings_live;
alter table warehouse.movie_ratings_live rename to movie_ratings_before;
drop index warehouse.movie_ratings_live_key;
create table warehouse.movie_ratings_live partition of warehouse.movie_ratings
  for values in (false) partition by range (rater_id);
create table warehouse.movie_ratings_live_1 partition of warehouse.movie_ratings_live
  for values from (minvalue) to (4611686018427387904);
create table warehouse.movie_ratings_live_2 partition of warehouse.movie_ratings_live
  for values from (4611686018427387904) to (maxvalue);
-- By name: a table that a first load put in place has its columns in another order.
insert into warehouse.movie_ratings_live
  (rating_timestamp, movielens_id, record_number, rater_id, rating,
   file_id, valid_from, valid_to, created_date, deleted_date, deleted)
select rating_timestamp, movielens_id, record_number, rater_id, rating,
       file_id, valid_from, valid_to, created_date, deleted_date, deleted
from warehouse.movie_ratings_before;
drop table warehouse.movie_ratings_before;
create unique index movie_ratings_live_key on warehouse.movie_ratings_live (rater_id, movielens_id);
alter table warehouse.movie_ratings_live owner to marquee_pipeline;
alter table warehouse.movie_ratings_live_1 owner to marquee_pipeline;
alter table warehouse.movie_ratings_live_2 owner to marquee_pipeline;
analyze warehouse.movie_ratings;

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
