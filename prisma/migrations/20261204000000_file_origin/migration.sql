-- Whether a file was written by marquee sample; null for files recorded before.

alter table source.file
  add column origin text,
  add constraint file_origin_check check (origin in ('sample', 'own'));
