/** What an extension is made of: the files beside this one each declare one, available.ts lists them. */
export interface AvailableExtension {
  readonly name: string;
  /** The one version that there is: PostgreSQL 15's. */
  readonly version: string;
  readonly comment: string;
  /** Its objects can be moved to another schema. */
  readonly relocatable: boolean;
  /** The schema that its objects have to be in. */
  readonly schema?: string;
  /** SQL statements that make its objects in the extension's schema. */
  readonly script: string;
}
