/** The column of a staging table that holds a field of the entries. */
export function entryColumn(field: string): string {
  return `field_${field}`;
}
