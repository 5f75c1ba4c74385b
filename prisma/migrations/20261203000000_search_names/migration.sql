-- Names are found as people type them: without regard to case, accents and Unicode form.
--
-- `marquee migrate` has checked that the server has the extensions and the collation. Both extensions are trusted: the owner of
-- the database can create them. They may exist already, in any schema.

create extension if not exists unaccent with schema reporting;
create extension if not exists pg_trgm with schema reporting;

select set_config('search_path', 'pg_catalog, ' || string_agg(distinct quote_ident(n.nspname), ', '), true)
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where e.extname in ('unaccent', 'pg_trgm');

-- What of a text counts for a search. The same for "Amélie" in either Unicode form, "AMELIE" and full-width letters. Its body is bound
-- when it is created, so that it does not depend on the search path and a reader needs no rights on the schema of `unaccent`.
--
-- Accents are removed before the text is composed again, so that Korean syllables and Japanese voiced letters stay whole. The
-- collation is named in both branches because the default one may lower only ASCII letters.
create function reporting.fold(value text) returns text
language sql immutable strict parallel safe cost 20
begin atomic
  select case
    when octet_length(value) = char_length(value) then lower(value collate pg_catalog."und-x-icu")
    else replace(
      lower(
        unaccent(
          'unaccent'::regdictionary,
          normalize(
            regexp_replace(
              normalize(value, nfkd),
              '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'
            ),
            nfkc
          )
        ) collate pg_catalog."und-x-icu"
      ),
      'ς', 'σ'
    )
  end;
end;
comment on function reporting.fold(text) is
  'A text as search compares it: without case, accents and Unicode form. Compare reporting.fold(name) with reporting.fold(''text'').';

-- For `contains` and `startsWith`. Columns with few different names, such as those of genres, need none.
create index production_company_report_production_company_name_search
  on reporting.production_company_report using gin (reporting.fold(production_company_name) gin_trgm_ops);
create index production_company_genre_report_production_company_name_search
  on reporting.production_company_genre_report using gin (reporting.fold(production_company_name) gin_trgm_ops);
create index movie_genre_report_movie_name_search
  on reporting.movie_genre_report using gin (reporting.fold(movie_name) gin_trgm_ops);
create index production_company_movies_report_production_company_name_search
  on reporting.production_company_movies_report using gin (reporting.fold(production_company_name) gin_trgm_ops);
create index production_company_movies_report_movie_name_search
  on reporting.production_company_movies_report using gin (reporting.fold(movie_name) gin_trgm_ops);
create index movie_score_report_movie_name_search
  on reporting.movie_score_report using gin (reporting.fold(movie_name) gin_trgm_ops);
