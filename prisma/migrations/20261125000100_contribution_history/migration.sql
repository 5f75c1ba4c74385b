-- What contributions were before a publication is kept in a table of each report's own, as they are, no longer as JSON in
-- one table for all. What was kept so far is not carried over: a rollback to before this has the next build be whole.

-- DropTable
DROP TABLE "support"."contribution_change";

-- CreateTable
CREATE TABLE "support"."contribution_history" (
    "report" TEXT NOT NULL,
    "since" INTEGER NOT NULL,

    CONSTRAINT "contribution_history_pkey" PRIMARY KEY ("report")
);
