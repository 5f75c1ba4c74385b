-- The causes of all differences that have amounts: cells of sums, and rows that were inserted or deleted.
-- grain: one row per difference; `list` has its causes, `is_exact` says whether any of them leaves no question.
-- parameters: sum_names, sum_places (arrays: the summed columns, and to how many places each is rounded), difference,
--   contribution_change (tables), has_amounts (of difference), same_key (of contribution_change and difference), max_named,
--   rest_cause (jsonb: the cause of amounts that no contribution explains; null if only rounding can leave any), rest_is_exact
--   (whether nothing else can have left them).
-- The amounts of a difference's causes add up to the difference exactly: entities by size, the others as one, then the rest.

with summed as (
  select name, places
  from unnest({{ sum_names }}::text[], {{ sum_places }}::integer[]) as summed (name, places)
),

difference as materialized (
  select * from {{ difference }} as difference where {{ has_amounts }}
),

part as (
  select
    difference.cell,
    change.entity,
    change.causes -> 0 as cause,
    case
      when difference.column_position = 0 then change.amounts
      else jsonb_build_object(difference.column_name, change.amounts -> difference.column_name)
    end as amounts,
    abs((change.amounts ->> difference.column_name)::numeric) as size
  from difference
  join {{ contribution_change }} as change on {{ same_key }}
  where change.causes is not null
    and (difference.column_position = 0 or change.amounts ? difference.column_name)
),

ranked as materialized (
  select part.*, row_number() over (partition by cell order by size desc nulls last, entity) as rank
  from part
),

amount as (
  select
    ranked.cell,
    each.key as name,
    ranked.rank > {{ max_named }} as is_other,
    sum(each.value::numeric) as amount
  from ranked
  cross join lateral jsonb_each_text(ranked.amounts) as each
  group by 1, 2, 3
),

explained as (
  select cell, name, sum(amount) as amount
  from amount
  group by cell, name
),

rest as (
  select
    difference.cell,
    summed.name,
    summed.places,
    coalesce(
      case when difference.column_position = 0 then difference.new_value::json ->> summed.name else difference.new_value end,
      '0'
    )::numeric
    - coalesce(
      case when difference.column_position = 0 then difference.old_value::json ->> summed.name else difference.old_value end,
      '0'
    )::numeric
    - coalesce(explained.amount, 0) as amount
  from difference
  join summed on difference.column_position = 0 or summed.name = difference.column_name
  left join explained on explained.cell = difference.cell and explained.name = summed.name
),

line as (
  select
    cell,
    rank,
    true as is_exact,
    cause || case when amounts = '{}' then '{}' else jsonb_build_object('amounts', amounts) end as cause
  from ranked
  where rank <= {{ max_named }}

  union all

  select
    many.cell,
    {{ max_named }} + 1,
    true,
    jsonb_strip_nulls(jsonb_build_object('unusableCount', nullif(many.unusable, 0))) || jsonb_build_object(
      'kind', 'others',
      'count', many.entities - {{ max_named }},
      'amounts', coalesce((
        select jsonb_object_agg(amount.name, trim_scale(amount.amount)::text)
        from amount
        where amount.cell = many.cell and amount.is_other
      ), '{}')
    )
  from (
    select
      cell,
      max(rank) as entities,
      count(*) filter (where rank > {{ max_named }} and cause ? 'unusable') as unusable
    from ranked
    group by cell
  ) as many
  where many.entities > {{ max_named }}

  union all

  select
    rest.cell,
    {{ max_named }} + 2,
    {{ rest_is_exact }}::boolean,
    coalesce(
      {{ rest_cause }}::jsonb,
      jsonb_build_object('kind', case when bool_and(rest.places is not null) then 'rounding' else 'unexplained' end)
    ) || jsonb_build_object('amounts', jsonb_object_agg(rest.name, trim_scale(rest.amount)::text))
  from rest
  where rest.amount <> 0
  group by rest.cell
)

select cell, jsonb_agg(cause order by rank) as list, bool_or(is_exact) as is_exact
from line
group by cell
