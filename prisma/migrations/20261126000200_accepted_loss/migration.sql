-- A report may lose more rows than allowed where a person let it.

-- AlterTable
ALTER TABLE "support"."check_result" ADD COLUMN     "accepted_by" TEXT;
