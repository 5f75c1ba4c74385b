-- The API prepares the statements of pages. By default, Postgres estimates that their generic plan is too expensive and plans them
-- every time, which takes as long as reading a page. A setting of the role also holds behind a connection pooler.
alter role marquee_reader set plan_cache_mode = 'force_generic_plan';
