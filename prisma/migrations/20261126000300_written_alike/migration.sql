-- Days and times are written alike whatever the server's or the database's own settings are: in exports, in what is told of
-- changes, and for BI tools.
alter role marquee_reader set datestyle = 'ISO, MDY';
alter role marquee_reader set timezone = 'UTC';
alter role marquee_pipeline set datestyle = 'ISO, MDY';
alter role marquee_pipeline set timezone = 'UTC';
