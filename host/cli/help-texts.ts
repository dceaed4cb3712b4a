/** What `cellhost --help` says after its commands. */
export const PROGRAM_HELP = `
Run "cellhost help" with the name of a command for examples and exit codes.`;

/** What `cellhost run --help` says after its options. */
export const RUN_HELP = `
Examples:
  cellhost run -e 'text(6 * 7)'
  cellhost run cell.ts --config mcp.json
  cellhost run --json < cell.js
  cellhost run -e 'for (;;);' --timeout 500

Exit codes:
  0    the cell completed
  1    the cell failed
  2    the cell could not be run, or its output could not be written
  124  --timeout expired
  129, 130, 143
       SIGHUP, SIGINT or SIGTERM interrupted the cell`;

/** The option of all commands that run programs themselves. */
export const GLOBALS_OPTION =
  'Globals that programs have: standard, or web for URL, TextEncoder, structuredClone and the like, too.';

/** What `cellhost mcp --help` says after its options. */
export const MCP_HELP = `
Examples:
  cellhost mcp --config mcp.json
  claude mcp add cellhost -- cellhost mcp --config mcp.json
  cellhost mcp --config mcp.json --listen http:127.0.0.1:8080 --token-file token.txt

Exit codes:
  0    the client left, or a signal stopped the server
  2    the server could not start`;

/** What `cellhost tools --help` says after its options. */
export const TOOLS_HELP = `
Example:
  cellhost tools --config mcp.json

Exit codes:
  0    the tools were printed
  2    a server could not be started, or the output could not be written
  129, 130, 143
       SIGHUP, SIGINT or SIGTERM interrupted the command`;

/** The options of `cellhost mcp`. */
export const MCP_OPTIONS = {
  listen:
    'Address: stdio or http:HOST:PORT. Without --token-file, only loopback addresses are accepted.',
  tokenFile: 'File with the bearer token that HTTP clients must send.',
  attach:
    'Reach the session of a running "cellhost acp" by its socket. Agents are told to use this.',
} as const;

/** What `cellhost acp --help` says after its options. */
export const ACP_HELP = `
Examples:
  cellhost acp -- npx @agentclientprotocol/codex-acp
  cellhost acp --config mcp.json -- gemini --acp
  acpx --agent 'cellhost acp -- codex-acp' exec 'list the files'

Exit codes:
  0    the editor left, or a signal stopped the agent
  2    the agent could not be started, or ended before it said anything
  N    the agent ended with N before the editor left`;

/** The options of `cellhost acp`. */
export const ACP_OPTIONS = {
  agent: 'Program of the agent and its arguments. Put -- in front of them.',
  config: 'Offer the tools of the MCP servers in this mcp.json to programs of all sessions.',
  keep: 'Leave this server of the editor with the agent; * leaves all. May be repeated.',
  name: 'Name of the MCP server that the agent sees.',
  transport:
    'How the agent reaches that server: stdio or http. Agents that do not take HTTP get stdio.',
} as const;

/** What the help of both names of `cellhost serve` says after its options. */
export const serveHelp = (program: string): string => `
Examples:
  ${program}
  ${program} --listen unix:/run/cellhost.sock
  ${program} --listen ws:0.0.0.0:8080 --token-file token.txt
  ${program} --listen grpc://0.0.0.0:8080 --tls-cert cert.pem --tls-key key.pem

Exit codes:
  0    the client left, or the first signal stopped the host
  1    the connection on standard streams broke
  2    the host could not start
  143  a second signal ended the host at once`;

/** The options of `cellhost serve`. */
export const SERVE_OPTIONS = {
  listen:
    'Address: stdio, unix:PATH, tcp:HOST:PORT or ws:HOST:PORT; for gRPC, grpc+stdio://, grpc+unix:PATH or grpc://HOST:PORT. TCP, ws without --token-file, and grpc without TLS accept loopback addresses only.',
  tokenFile: 'File with the bearer token that WebSocket clients must send.',
  tlsCert: 'Certificate for grpc://HOST:PORT, in PEM; with --tls-key.',
  tlsKey: 'Private key of the certificate, in PEM.',
  tlsClientCa: 'Accept only clients with a certificate of this authority, in PEM.',
  trustNetwork: 'Let everybody who can reach grpc://HOST:PORT connect without TLS.',
  route:
    'Send this token as x-code-mode-route when a session is opened, for balancers that make none.',
  drainMs: 'After the first signal, let open gRPC sessions stay for this time.',
  logLevel: 'Least important log lines to write: trace, debug, info, warn, error, fatal or silent.',
} as const;
