/**
 * What a session asks of the backup thread. One backup runs at a time; a long call would hold up the session's cancellation, so it is started and then polled.
 */
export interface BackupRequest {
  /** A directory, `file:///path` or `s3://bucket/prefix`, as the server sees it. */
  readonly location: string;
  /** A new full copy in any case. */
  readonly full: boolean;
  /** Go on archiving the log there. */
  readonly continuous: boolean;
}

export interface BackupState {
  /** What there is to tell since the last poll. */
  readonly lines: readonly string[];
  /** Once it is over: everything up to that record is in the backup. */
  readonly reachedLsn: number | undefined;
  /** Whether the thread goes on archiving the log. */
  readonly archiving: boolean;
}

export interface BackupControl {
  /** 55006 while another one runs. */
  start(request: BackupRequest): Promise<{ readonly run: number }>;
  /** Waits a little for something to tell. Fails as the backup has failed. */
  poll(request: { readonly run: number }): Promise<BackupState>;
  cancel(request: { readonly run: number }): Promise<void>;
  /** Ends continuous archiving; the place where it went, if there was one. */
  stopArchiving(): Promise<{ readonly location: string | undefined }>;
}
