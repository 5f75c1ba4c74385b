-- Of each report's definition, the rules by which its rows are computed, so that a change can be explained by the rule that changed.

alter table reporting.publication
  add column rules jsonb not null default '{}';
