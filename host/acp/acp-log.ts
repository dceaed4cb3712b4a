/** Where people read what happened between an editor and an agent. */
export interface AcpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
