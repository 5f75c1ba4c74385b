-- What a publication reflects is what its reports were built from, whenever it was published: a rollback reflects what the
-- publication it restores does.

-- Builds on their way do not say it: their runs build again.
delete from support.report_build;

-- AlterTable
ALTER TABLE "support"."report_build" ADD COLUMN     "reflects" JSONB NOT NULL;

-- CreateTable
CREATE TABLE "support"."publication_state" (
    "publication" INTEGER NOT NULL,
    "built_date" TIMESTAMPTZ(6) NOT NULL,
    "retirements" BIGINT[],

    CONSTRAINT "publication_state_pkey" PRIMARY KEY ("publication")
);

-- Of publications so far, as well as it can be told: what they reflect was there when they were published.
with recursive reflected as (
  select number, published_date from reporting.publication where restores is null
  union all
  select later.number, reflected.published_date
  from reporting.publication as later
  join reflected on reflected.number = later.restores
)

insert into support.publication_state (publication, built_date, retirements)
select
  number,
  published_date,
  array(
    select id from support.retirement
    where created_date <= published_date and (restored_date is null or restored_date > published_date)
    order by id
  )
from reflected;
