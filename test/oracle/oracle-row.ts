/** A report row: values as text by column; null for missing values. */
export type OracleRow = Record<string, string | null>;
