/** A report row: column to value as text, null where there is none. */
export type OracleRow = Record<string, string | null>;
