-- AlterTable
ALTER TABLE "support"."report_build" ADD COLUMN     "comparison" JSONB;
