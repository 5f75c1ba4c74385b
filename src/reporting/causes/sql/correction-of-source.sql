-- The manual correction that made a contribution appear or disappear.
-- grain: at most one row; `source` is the number of the corrected source.
-- parameters: is_new, is_gone (of the contribution), sources (branches of a case that give the number).

select numbered.*
from (select correction.*, case {{ sources }} end as source from correction) as numbered
where numbered.source is not null
  and case
    when {{ is_new }} then numbered.restored
    when {{ is_gone }} then not numbered.restored and numbered.source = origin.source
  end
order by numbered.source, numbered.id desc
limit 1
