/** Where a host reports events of its connections and sessions. */
export interface HostLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
