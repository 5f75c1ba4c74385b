/** The column of a staging table that holds one field of the entries. */
export function entryColumn(field: string): string {
  return `field_${field}`;
}
